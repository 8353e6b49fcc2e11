"""What fell due while no daemon ran is not said at night: it waits for its reader's hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.calendars import Calendar, Calendars
from router.decide import decide
from router.decision import Due, Facts
from router.ticket import Ticket
from router.ticking import TICK
from router.timing import retime
from router.words import Status
from tests.router.replies import PEOPLE, WORLD, about
from tests.router.test_decision_table import POLICY
from tests.router.weeks import OFFICE

OFFICES = Calendars(Calendar(ZoneInfo("Europe/Berlin"), OFFICE))
ALL = replace(POLICY, calendars=OFFICES)
FRIDAY_NOON = datetime(2026, 3, 6, 11, tzinfo=UTC)  # 12:00 in Berlin
NIGHT = datetime(2026, 3, 21, 2, tzinfo=UTC)  # Saturday, two weeks later
MONDAY_AT_NINE = datetime(2026, 3, 23, 8, tzinfo=UTC)


def clocked(status: Status) -> Ticket:
    """Return a ticket whose first step is long overdue on that night."""
    ticket = about(status=status)
    return replace(ticket, timing=retime(ticket, ALL, FRIDAY_NOON)[0])


@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.WAITING, Status.SOLVED])
def test_a_step_that_was_missed_is_not_done_at_night(status: Status) -> None:
    ticket = clocked(status)
    facts = Facts(WORLD, PEOPLE, listed=(ticket,))
    (night, *_) = decide(Due(TICK), facts, ALL, NIGHT)
    assert night.ticket is not None
    assert night.ticket.timing is not None
    assert (night.events, night.outgoing) == ((), ())
    assert night.ticket.timing.due_at == MONDAY_AT_NINE
    late = replace(facts, listed=(night.ticket,))
    (early, *_) = decide(Due(TICK), late, ALL, MONDAY_AT_NINE - timedelta(seconds=1))
    assert early.events == ()
    (morning, *_) = decide(Due(TICK), late, ALL, MONDAY_AT_NINE)
    assert len(morning.events) == 1
