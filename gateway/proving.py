"""Proving mails beside the work: each in its own time, so that no mail waits for another's answer.

One thread with an event loop; proofs that take the processor have threads of their own in there.
Rule: every mail comes back, with what could be proven; a prover that fails has proven nothing, and
what did not answer in time stands in the evidence as not answered. It never decides.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from gateway.deliberate import Heard
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence

MOST_S = 25.0  # for one mail; the provers' own limits are shorter
CLOSE_S = 5.0
_log = structlog.get_logger("proofs")


class Prover(Protocol):
    """Whoever can say who sent a mail."""

    def needed(self, heard: Heard, raw: bytes) -> bool:
        """Whether there is anything to prove; cheap."""

    async def prove(self, heard: Heard, raw: bytes) -> SenderEvidence:
        """Return what can be proven of a mail's sender, soon."""


_TOO_LATE = SenderEvidence(
    (Proof(ProofKind.DMARC, "", ProofStatus.TEMPERROR, "the proofs took too long"),)
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A mail that is being proven; `size` in bytes."""

    heard: Heard
    size: int


class Proving:
    """The mails of one slot that are being proven. `ready` is called, in its thread, for each."""

    def __init__(self, prover: Prover | None, ready: Callable[[], None]) -> None:
        self._prover = prover
        self._ready = ready
        self._pending: dict[int, Pending] = {}
        self._done: deque[Heard] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proving", daemon=True)

    def __len__(self) -> int:
        """Return how many mails are not back yet."""
        return len(self._pending)

    @property
    def size(self) -> int:
        """Return how many bytes of mail are being proven."""
        return sum(one.size for one in self._pending.values())

    @property
    def mails(self) -> list[int]:
        """Return the numbers of the mails that are not back yet."""
        return list(self._pending)

    def begin(self, heard: Heard, raw: bytes) -> None:
        """Begin to prove a mail; it comes back by `take`."""
        if self._thread.ident is None:
            self._thread.start()
        self._pending[heard.mail.mail_id] = Pending(heard, len(raw))
        asyncio.run_coroutine_threadsafe(self._one(heard, raw), self._loop)

    def take(self) -> list[Heard]:
        """Return the mails that came back since the last call, by lane and number."""
        found = []
        while self._done:
            one = self._done.popleft()
            if self._pending.pop(one.mail.mail_id, None) is not None:
                found.append(one)
        return sorted(found, key=lambda one: (one.lane, one.mail.mail_id))

    def forget(self) -> list[int]:
        """Let go of every mail that is not back; return their numbers."""
        left = self.mails
        self._pending.clear()
        return left

    def close(self) -> None:
        """End the thread."""
        if self._thread.ident is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _one(self, heard: Heard, raw: bytes) -> None:
        evidence = SenderEvidence()
        try:
            async with asyncio.timeout(MOST_S):
                if self._prover is not None:
                    evidence = await self._prover.prove(heard, raw)
        except TimeoutError:
            evidence = _TOO_LATE
        except Exception as error:
            _log.exception("could not prove", mail=heard.mail.mail_id, error=type(error).__name__)
        finally:
            self._done.append(replace(heard, mail=replace(heard.mail, evidence=evidence)))
            self._ready()
