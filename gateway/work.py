"""The `work` role: takes what waits in the inbox, hears it, decides, and writes the decisions.

A mail that fails is given back and tried alone; the store parks it after three lone failures. A
store that fails is waited for. Nothing that was accepted is ever dropped here.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gateway.deliberate import (
    Heard,
    decided,
    hear_mail,
    independent,
    must_wait,
    settle,
    tickets_named,
    words,
)
from gateway.desk import Desk
from gateway.outage import Outage
from gateway.processes.link import Link
from gateway.proving import Prover, Proving
from parsers.errors import Deferred
from router.addresses import LANE_ALARM
from store import inbox, journal
from store.commit import Conflict, write
from store.engine import pause
from store.relations import hang_together
from store.turns import take_turn
from store.waiting import waiting_twins
from store.watching import broken_mails

POLL_S = 1.0
AGAIN_S = 0.1
WAIT_S = 1.0  # a mail that waits for another lets the rest of the inbox go first
CONFLICTS = 5
STORE_PAUSE_S = 2.0
LOOK_FOR_GONE_S = 10.0
BASE_SECONDS = 20.0
SECONDS_A_MAIL = 5.0
MOST_PROVING = 64  # mails of which proofs are awaited, and as many alarms beside them
MOST_PROVING_BYTES = 32_000_000
UNANSWERED_S = 60.0  # an answer to a ticket waits for its proofs, an hour at most
MOST_SECONDS = 100.0  # a batch takes milliseconds a mail; more is a mail that hangs
_log = structlog.get_logger("work")


@dataclass(slots=True)
class Worker:
    """One slot of the role. `prover` says who sent a mail; None proves nothing."""

    desk: Desk
    link: Link
    slot: str
    prover: Prover | None = None
    _proving: Proving = field(init=False)
    _owed: dict[int, bool] = field(default_factory=dict)
    _looked_at: float = 0.0
    _trouble: str = ""

    def __post_init__(self) -> None:
        """Make the place where mails are proven."""
        self._proving = Proving(self.prover, self.link.nudge)

    def run(self) -> None:
        """Work until told to stop."""
        outage = Outage(_log)
        freed = inbox.take_back(self.desk.store, by=self.slot)
        if freed:
            _log.warning("took back claims of a former run", slot=self.slot, mails=freed)
        self.link.ready()
        while not self.link.stopping:
            try:
                pause_s = self.once()
                outage.is_over()
                self._trouble = ""
            except Deferred as error:
                outage.goes_on(error.detail)
                pause_s = STORE_PAUSE_S
                self._trouble = f"the store does not answer: {error.detail}"
            if pause_s:
                self.link.wait(pause_s)
        self._give_back(self._proving.forget(), 0.0, counted=False)
        self._proving.close()

    def trouble(self) -> str:
        """Return what keeps mails from being worked on, "" for nothing; from any thread."""
        broken = 0 if self._trouble else broken_mails(self.desk.store)
        waiting = f"{broken} broken mails wait for a person (ticketgate mails --state broken)"
        return self._trouble or (waiting if broken else "")

    @property
    def awaits_proofs(self) -> bool:
        """Whether there are mails in hand whose proofs are not there yet."""
        return len(self._proving) > 0

    def once(self) -> float:
        """Work on one batch; return how long to wait before the next, 0 for not at all."""
        self._settle_debts()
        self._look_for_the_gone()
        inbox.pull(self.desk.store)
        batch, parked = self._claim()
        if parked:
            _log.error("parked after three lone failures", mails=[one.mail for one in parked])
        if len(batch) == 1 and batch[0].attempts > 0:
            return self._alone(batch[0])
        ready = [*(self._begin(batch) if batch else ()), *self._proving.take()]
        if ready:
            return self._work_on(ready)
        return 0.0 if parked else POLL_S

    def _claim(self) -> tuple[list[inbox.Waiting], list[inbox.Waiting]]:
        """Claim what there is room for: while many mails are being proven, alarms only."""
        mails, size = len(self._proving), self._proving.size
        full = mails >= MOST_PROVING or size >= MOST_PROVING_BYTES
        if mails >= 2 * MOST_PROVING or size >= 2 * MOST_PROVING_BYTES:
            return [], []
        lanes = (LANE_ALARM,) if full else inbox.LANES
        return inbox.claim(self.desk.store, by=self.slot, now=self.desk.clock(), lanes=lanes)

    def _alone(self, one: inbox.Waiting) -> float:
        """Work on a mail that failed before: nothing else is in our hands meanwhile."""
        pause_s = 0.0
        try:
            while len(self._proving) and not self.link.stopping:
                ready = self._proving.take()
                if ready:
                    pause_s = self._work_on(ready)
                else:
                    self.link.wait(POLL_S)
        except Deferred:
            self._give_back([one.mail], AGAIN_S, counted=False)
            raise
        if self.link.stopping:
            self._give_back([one.mail], 0.0, counted=False)
            return 0.0
        ready = self._begin([one])
        while not ready and len(self._proving) and not self.link.stopping:
            self.link.wait(POLL_S)
            ready = self._proving.take()
        return self._work_on(ready) if ready else pause_s

    def _begin(self, batch: Sequence[inbox.Waiting]) -> list[Heard]:
        """Hear a batch and begin to prove it; return the mails of which nothing need be proven."""
        mails = [one.mail for one in batch]
        with self._busy(mails):
            try:
                raws = journal.read_raws(self.desk.store, mails)
                heard = self._hear(batch, raws)
                provable = [one for one in heard if self._is_provable(one, raws)]
            except Deferred:
                self._give_back(mails, AGAIN_S, counted=False)
                raise
            except Exception:
                _log.exception("could not hear mails", mails=mails)
                self._give_back(mails, AGAIN_S if len(mails) > 1 else POLL_S, counted=True)
                return []
        for one in provable:
            self._proving.begin(one, raws[one.mail.mail_id])
        return [one for one in heard if one not in provable]

    def _is_provable(self, one: Heard, raws: Mapping[int, bytes]) -> bool:
        return self.prover is not None and self.prover.needed(one, raws[one.mail.mail_id])

    @contextmanager
    def _busy(self, mails: Sequence[int]) -> Iterator[None]:
        """Tell the supervisor what is being worked on, and until when at the latest."""
        span_s = min(BASE_SECONDS + SECONDS_A_MAIL * len(mails), MOST_SECONDS)
        self.link.busy(mails, time.monotonic() + span_s)
        try:
            yield
        finally:
            self.link.idle()

    def _work_on(self, ready: Sequence[Heard]) -> float:
        mails = [one.mail.mail_id for one in ready]
        left = set(mails)
        with self._busy(mails):
            try:
                for written in self._write_all(ready):
                    left -= written
                    self.link.wake("courier")
            except Deferred as error:
                _log.warning("gave mails back: the store is in trouble", detail=error.detail)
                self._give_back(left, AGAIN_S, counted=False)
                raise
            except Exception:
                _log.exception("could not work on mails", mails=mails)
                self._give_back(left, AGAIN_S if len(mails) > 1 else POLL_S, counted=True)
                return AGAIN_S
        slow = (one for one in ready if one.lane != LANE_ALARM and one.mail.evidence.unanswered)
        late = {one.mail.mail_id for one in slow} & left
        if late:
            self._give_back(late, UNANSWERED_S, counted=False)
        if left - late:
            self._give_back(left - late, WAIT_S, counted=False)
        return 0.0 if len(left) < len(mails) else AGAIN_S

    def _hear(self, batch: Sequence[inbox.Waiting], raws: Mapping[int, bytes]) -> list[Heard]:
        store, policy, now = self.desk.store, self.desk.policy, self.desk.clock()
        deliveries = journal.read_deliveries(store, [one.mail for one in batch])
        return [
            Heard(
                hear_mail(one.mail, deliveries[one.mail].envelope, raws[one.mail], policy, now),
                (one.message_id, one.content),
                one.lane,
            )
            for one in batch
        ]

    def _write_all(self, heard: Sequence[Heard]) -> Iterator[set[int]]:
        """Write what can be written, a transaction at a time; give the mails of each.

        Mails of one ticket follow each other, each decided on what the one before it left. Ends
        when all is written, or when the rest has to wait for mails that are not here.
        """
        left, conflicts = list(heard), 0
        while left:
            try:
                written = self._write(left)
            except Conflict:
                conflicts += 1
                if conflicts >= CONFLICTS:
                    raise
                pause(conflicts)
                continue
            if not written:
                return
            yield written
            left = [one for one in left if one.mail.mail_id not in written]

    def _write(self, heard: Sequence[Heard]) -> set[int]:
        """Decide and write in one transaction; return the mails that were written."""
        now, policy, known = self.desk.clock(), self.desk.policy, self.desk.known
        with self.desk.store.writing() as conn:
            named = tickets_named(heard, policy, now)
            named |= hang_together(conn, named)
            take_turn(conn, words(heard, policy, now) | {f"ticket {n}" for n in named})
            settled = settle(conn, heard, known, policy, now)
            twins = waiting_twins(conn, [one.identity for one in heard])
            batch = {one.mail.mail_id for one in heard}
            ready = [
                done
                for one, done in zip(heard, settled, strict=True)
                if not must_wait(conn, one, done, twins, batch=batch, now=now)
            ]
            chosen = independent(ready)
            write(conn, [decided(one, policy, by=self.slot) for one in chosen], policy, now)
        for one in chosen:
            first = one.decisions[0]
            _log.info(
                "decided",
                mail=one.mail.mail_id,
                outcome=str(first.outcome),
                reasons=[str(reason) for reason in first.reasons],
            )
        return {one.mail.mail_id for one in chosen}

    def _look_for_the_gone(self) -> None:
        """Free what a daemon that is gone for good has claimed; where others share the store."""
        if self.desk.store.shared and time.monotonic() - self._looked_at > LOOK_FOR_GONE_S:
            freed = inbox.take_from_the_gone(self.desk.store, self.desk.clock())
            if freed:
                _log.warning("took over the claims of a daemon that is gone", mails=freed)
            self._looked_at = time.monotonic()

    def _give_back(self, mails: Iterable[int], after_s: float, *, counted: bool) -> None:
        """Give mails back; while the store fails, remember to do it later."""
        mails = list(mails)
        if not mails:
            return
        not_before = self.desk.clock() + timedelta(seconds=after_s)
        try:
            inbox.give_back(
                self.desk.store, mails, by=self.slot, not_before=not_before, counted=counted
            )
        except Deferred:
            self._owed.update(dict.fromkeys(mails, counted))

    def _settle_debts(self) -> None:
        """Give back what could not be given back while the store was in trouble."""
        for counted in (True, False):
            mails = [mail for mail, was in self._owed.items() if was is counted]
            if mails:
                inbox.give_back(
                    self.desk.store,
                    mails,
                    by=self.slot,
                    not_before=self.desk.clock(),
                    counted=counted,
                )
        self._owed.clear()
