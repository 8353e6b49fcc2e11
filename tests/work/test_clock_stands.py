"""A clock that jumps: the clock of tickets stands still, says so once, and goes on when it may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from stage import Stage

from gateway.clock import tick
from gateway.clock_watch import JUMP, Look, Verdict, judge, look
from gateway.health import State, _clock
from gateway.ticket_clock import TicketClock
from store import clock_state
from store.clock_state import ClockState
from store.reminders import keep_once
from tests.work.test_steering import stage
from tests.work.test_ticket_clock import Machine, due, opened, reminded

__all__ = ["stage"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
START = round(NOON.timestamp()) - 3600
SAME, OTHER = "boot 1", "boot 2"
MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def seen(passed: timedelta, jumped: timedelta, boot: str = SAME) -> Look:
    """What is seen when time has passed since noon and the wall clock has jumped meanwhile."""
    return Look(NOON + passed + jumped, boot, 3600 + passed.total_seconds())


# fmt: off
RUNNING = [
    # passed    jumped      boot   what follows
    (0 * MIN,   0 * MIN,    SAME,  Verdict.GOES),
    (5 * MIN,   15 * MIN,   SAME,  Verdict.GOES),
    (5 * MIN,   -15 * MIN,  SAME,  Verdict.GOES),
    (5 * MIN,   16 * MIN,   SAME,  Verdict.STOPS),
    (5 * MIN,   -16 * MIN,  SAME,  Verdict.STOPS),
    (5 * MIN,   3650 * DAY, SAME,  Verdict.STOPS),
    (3 * DAY,   0 * MIN,    SAME,  Verdict.GOES),   # it was down, or the machine slept
    (3 * DAY,   -2 * DAY,   SAME,  Verdict.STOPS),  # though it is later than the last look
    (3 * DAY,   0 * MIN,    OTHER, Verdict.GOES),   # the machine was off
    (0 * MIN,   -15 * MIN,  OTHER, Verdict.GOES),
    (0 * MIN,   -16 * MIN,  OTHER, Verdict.STOPS),
]
STANDING = [
    # stopped at    passed    jumped     boot   what follows
    (NOON + DAY,    HOUR,     DAY,       SAME,  Verdict.STANDS),
    (NOON + DAY,    HOUR,     16 * MIN,  SAME,  Verdict.STANDS),
    (NOON + DAY,    HOUR,     15 * MIN,  SAME,  Verdict.GOES_ON),
    (NOON + DAY,    HOUR,     -15 * MIN, SAME,  Verdict.GOES_ON),
    (NOON + DAY,    HOUR,     0 * MIN,   OTHER, Verdict.GOES_ON),  # it says less than it did
    (NOON + DAY,    HOUR,     DAY,       OTHER, Verdict.STANDS),
    (NOON - DAY,    HOUR,     -DAY,      OTHER, Verdict.STANDS),
    (NOON - DAY,    HOUR,     0 * MIN,   OTHER, Verdict.GOES_ON),
    (NOON - DAY,    HOUR,     -DAY,      SAME,  Verdict.STANDS),
]
# fmt: on


@pytest.mark.parametrize(("passed", "jumped", "boot", "follows"), RUNNING)
def test_a_running_clock_is_stopped_by_a_jump_and_by_nothing_else(
    passed: timedelta, jumped: timedelta, boot: str, follows: Verdict
) -> None:
    state = ClockState(ticked_at=NOON, boot=SAME, ahead_s=START)
    verdict, why = judge(state, seen(passed, jumped, boot))
    assert verdict is follows
    assert bool(why) is (follows is Verdict.STOPS)


@pytest.mark.parametrize(("stopped_at", "passed", "jumped", "boot", "follows"), STANDING)
def test_a_clock_that_stands_goes_on_when_it_is_right_again(
    stopped_at: datetime, passed: timedelta, jumped: timedelta, boot: str, follows: Verdict
) -> None:
    state = ClockState(ticked_at=NOON, boot=SAME, ahead_s=START, stopped_at=stopped_at, why="x")
    assert judge(state, seen(passed, jumped, boot)) == (follows, "")


def test_a_clock_that_was_never_looked_at_goes() -> None:
    assert judge(ClockState(), seen(HOUR, DAY))[0] is Verdict.GOES


def test_this_machine_is_seen_as_one_start_with_one_speed() -> None:
    one = look(datetime.now(UTC))
    other = look(datetime.now(UTC))
    assert one.boot == other.boot != ""
    assert abs(one.ahead_s - other.ahead_s) <= 1
    assert other.up_s >= one.up_s > 0


def test_a_jump_stops_the_clock_across_restarts_tells_the_operator_once_and_ends(
    stage: Stage,
) -> None:
    opened(stage)
    machine = Machine(stage)
    TicketClock(stage.desk, "one", machine).tick()
    back = due(stage)
    ahead = back - stage.now
    machine.jump(ahead)
    for told in (1, 0):
        clock = TicketClock(stage.desk, "one", machine)
        assert (clock.tick(), clock.tick(), tick(stage.desk)) == (0, 0, told)
        stage.now += MIN
    assert [str(one) for one in stage.said()] == ["operator-notice -> operator@helpdesk.example"]
    (line,) = _clock(stage.store, stage.now)
    assert line.state is State.FAILING
    assert "ahead of where it should be" in line.detail
    machine.jump(-ahead)
    assert TicketClock(stage.desk, "one", machine).tick() == 0
    assert _clock(stage.store, stage.now) == []
    stage.now = back
    assert TicketClock(stage.desk, "one", machine).tick() == 1, "that time has really come"
    assert reminded(stage) == [100001]


def test_a_jump_in_the_middle_of_a_tick_breaks_it_off(stage: Stage) -> None:
    opened(stage)
    machine = Machine(stage)
    clock = TicketClock(stage.desk, "one", machine)
    clock.tick()
    stage.now = due(stage)
    clock.tick()
    stage.now = due(stage)
    looks = iter([timedelta(), 2 * JUMP])

    def jumps(at: datetime) -> Look:
        return replace(machine(at), up_s=machine(at).up_s - next(looks).total_seconds())

    with stage.store.writing() as conn:  # or it would be noted, and looked at once more
        clock_state.looked(conn, stage.now, machine.boot, machine(stage.now).ahead_s)
    told = reminded(stage)
    assert TicketClock(stage.desk, "one", jumps).tick() == 0
    assert reminded(stage) == told


def test_alarms_and_other_steps_go_on_while_the_clock_stands(stage: Stage) -> None:
    opened(stage)
    machine = Machine(stage)
    TicketClock(stage.desk, "one", machine).tick()
    machine.jump(2 * JUMP)
    TicketClock(stage.desk, "one", machine).tick()
    tick(stage.desk)
    with stage.store.writing() as conn:
        keep_once(conn, "parked", stage.now, detail="mail 7")
    assert tick(stage.desk) == 1


def test_when_the_operator_says_so_the_clock_goes_on_and_overdue_steps_are_one(
    stage: Stage,
) -> None:
    opened(stage)
    machine = Machine(stage)
    TicketClock(stage.desk, "one", machine).tick()
    machine.jump(60 * DAY)
    assert TicketClock(stage.desk, "one", machine).tick() == 0
    with stage.store.writing() as conn:
        clock_state.resume(conn, stage.now)
    clock = TicketClock(stage.desk, "one", machine)
    assert (clock.tick(), clock.tick()) == (1, 0)
    assert reminded(stage) == [100001]


@pytest.mark.parametrize("by_an_operator", [False, True])
def test_a_ticket_that_came_while_the_clock_was_years_ahead_is_not_forgotten(
    stage: Stage, by_an_operator: bool
) -> None:
    machine = Machine(stage)
    TicketClock(stage.desk, "one", machine).tick()
    clock = TicketClock(stage.desk, "one", machine)
    machine.jump(3650 * DAY)
    clock.tick()
    opened(stage)
    assert due(stage) - stage.now < 30 * DAY
    machine.jump(-3650 * DAY)
    if by_an_operator:
        with stage.store.writing() as conn:
            clock_state.resume(conn, stage.now)
    clock.tick()
    assert timedelta() < due(stage) - stage.now < 30 * DAY


def test_a_machine_that_slept_for_days_has_not_jumped(stage: Stage) -> None:
    opened(stage)
    machine = Machine(stage)
    TicketClock(stage.desk, "one", machine).tick()
    stage.now = due(stage)
    assert TicketClock(stage.desk, "one", machine).tick() == 1


def test_a_clock_that_nobody_looks_at_is_silent(stage: Stage) -> None:
    assert _clock(stage.store, stage.now) == [], "none was ever looked at"
    TicketClock(stage.desk, "one", Machine(stage)).tick()
    assert _clock(stage.store, stage.now + 10 * MIN) == []
    (line,) = _clock(stage.store, stage.now + 11 * MIN)
    assert (line.state, line.since) == (State.SILENT, stage.now)


def test_a_start_before_the_last_look_stops_the_clock(stage: Stage) -> None:
    opened(stage)
    machine = Machine(stage)
    TicketClock(stage.desk, "one", machine).tick()
    stage.now -= DAY
    machine.boot = "boot 2"
    assert TicketClock(stage.desk, "one", machine).tick() == 0
    (line,) = _clock(stage.store, stage.now)
    assert "behind where it should be" in line.detail
    stage.now += DAY
    TicketClock(stage.desk, "one", machine).tick()
    assert _clock(stage.store, stage.now) == []
