"""Intake: every door hands its mails in here, and says 250 when this says that they are on disk.

Rule: `accept` resolves after the durable commit, or raises Deferred within a bounded time. It never
fails for what a mail says, and never keeps a peer waiting for anything but the disk. A peer that
goes away does not stop a commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import TypeVar

from gateway.inbound.room import RESERVE_BYTES, NoRoom, Room, Share
from gateway.inbound.writer import CANNOT_STORE, Outcome, Waiting, Writer
from gateway.now import utc_now
from parsers.digest import content_of, sha256_of
from parsers.envelope import Envelope
from parsers.errors import Deferred
from parsers.gate import Gate
from store.engine import Store
from store.journal import NewDelivery
from store.origins import Origin
from store.refusals import Refusal

BIG_MAIL_BYTES = 256 * 1024  # above, what reads the whole mail runs in a thread
COMMIT_WAIT_S = 60.0  # a commit that runs, on a slow disk; a peer waits 10 min (RFC 5321 4.5.3.2.6)
STUCK_AFTER_WAITS = 3  # no answer from the disk for so many times `wait_s`
REFUSALS_AN_HOUR = 2000
T = TypeVar("T")


async def apart(size: int, work: Callable[[], T]) -> T:
    """Do work on a mail of `size` bytes: at once for a small one, in a thread for a big one."""
    return work() if size <= BIG_MAIL_BYTES else await asyncio.to_thread(work)


class Intake:
    """The way from the doors to the journal, for one process and one event loop.

    `reserve_bytes`: free disk below which nothing more is taken. `in_flight_bytes`: mails in
    memory. `wait_s`: how long a mail waits for its turn to be written. `wake` is called after each
    commit, in the writer's thread.
    """

    def __init__(
        self,
        store: Store,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        in_flight_bytes: int = 128 * 1024 * 1024,
        wait_s: float = 4.0,
        wake: Callable[[], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        directory = store.lock_path.parent if store.lock_path is not None else None
        self._room = Room(directory, reserve_bytes, in_flight_bytes)
        self._writer = Writer(store, self._settle, wake)
        self._wait_s = wait_s
        self._now = now
        self._waiting: dict[Waiting, None] = {}  # oldest first
        self._fresh: list[Waiting] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._refusal_hour = ""
        self._refusals_listed = 0

    @property
    def healthy(self) -> bool:
        """Whether mails can be kept now. Doors that see False greet with 421."""
        return not self._writer.failing and not self._is_stuck(next(iter(self._waiting), None))

    def trouble(self) -> str:
        """Return why mails cannot be kept now, "" when they can; from any thread."""
        if self._writer.failing:
            return "the store fails"
        if self._is_stuck(next(iter(self._waiting.copy()), None)):
            return "the disk does not answer"
        return "disk below its reserve" if self._room.disk_is_short() else ""

    def _is_stuck(self, oldest: Waiting | None) -> bool:
        waited_too_long_s = STUCK_AFTER_WAITS * self._wait_s
        return oldest is not None and monotonic() - oldest.since >= waited_too_long_s

    def require_room(self, size: int = 0) -> None:
        """Check before a mail of an announced size (0 if unknown) is sent to us.

        Raises NoRoom when disk or memory is short, Deferred when nothing can be kept now.
        """
        if not self.healthy:
            raise Deferred(CANNOT_STORE, "the store fails")
        self._room.require_disk()
        if not self._room.has(size, size):
            raise NoRoom("The helpdesk is busy with other mail.", "too many bytes in flight")

    def share(self) -> Share:
        """Begin to count a mail while it is received; the caller gives it back."""
        return Share(self._room)

    async def accept(
        self, envelope: Envelope, raw: bytes, gate: Gate, lane: int, origin: Origin | None = None
    ) -> int:
        """Keep a mail; return its delivery id when it is on disk.

        `origin` is where it lies in a mailbox, remembered with it.
        Raises Deferred when it could not be kept, or not in time; the same mail may come again.
        """
        if not self.healthy:
            raise Deferred(CANNOT_STORE, "the store fails")
        share = self.share()
        share.count(len(raw))
        try:
            sha256, content = await apart(len(raw), lambda: (sha256_of(raw), content_of(raw)))
        except BaseException:
            share.give_back()
            raise
        delivery = NewDelivery(envelope, raw, sha256, content, gate.message_id, lane, origin)
        return await self._written(delivery, share)

    def refused(self, refusal: Refusal) -> None:
        """Record a refusal, soon; never waits. Above a number an hour they are only counted."""
        hour = self._now().strftime("%Y-%m-%dT%H")
        if hour != self._refusal_hour:
            self._refusal_hour, self._refusals_listed = hour, 0
        self._refusals_listed += 1
        self._writer.put_refusal(refusal, listed=self._refusals_listed <= REFUSALS_AN_HOUR)

    async def close(self, timeout_s: float = 10.0) -> None:
        """Write what waits, then stop. Call it when every door is closed."""
        await asyncio.to_thread(self._writer.close, timeout_s)
        await asyncio.sleep(0)  # the last answers are on their way to the doors

    async def _written(self, delivery: NewDelivery, share: Share) -> int:
        self._loop = asyncio.get_running_loop()
        waiting = Waiting(delivery, self._loop.create_future(), share, monotonic())
        self._waiting[waiting] = None
        if not self._fresh:
            self._loop.call_soon(self._hand_over)
        self._fresh.append(waiting)
        timer = self._loop.call_later(self._wait_s, self._overdue, waiting)
        try:
            return await waiting.done  # cancelled with the door, the mail is written all the same
        finally:
            timer.cancel()

    def _hand_over(self) -> None:
        """Give the writer what came in this turn of the loop: one group instead of several."""
        fresh, self._fresh = self._fresh, []
        self._writer.put(fresh)

    def _overdue(self, waiting: Waiting) -> None:
        if waiting.done.done() or self._loop is None:
            return
        if waiting.begun and monotonic() - waiting.since < COMMIT_WAIT_S:
            self._loop.call_later(self._wait_s, self._overdue, waiting)
            return
        waiting.withdrawn = True
        waiting.done.set_exception(Deferred(CANNOT_STORE, "the disk does not answer in time"))

    def _settle(self, outcomes: Sequence[tuple[Waiting, Outcome]]) -> None:
        """Take outcomes from the writer's thread into the event loop."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._answer, outcomes)

    def _answer(self, outcomes: Sequence[tuple[Waiting, Outcome]]) -> None:
        for waiting, outcome in outcomes:
            waiting.share.give_back()
            self._waiting.pop(waiting, None)
            if waiting.done.done():
                continue
            if isinstance(outcome, Deferred):
                waiting.done.set_exception(outcome)
            else:
                waiting.done.set_result(outcome)
