"""Daemons on machines whose clocks are far apart: the database says whose is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from stage import Stage

from gateway.clock_lead import NAME
from gateway.clock_watch import JUMP
from gateway.ticket_clock import TicketClock
from store import clock_state, leases
from tests.work.test_steering import stage
from tests.work.test_ticket_clock import Machine, opened, reminded

__all__ = ["stage"]
FAR = timedelta(days=60)


def keeper(stage: Stage, name: str, apart: timedelta = timedelta()) -> TicketClock:
    """A daemon on a machine of its own, whose clock is so far from that of the database."""
    desk = replace(stage.desk, clock=lambda: stage.now + apart)
    machine = Machine(stage)
    machine.boot = f"boot of {name}"
    return TicketClock(desk, name, machine, database_at=lambda: stage.now)


@pytest.mark.parametrize("apart", [FAR, -FAR, JUMP + timedelta(minutes=1)])
def test_a_daemon_with_a_wrong_clock_does_not_keep_the_clock_when_it_takes_over(
    stage: Stage, apart: timedelta
) -> None:
    opened(stage)
    right, wrong = keeper(stage, "right"), keeper(stage, "wrong", apart)
    right.tick()
    right.release()
    assert wrong.tick() == 0
    assert reminded(stage) == []
    stage.now += timedelta(minutes=2)
    right.tick()
    with stage.store.reading() as conn:
        state = clock_state.read_clock(conn)
    assert (state.stopped_at, state.ticked_at) == (None, stage.now), "the other one goes on"


def test_nor_does_it_when_it_is_the_first(stage: Stage) -> None:
    opened(stage)
    assert keeper(stage, "wrong", FAR).tick() == 0
    assert reminded(stage) == []


def test_it_does_when_its_clock_is_right_again(stage: Stage) -> None:
    opened(stage)
    first = keeper(stage, "right")
    first.tick()
    first.release()
    stage.now += FAR
    assert keeper(stage, "two", JUMP).tick() > 0
    assert reminded(stage) == [100001]


def test_the_database_says_what_time_it_is(stage: Stage) -> None:
    found = leases.time_of(stage.store)
    if not stage.store.shared:
        assert found is None
        return
    assert found is not None
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=1)
    assert leases.holder(stage.store, NAME) == ""
