"""The clock of tickets with the real store: each step once, whatever is killed or broken."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import delete, select, update
from stage import Stage

import gateway.desk
from gateway import clock_lead
from gateway.clock_watch import Look
from gateway.ticket_clock import TicketClock, tick_tickets
from parsers.errors import Deferred
from router.counting import counted_by
from router.lines.noting import REMIND
from router.words import EventKind
from store import clock_state
from store.clock_tables import timing
from store.engine import open_store
from store.leases import LeaseLost
from store.reminders import due_steps, keep_once, who_wanted
from store.tables import event, lease, outbox
from tests.work.test_steering import ANNE, TINA, TPM, answer, mail, stage

__all__ = ["stage"]
SOON = timedelta(minutes=1)


class Machine:
    """The clocks of a machine: the time since its start goes by itself with the wall clock."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.boot = "boot 1"
        self.started = stage.now - timedelta(hours=1)

    def __call__(self, at: datetime) -> Look:
        return Look(at, self.boot, (at - self.started).total_seconds())

    def jump(self, by: timedelta) -> None:
        """Let the wall clock jump; no time passes."""
        self.stage.now += by
        self.started += by


def clock_of(stage: Stage, holder: str = "one", machine: Machine | None = None) -> TicketClock:
    return TicketClock(stage.desk, holder, machine or Machine(stage))


def opened(stage: Stage, number: int = 1) -> None:
    """Let tickets be opened, all at first line."""
    for one in range(number):
        mail(stage, ANNE, f"They fail: {one}.")
    stage.said()


def clocks(stage: Stage) -> dict[int, tuple[int, datetime | None]]:
    """The steps done and the next time of each ticket."""
    with stage.store.reading() as conn:
        rows = conn.execute(select(timing.c.ticket, timing.c.steps, timing.c.due_at))
        return {number: (steps, due_at) for number, steps, due_at in rows}


def reminded(stage: Stage) -> list[int]:
    """The tickets in whose history a reminder stands, each as often as it does."""
    of = event.c.kind == str(EventKind.REMINDED)
    with stage.store.reading() as conn:
        return sorted(conn.execute(select(event.c.ticket).where(of)).scalars())


def due(stage: Stage) -> datetime:
    """When the last of all clocks is due."""
    return max(at for _, at in clocks(stage).values() if at is not None)


def test_the_log_says_who_keeps_the_clock_and_names_another_only_when_there_is_one(
    stage: Stage,
) -> None:
    one, two = (clock_lead.Lead(stage.store, name) for name in ("one", "two"))
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            assert one.take()
        if stage.store.shared:
            assert not two.take()
            one_is_gone = update(lease).values(holder="two", epoch=lease.c.epoch + 1)
            with stage.store.writing() as conn:
                conn.execute(one_is_gone)
            assert not one.take()
    said = [(line["event"], line.get("keeper")) for line in logged]
    lost = [("another daemon keeps the clock of tickets", "two")] if stage.store.shared else []
    assert said == [("keeps the clock of tickets", None), *lost]


def test_a_step_is_done_once_however_often_the_clock_ticks_and_whoever_starts_anew(
    stage: Stage,
) -> None:
    opened(stage)
    machine = Machine(stage)
    assert clock_of(stage, machine=machine).tick() == 0
    stage.now = due(stage)
    for _ in range(3):
        one = clock_of(stage, machine=machine)
        one.tick()
        one.tick()
    assert [str(one) for one in stage.said()] == [f"reminder -> {TPM}"]
    assert reminded(stage) == [100001]


def test_after_three_days_down_each_reader_gets_one_mail(stage: Stage) -> None:
    opened(stage, 5)
    machine = Machine(stage)
    stage.now += timedelta(days=60)
    machine.boot = "boot 2"
    clock_of(stage, machine=machine).tick()
    assert [str(one) for one in stage.said()] == [f"reminder-digest -> {TPM}"]
    assert reminded(stage) == [100001, 100002, 100003, 100004, 100005]


def test_one_bad_ticket_does_not_stop_the_others_and_is_tried_again_later(stage: Stage) -> None:
    opened(stage, 3)
    stage.now = due(stage)
    with stage.store.writing() as conn:
        bad = update(timing).where(timing.c.ticket == 100002)
        conn.execute(bad.values(status="broken"))
    clock = clock_of(stage)
    clock._is_counted = True  # or it would be met there first
    assert clock.tick() == 1
    assert reminded(stage) == [100001, 100003]
    assert clocks(stage)[100002] == (0, stage.now + timedelta(minutes=15))
    assert clock.tick() == 0, "it holds up nobody"


def test_one_bad_ticket_does_not_stop_the_days_that_somebody_asked_for(stage: Stage) -> None:
    opened(stage, 3)
    with stage.store.writing() as conn:
        for number in (100001, 100002, 100003):
            keep_once(conn, REMIND, stage.now, ticket=number, detail=f"2026-03-02 {TINA}")
        bad = update(timing).where(timing.c.ticket == 100002)
        conn.execute(bad.values(status="broken"))
    tick_tickets(stage.desk)
    assert reminded(stage) == [100001, 100003]
    with stage.store.reading() as conn:
        assert who_wanted(conn, REMIND, stage.now, 9) == [], "it holds up nobody"
        (later,) = due_steps(conn, stage.now + timedelta(minutes=15), only=REMIND)
    assert later.ticket == 100002


def test_a_tick_that_is_killed_before_its_commit_is_done_by_the_next(stage: Stage) -> None:
    opened(stage)
    stage.now = due(stage)

    def killed() -> None:
        write = gateway.desk.write

        def dies(*args: object) -> object:
            write(*args)  # type: ignore[arg-type] # whatever it is given
            os._exit(9)

        gateway.desk.write = dies  # type: ignore[assignment] # in a process that ends with it
        stage.desk = gateway.desk.replace(stage.desk, store=open_store(stage.store.url))
        clock_of(stage).tick()

    assert os.waitstatus_to_exitcode(in_a_process(killed)) == 9
    assert reminded(stage) == []
    clock_of(stage).tick()
    assert reminded(stage) == [100001]
    assert len(stage.said()) == 1


def in_a_process(what: Callable[[], None]) -> int:
    """Do it in a process of its own; return how that ended."""
    child = os.fork()
    if child == 0:
        try:
            what()
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def test_what_an_older_version_left_begins_now_also_when_the_count_breaks_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(stage, 5)
    with stage.store.writing() as conn:
        conn.execute(delete(timing))
    monkeypatch.setattr("gateway.ticket_clock.COUNTED_AT_ONCE", 2)
    stage.now += timedelta(days=60)
    noted = clock_state.counting

    def breaks(conn: object, by: str, to: int) -> None:
        noted(conn, by, to)  # type: ignore[arg-type] # a connection
        if to == 100004:
            raise Deferred("The store is gone.")

    monkeypatch.setattr(clock_state, "counting", breaks)
    with pytest.raises(Deferred):
        clock_of(stage).tick()
    begun = clocks(stage)
    assert sorted(begun) == [100001, 100002, 100003, 100004]
    with stage.store.reading() as conn:
        assert clock_state.read_clock(conn).counted_to == 100002
    monkeypatch.setattr(clock_state, "counting", noted)
    stage.now += SOON
    assert clock_of(stage).tick() == 0, "nobody is told of what was before the clock"
    assert {**clocks(stage), **begun} == clocks(stage), "what was set is not set again"
    assert len(clocks(stage)) == 5
    assert stage.said() == []
    with stage.store.reading() as conn:
        state = clock_state.read_clock(conn)
    assert (state.counted_by, state.counting_by) == (counted_by(stage.desk.policy), "")


def test_a_ticket_whose_clock_cannot_be_set_does_not_stop_the_count(stage: Stage) -> None:
    opened(stage, 3)
    with stage.store.writing() as conn:
        conn.execute(delete(timing).where(timing.c.ticket != 100002))
        conn.execute(update(timing).values(status="broken"))
    clock_of(stage).tick()
    assert sorted(clocks(stage)) == [100001, 100002, 100003]


# ---- one keeper ----


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_two_daemons_have_one_keeper_and_one_that_was_late_writes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(stage)
    machine = Machine(stage)
    first, second = (clock_of(stage, name, machine) for name in ("first", "second"))
    first.tick()
    stage.now = due(stage)
    assert second.tick() == 0
    terms = first._lead.terms
    first.release()
    assert second.tick() == 1
    with pytest.raises(LeaseLost):
        stage.desk.do(gateway.desk.Due("tick", detail="TPM"), terms=terms)
    monkeypatch.setattr(clock_lead, "RENEW_S", -1.0)
    assert first.tick() == 0
    assert reminded(stage) == [100001]


# ---- a day that was asked for ----


def test_days_that_one_person_asked_for_come_together_when_his_unit_begins(stage: Stage) -> None:
    for _ in range(2):
        mail(stage, ANNE, "They fail.")
        answer(stage, TINA, "Remind on: 2026-03-03\r\nStatus: on hold\r\n\r\nLater.", TPM)
    stage.said()
    clock = clock_of(stage)
    stage.now = datetime(2026, 3, 3, 8, 59, tzinfo=UTC)
    clock.tick()
    assert stage.said() == []
    stage.now += SOON
    clock.tick()
    clock.tick()
    assert [str(one) for one in stage.said()] == [f"reminder-digest -> {TINA}"]
    with stage.store.reading() as conn:
        listed = conn.execute(select(outbox.c["values"]).order_by(outbox.c.id.desc())).scalars()
        assert [one["ticket"] for one in next(iter(listed))["tickets"]] == [100001, 100002]
