"""A day that somebody asked to be reminded on, when the helpdesk comes back in the night."""

from dataclasses import replace

from router.decide import decide
from router.decision import Decision, Due, Facts
from router.lines.noting import REMIND
from router.ticket import Ticket
from tests.router.lives import RULES, at
from tests.router.replies import LIST, PEOPLE, WORLD, about


def reminded(when: str, *tickets: Ticket) -> tuple[Decision, ...]:
    return decide(Due(REMIND, detail=LIST), Facts(WORLD, PEOPLE, listed=tickets), RULES, at(when))


def test_who_asked_to_be_reminded_is_not_told_at_night_but_when_work_begins() -> None:
    found = reminded("03-07 02:00", about(), replace(about(), number=8))
    assert [mail for one in found for mail in one.outgoing] == []
    assert [one.events for one in found if one.ticket is not None] == [(), ()]
    kept = [(one.ticket and one.ticket.number, one.reminders) for one in found if one.reminders]
    assert [number for number, _ in kept] == [7, 8]
    for _, (reminder,) in kept:
        assert (reminder.step, reminder.due_at) == (REMIND, at("03-09 09:00"))
        assert reminder.detail == f"2026-03-09 {LIST}"


def test_in_working_hours_he_is_told_at_once() -> None:
    found = reminded("03-06 16:59", about())
    assert [mail.recipient for one in found for mail in one.outgoing] == [LIST]
    assert [one.reminders for one in found] == [()]
