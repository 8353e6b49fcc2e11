"""Writing down what became of mails, many in one transaction.

While one commit runs, the next moves gather; so a busy courier pays for one disk flush per group
and not per mail. A move that cannot be written is tried again until its claim is about to expire,
so that a disk that was full for a while delays no mail for longer. Then it is left, and the mail
goes once more with the same Message-ID, which is better than not at all.
"""

import asyncio
from collections.abc import Sequence

import structlog

from parsers.errors import Deferred
from store.engine import Store
from store.outbox import Move

WAITS_S = (0.2, 1.0, *[5.0] * 230)  # 20 minutes; a claim holds for 30, a sending takes 10 at most
_log = structlog.get_logger(__name__)


class Marks:
    """Moves rows of the outbox. `waits_s` are the pauses before a group is tried again."""

    def __init__(self, store: Store, waits_s: Sequence[float] = WAITS_S) -> None:
        self._store = store
        self._waits_s = waits_s
        self._waiting: list[tuple[Move, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, move: Move) -> bool:
        """Write one move with whatever else waits; returns when it is on the disk.

        False when the claim was lost; raises what the store raised when it never took it.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((move, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                answers = await self._write_patiently([move for move, _done in group])
            except Exception as error:
                _log.exception("outcomes not written; these mails may go twice", rows=len(group))
                for _move, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (_move, done), answer in zip(group, answers, strict=True):
                if not done.done():
                    done.set_result(answer)
        self._writer = None

    async def _write_patiently(self, moves: Sequence[Move]) -> list[bool]:
        for wait_s in self._waits_s:
            try:
                return await asyncio.to_thread(self._write, moves)
            except Deferred:
                await asyncio.sleep(wait_s)
        return await asyncio.to_thread(self._write, moves)

    def _write(self, moves: Sequence[Move]) -> list[bool]:
        with self._store.writing() as conn:
            return [move(conn) for move in moves]
