"""The operator's pages: /healthz, /readyz and /metrics.

Rule: however often they are asked for, the store is read once in a while, by one thread for each
page; a store that does not answer makes a page say so within seconds. Who may read them:
gateway.web.access.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Generic, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.desk_metrics import desk_families
from gateway.health import Line, State, all_well
from gateway.metrics import CONTENT_TYPE, exposition
from store.watching import Amounts
from store.watching_desk import DeskAmounts

LINES_LAST_S = 1.0
AMOUNTS_LAST_S = 10.0
QUEUES_LAST_S = 60.0  # all that is open is looked at
PATIENCE_S = 5.0
_NO_ANSWER = Line("store", State.SILENT, "it does not answer in time")

_T = TypeVar("_T")
_log = structlog.get_logger("web")


@dataclass(frozen=True, slots=True)
class Watched:
    """What the pages show. `lines` never raises, the others may; all of them may block."""

    lines: Callable[[], Sequence[Line]]
    amounts: Callable[[], Amounts]
    queues: Callable[[], DeskAmounts]
    now: Callable[[], datetime]


class Remembered(Generic[_T]):
    """A value that is read in a thread, at most once in `lasts_s`, by one reader at a time."""

    def __init__(self, read: Callable[[], _T], lasts_s: float) -> None:
        self._read = read
        self._lasts_s = lasts_s
        self._reading: asyncio.Task[_T] | None = None
        self._read_at = float("-inf")

    async def get(self) -> _T:
        """Return the value; raises TimeoutError when it takes long, and whatever reading raises."""
        reading = self._reading
        if reading is None or (reading.done() and monotonic() - self._read_at > self._lasts_s):
            reading = self._reading = asyncio.create_task(asyncio.to_thread(self._read))
            self._read_at = monotonic()
        done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S)
        if not done:
            raise TimeoutError
        return reading.result()


def watching_pages(watched: Watched) -> list[Route]:
    """Return the routes."""
    lines = Remembered(watched.lines, LINES_LAST_S)
    amounts = Remembered(watched.amounts, AMOUNTS_LAST_S)
    queues = Remembered(watched.queues, QUEUES_LAST_S)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        try:
            found = await lines.get()
        except TimeoutError:
            found = [_NO_ANSWER]
        text = "".join(f"{line}\n" for line in found)
        return PlainTextResponse(text, 200 if all_well(found) else 503)

    async def metrics(_request: Request) -> Response:
        try:
            found, said = await amounts.get(), await lines.get()
        except Exception as error:
            _log.warning("metrics not available", reason=f"{type(error).__name__}: {error}")
            return PlainTextResponse("The store cannot be read.\n", 503)
        try:
            more = tuple(desk_families(found.desk, await queues.get(), watched.now()))
        except Exception as error:  # the rest is known
            _log.warning("queues not available", reason=f"{type(error).__name__}: {error}")
            more = ()
        return Response(exposition(found, said, watched.now(), more), media_type=CONTENT_TYPE)

    pages = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
    return [Route(path, page) for path, page in pages.items()]
