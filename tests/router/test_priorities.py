"""The priority that a ticket begins with: what its mail names, else what its kind says."""

import pytest

from router.addresses import Intent
from router.decision import Clue, Facts
from router.ticket import TicketKind
from router.words import Priority, Reason
from tests.router.test_attacks import DESK, by, only
from tests.router.test_decision_table import BLOCK, DKIM, ROSTER, ticket


@pytest.mark.parametrize(
    ("intent", "line", "priority"),
    [
        (Intent.USER, "", Priority.LESS_URGENT),
        (Intent.TEAM, "", Priority.LESS_URGENT),
        (Intent.ALARM, "", Priority.TOP),
        (Intent.ALARM, "Priority: urgent\n", Priority.URGENT),
        (Intent.ALARM, "Priority: red\n", Priority.TOP),
        (Intent.USER, "Priority: very urgent\n", Priority.VERY_URGENT),
    ],
)
def test_an_alarm_is_of_top_priority_unless_it_names_another(
    intent: Intent, line: str, priority: Priority
) -> None:
    opened = only(by((DKIM,), intent, line + BLOCK)).ticket
    assert opened is not None
    assert (opened.held, opened.priority) == (None, priority)


def test_an_alarm_that_waits_for_a_person_has_its_place_in_the_queue_already() -> None:
    held = only(by((), Intent.ALARM, BLOCK)).ticket
    assert held is not None
    assert held.held
    assert held.priority is Priority.TOP


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("", [("priority", "urgent", "top priority")]),
        ("Priority: red\n", [("priority", "urgent", "top priority")]),
        ("Priority: urgent\n", []),
        ("Priority: less urgent\n", [("priority", "urgent", "less urgent")]),
    ],
)
def test_a_team_ticket_that_becomes_an_alarm_is_raised_unless_its_mail_says_how_far(
    line: str, changes: list[tuple[str, str, str]]
) -> None:
    found = ((Clue(Reason.THREAD_OWN_ID, 7), ticket(TicketKind.TEAM)),)
    body = f"Convert: alarm\n{line}Alarm: helpdesk.example\n\nDead."
    decision = only(by((DKIM,), Intent.ANSWER, body), Facts(DESK, ROSTER, found=found))
    (event,) = [one for one in decision.events if one.changes]
    told = [(one.field, one.old, one.new) for one in event.changes if one.field == "priority"]
    assert told == changes
