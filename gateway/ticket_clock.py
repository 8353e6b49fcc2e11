"""The clock of tickets: who keeps it, whether it runs, by what it counts, and its steps.

Rule: one daemon at a time does all of this, under a lease. It stands still while the machine's own
clock cannot be believed; the steps of alarms go on, because a late alarm is worse than an early
one. When the rules change by which clocks are set, each clock is set anew before it does anything.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import sleep

import structlog

from gateway.clock_lead import Lead
from gateway.clock_watch import JUMP, Look, Verdict, judge, look
from gateway.desk import Desk
from gateway.unit_digests import UnitDigests
from router.counting import counted_by
from router.decision import Due
from router.lines.noting import REMIND
from router.registers import STOPPED
from router.ticking import MAX_LISTED, RECOUNT, TICK
from store import clock_state
from store.clock_facts import due_tickets, put_off, who_is_due
from store.leases import LeaseLost, Term, require
from store.reminders import keep_once, postpone_wanted, wanted_of, who_wanted

READERS_AT_ONCE = 100
AFTER_A_FAULT = timedelta(minutes=15)
COUNTED_AT_ONCE, CHUNKS_AT_ONCE = 200, 25
LOOKED_EVERY = timedelta(minutes=1)
# Between two transactions. On SQLite who waits for his turn is only woken when it is free; he would
# find it taken again, several times.
GIVE_WAY_S = 0.01
Terms = Callable[[], Sequence[Term]]
_log = structlog.get_logger("clock")


def tick_tickets(desk: Desk, terms: Terms = tuple) -> int:
    """Do the next steps of all tickets whose time has come; return for how many readers.

    All that is due for one reader is one transaction and one mail. Raises LeaseLost when the lease
    behind `terms` is lost, and Deferred when the store does not answer.
    """
    with desk.store.reading() as conn:
        wanted = who_wanted(conn, REMIND, desk.clock(), READERS_AT_ONCE)
        due = who_is_due(conn, desk.clock(), READERS_AT_ONCE)
    for reader in wanted:
        _together(desk, REMIND, reader, terms)
    for reader in due:
        _together(desk, TICK, reader, terms)
    return len(wanted) + len(due)


def _together(desk: Desk, what: str, reader: str, terms: Terms) -> None:
    """Do all that is due for one reader; each alone if that fails."""
    try:
        desk.do(Due(what, detail=reader), terms=terms())
    except LeaseLost:
        raise
    except Exception:  # one bad ticket must not hold up the others
        _log.exception("steps failed; each is tried alone", step=what, reader=reader)
        _one_by_one(desk, what, reader, terms)
    sleep(GIVE_WAY_S)


def _one_by_one(desk: Desk, what: str, reader: str, terms: Terms) -> None:
    now = desk.clock()
    with desk.store.reading() as conn:
        if what == TICK:
            numbers = due_tickets(conn, reader, now)
        else:
            numbers = wanted_of(conn, what, reader, now, MAX_LISTED)
    for number in numbers:
        try:
            desk.do(Due(what, number, detail=reader), terms=terms())
        except LeaseLost:
            raise
        except Exception:
            _log.exception("a step failed; tried again later", step=what, ticket=number)
            later = desk.clock() + AFTER_A_FAULT
            with desk.store.writing() as conn:  # a store that is gone says so here
                require(conn, terms())
                if what == TICK:
                    put_off(conn, number, later)
                else:
                    postpone_wanted(conn, what, reader, number, desk.clock(), later)


class TicketClock:
    """The clock of one daemon. `look_at` looks at the machine's clocks.

    `database_at` gives the time of the database that all daemons share, None when there is none.
    """

    def __init__(
        self,
        desk: Desk,
        holder: str,
        look_at: Callable[[datetime], Look] = look,
        database_at: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._desk = desk
        self._lead = Lead(desk.store, holder)
        self._look = look_at
        self._database_at = database_at
        self._by = counted_by(desk.policy)
        self._is_counted = False
        self._seen: Look | None = None
        self._was_apart = False
        self._digests = UnitDigests(desk)

    def tick(self) -> int:
        """Do what is due, if the clock is ours and runs; return for how many readers.

        Raises Deferred when the store does not answer.
        """
        try:
            if not self._lead.take() or not self._runs():
                self._is_counted = False  # it may be counted by others' rules meanwhile
                return 0
            self._recount()
            done = tick_tickets(self._desk, self._terms)
            return done + self._digests.tick(self._terms)
        except LeaseLost as error:
            self._is_counted = False
            _log.info("the clock of tickets breaks off", detail=error.detail)
            return 0

    def release(self) -> None:
        """Give the lease back; raises Deferred when the store does not answer."""
        self._lead.release()

    def _terms(self) -> Sequence[Term]:
        """Return what a transaction requires; raises LeaseLost when the clock has just jumped."""
        seen, before = self._look(self._desk.clock()), self._seen
        if before is not None and abs(seen.ahead_s - before.ahead_s) > JUMP.total_seconds():
            raise LeaseLost("The helpdesk is busy.", "the clock of the machine has jumped")
        return self._lead.terms

    def _runs(self) -> bool:
        """Look at the clock of the machine, and note what follows."""
        seen = self._seen = self._look(self._desk.clock())
        with self._desk.store.reading() as conn:
            state = clock_state.read_clock(conn)
        if state.boot != seen.boot and self._is_apart(seen.at):
            self._lead.release()  # another daemon's clock may be right
            return False
        self._is_counted = self._is_counted and state.counted_by == self._by
        verdict, why = judge(state, seen)
        if verdict is Verdict.STANDS:
            return False
        fresh = state.ticked_at is not None and seen.at - state.ticked_at < LOOKED_EVERY
        if verdict is Verdict.GOES and fresh and state.boot == seen.boot:
            return True
        with self._desk.store.writing() as conn:
            require(conn, self._terms())
            if verdict is Verdict.STOPS:
                clock_state.stop(conn, seen.at, why)
                at = min(seen.at, state.ticked_at or seen.at)  # at once, whatever the clock says
                keep_once(conn, STOPPED, at, detail=why)
            else:
                if verdict is Verdict.GOES_ON:
                    clock_state.resume(conn, seen.at)
                    self._is_counted = False
                clock_state.looked(conn, seen.at, seen.boot, seen.ahead_s)
        if verdict is Verdict.STOPS:
            _log.error("the clock of tickets stands still", why=why)
        elif verdict is Verdict.GOES_ON:
            _log.info("the clock of tickets goes on")
        return verdict is not Verdict.STOPS

    def _is_apart(self, at: datetime) -> bool:
        """Whether the clock of this machine is not that of the database.

        Looked at where nothing else can tell, such as when another daemon kept the clock before.
        """
        there = self._database_at()
        if there is None or abs(at - there) <= JUMP:
            self._was_apart = False
            return False
        if not self._was_apart:
            times = {"here": f"{at:%Y-%m-%d %H:%M}", "database": f"{there:%Y-%m-%d %H:%M}"}
            _log.error("the clock of tickets is not kept here: two clocks are apart", **times)
        self._was_apart = True
        return True

    def _recount(self) -> None:
        """Set the clocks anew that were set by other rules, some at a time."""
        if self._is_counted:
            return
        for _ in range(CHUNKS_AT_ONCE):
            with self._desk.store.reading() as conn:
                state = clock_state.read_clock(conn)
                if state.counted_by == self._by and not state.counting_by:
                    self._is_counted = True
                    return
                after = state.counted_to if state.counting_by == self._by else 0
                numbers = clock_state.open_after(conn, after, COUNTED_AT_ONCE)
            self._count(numbers)
            sleep(GIVE_WAY_S)
            with self._desk.store.writing() as conn:
                require(conn, self._terms())
                if numbers:
                    clock_state.counting(conn, self._by, numbers[-1])
                else:
                    clock_state.counted(conn, self._by)
                    _log.info("the clocks of all tickets are set by the rules of today")

    def _count(self, numbers: Sequence[int]) -> None:
        try:
            if numbers:
                self._desk.do(_recount_of(numbers), terms=self._terms())
        except LeaseLost:
            raise
        except Exception:
            _log.exception("clocks could not be set; each is tried alone")
            for number in numbers:
                self._count_alone(number)

    def _count_alone(self, number: int) -> None:
        try:
            self._desk.do(_recount_of([number]), terms=self._terms())
        except LeaseLost:
            raise
        except Exception:  # its next change sets it
            _log.exception("the clock of a ticket could not be set", ticket=number)
            with self._desk.store.reading() as conn:  # a store that is gone says so here
                clock_state.read_clock(conn)


def _recount_of(numbers: Sequence[int]) -> Due:
    return Due(RECOUNT, detail=" ".join(map(str, numbers)))
