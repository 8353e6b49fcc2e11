"""The courier: takes due rows from the outbox and gives each a slot.

Alarms have slots of their own and never wait for other mail. Other rows are claimed in batches. A
relay that takes nothing is left alone but for one probe at a time; alarms try it all the same.
This file decides about rows and slots only: one row's way is `carry`, relays are `handover`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

import structlog

from gateway.outage import Outage
from gateway.outbound.carry import Carrier, OnFailed
from gateway.outbound.handover import Handover, Relays
from gateway.outbound.letter import Writer
from gateway.outbound.marks import WAITS_S, Marks
from parsers.errors import Deferred
from router.addresses import LANE_ALARM, LANE_REPLY, LANE_REST
from store import outbox
from store.engine import Store, repeated
from store.outbox import OutboxRow

_ALARMS = (LANE_ALARM,)
_OTHERS = (LANE_REPLY, LANE_REST)
ALARM_LOOK_S = 0.02
_IDLE_S = 1.0  # between two looks when something is due that cannot be begun
_TROUBLE_S = 5.0  # after the store failed
_STILL_S = 30.0  # between two looks, beyond the poll: more is a loop that hangs
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a courier works. `name` owns its claims: a restarted courier takes back its own.

    `claim_s` must outlast the wait in a batch and one sending: rows too near to its end are
    handed back. `poll_s` is how long a wake-up that got lost may delay a row.
    """

    name: str = "courier"
    slots: int = 8
    alarm_slots: int = 4
    batch: int = 32
    claim_s: float = 1_800
    send_s: float = 600
    alarm_patience_s: float = 30
    poll_s: float = 15
    mark_waits_s: tuple[float, ...] = WAITS_S


class Courier:
    """Carries the outbox of one store; `now` gives aware UTC. See `Carrier` for `on_failed`."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        relays: Relays,
        settings: Settings,
        now: Callable[[], datetime],
        *,
        on_failed: OnFailed | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._handover = Handover(
            relays, now, send_s=settings.send_s, patience_s=settings.alarm_patience_s
        )
        self._gate = self._handover.gate
        self._marks = Marks(store, settings.mark_waits_s)
        self._carrier = Carrier(writer, self._handover, self._marks, now, on_failed=on_failed)
        self._outage = Outage(_log)
        self._batch: deque[OutboxRow] = deque()
        self._alarms_at = float("-inf")  # when we last asked for them
        self._alarms: set[asyncio.Task[None]] = set()
        self._others: set[asyncio.Task[None]] = set()
        self._unread = ""
        self._looked_at = monotonic()

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Carry until `stop` is set; `wake` says that there may be new rows.

        At the end the mails in hand are finished, and rows not begun are handed back.
        """
        await self._release(stop)
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            if wake.is_set():
                self._alarms_at = float("-inf")
            wake.clear()
            waking = asyncio.create_task(wake.wait())
            pause_s = await self._begin_and_look()
            await asyncio.wait(
                {stopping, waking} | self._alarms | self._others,
                timeout=pause_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            waking.cancel()
        await self._finish()

    def trouble(self) -> str:
        """Return what keeps mails from leaving now, "" for nothing; from any thread."""
        still_s = monotonic() - self._looked_at
        if still_s > self._settings.poll_s + _STILL_S:
            return f"the outbox has not been looked at for {still_s:.0f} s"
        return self._unread or self._handover.trouble()

    async def once(self) -> int:
        """Carry all that is due now, and return how many rows were begun."""
        begun = 0
        while True:
            before = self._alarms | self._others
            began = await self._begin()
            begun += began
            running = self._alarms | self._others
            if not before and not began and not running:  # a slot may have become free meanwhile
                return begun
            if running:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    async def _begin_and_look(self) -> float:
        """Begin what can be begun and return how long there is nothing to do, in seconds."""
        try:
            begun = await self._begin()
            if self._batch:  # every slot is busy: the end of a sending brings us back
                return ALARM_LOOK_S
            due_at = await asyncio.to_thread(self._due_at)
            self._outage.is_over()
        except Deferred as error:
            self._outage.goes_on(error.detail)
            self._unread = f"the outbox cannot be read: {error.detail}"
            return _TROUBLE_S
        except Exception as error:
            _log.exception("outbox not read")
            self._unread = f"the outbox cannot be read: {getattr(error, 'detail', error)}"
            return _TROUBLE_S
        self._unread, self._looked_at = "", monotonic()
        if due_at is None:
            return self._settings.poll_s
        wait_s = (due_at - self._now()).total_seconds()
        return min(max(wait_s, 0.0 if begun else _IDLE_S), self._settings.poll_s)

    async def _begin(self) -> int:
        """Fill the free slots, alarms first; returns how many rows were begun."""
        begun = 0
        free = self._settings.alarm_slots - len(self._alarms)
        if free > 0 and self._looks_for_alarms():
            for row in await self._claim(_ALARMS, free):
                self._start(self._alarms, self._carrier.carry(row))
                begun += 1
        if self._gate.closed:
            return begun + await self._begin_probe()
        while len(self._others) < self._settings.slots:
            if not self._batch:
                self._batch.extend(await self._claim(_OTHERS, self._settings.batch))
            if not self._batch:
                break
            row = self._batch.popleft()
            if self._lasts(row):
                self._start(self._others, self._carrier.carry(row))
                begun += 1
            else:
                await self._marks.put(partial(outbox.hand_back, row=row))
        return begun

    def _looks_for_alarms(self) -> bool:
        """Whether to ask for alarms now: always, but in a stream of other mail not for each mail.

        A new alarm wakes us and is looked for at once; this is for those tried again.
        """
        now = monotonic()
        if self._batch and now - self._alarms_at < ALARM_LOOK_S:
            return False
        self._alarms_at = now
        return True

    async def _begin_probe(self) -> int:
        """Let go of rows not begun, give up the overdue ones, and send one mail if it is time."""
        await self._hand_back_batch()
        overdue = await asyncio.to_thread(
            self._claim_now, outbox.claim_overdue, self._settings.batch
        )
        for row in overdue:
            self._start(self._others, self._carrier.fail(row, "the relay took nothing until now"))
        if self._others or not self._gate.may_probe():
            return len(overdue)
        rows = await self._claim(_OTHERS, 1)
        for row in rows:
            self._start(self._others, self._carrier.carry(row))
        return len(rows)

    def _start(self, slots: set[asyncio.Task[None]], carrying: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(carrying)
        slots.add(task)
        task.add_done_callback(slots.discard)

    def _lasts(self, row: OutboxRow) -> bool:
        """Whether the claim outlasts the sending; else another courier might begin it meanwhile."""
        return self._now() + timedelta(seconds=self._settings.send_s) < row.claimed_until

    async def _claim(self, lanes: Sequence[int], limit: int) -> list[OutboxRow]:
        return await asyncio.to_thread(self._claim_due, lanes, limit)

    def _claim_due(self, lanes: Sequence[int], limit: int) -> list[OutboxRow]:
        with self._store.reading() as conn:
            due_at = outbox.next_due(conn, lanes)
        if due_at is None or due_at > self._now():
            return []  # the usual case takes no lock
        return self._claim_now(partial(outbox.claim, lanes=lanes), limit)

    def _claim_now(self, claim: Callable[..., list[OutboxRow]], limit: int) -> list[OutboxRow]:
        now = self._now()
        until = now + timedelta(seconds=self._settings.claim_s)

        def unit() -> list[OutboxRow]:
            with self._store.writing() as conn:
                return claim(conn, by=self._settings.name, now=now, until=until, limit=limit)

        return repeated(unit)

    def _due_at(self) -> datetime | None:
        """Return when something falls due that could be begun, by what is free now."""
        lanes: tuple[int, ...] = ()
        if len(self._alarms) < self._settings.alarm_slots:
            lanes += _ALARMS
        if len(self._others) < (1 if self._gate.closed else self._settings.slots):
            lanes += _OTHERS
        with self._store.reading() as conn:
            due = {lane: outbox.next_due(conn, [lane]) for lane in lanes}
        opens_at = self._gate.opens_at
        times = [
            max(at, opens_at) if opens_at is not None and lane != LANE_ALARM else at
            for lane, at in due.items()
            if at is not None
        ]
        return min(times, default=None)

    async def _hand_back_batch(self) -> None:
        rows = list(self._batch)
        self._batch.clear()
        await asyncio.gather(
            *(self._marks.put(partial(outbox.hand_back, row=row)) for row in rows),
            return_exceptions=True,  # an unwritten one is logged, and its claim expires
        )

    async def _release(self, stop: asyncio.Event) -> None:
        """Take back the claims of the courier that had this name before; tried until it works."""
        while not stop.is_set():
            try:
                count = await asyncio.to_thread(self._release_now)
            except Deferred as error:
                self._outage.goes_on(error.detail)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _TROUBLE_S)
            except Exception:
                _log.exception("claims not taken back")
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _TROUBLE_S)
            else:
                _log.info("courier started", claims_taken_back=count)
                return

    def _release_now(self) -> int:
        with self._store.writing() as conn:
            return outbox.release_claims(conn, self._settings.name, self._now())

    async def _finish(self) -> None:
        """Let the mails in hand end; each has its time limit."""
        await self._hand_back_batch()
        running = self._alarms | self._others
        if running:
            await asyncio.wait(running)
        await self._handover.close()
