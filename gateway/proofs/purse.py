"""What one mail may spend on questions, so that no mail holds up the others or asks without end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.proofs.dns import Answer, Asks, DnsTempError

_T = TypeVar("_T")


class Purse:
    """What one mail may spend on questions: so many names, so many seconds, so many at once.

    It asks as `Lookup` does; when it is empty every further question raises DnsTempError.
    `silences` is how many questions were asked and had no answer.
    """

    def __init__(self, lookup: Asks, *, seconds: float, names: int, at_once: int = 4) -> None:
        self._lookup = lookup
        self._seconds = seconds
        self._names = names
        self._room = asyncio.Semaphore(at_once)
        self._ends_at: float | None = None
        self.silences = 0

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """Return what `Lookup.txt` returns."""
        return await self._spend(self._lookup.txt(name), name)

    async def ask(self, name: str, kind: str) -> Answer:
        """Return what `Lookup.ask` returns."""
        return await self._spend(self._lookup.ask(name, kind), name)

    async def _spend(self, asking: Coroutine[Any, Any, _T], name: str) -> _T:
        loop = asyncio.get_running_loop()
        if self._ends_at is None:
            self._ends_at = loop.time() + self._seconds
        self._names -= 1
        asks = self._names >= 0
        try:
            if not asks:
                raise _empty(f"{name}: not asked, this mail asks for too many names")
            async with asyncio.timeout_at(self._ends_at), self._room:
                return await asking
        except DnsTempError:
            self.silences += asks
            raise
        except TimeoutError as error:
            self.silences += 1
            raise _empty(f"{name}: no answer in {self._seconds:.0f} s for all questions") from error
        finally:
            asking.close()  # it may not have begun


def _empty(detail: str) -> DnsTempError:
    return DnsTempError("The sender cannot be checked at the moment.", detail)
