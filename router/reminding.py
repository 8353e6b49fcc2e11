"""The day has come on which a supporter wanted to be reminded of some tickets: one mail about all.

Rule: only of what is still open; a ticket that is solved meanwhile needs nobody. Not at night: what
was missed while no daemon ran is kept until the ticket's unit works again.
Source: EGI-STAFF (docs/sources.md).
"""

from datetime import datetime

from router.decision import Decision, Due, Facts, Policy, Reminder
from router.lines.noting import REMIND
from router.notices import Story
from router.ticket import Participant, Ticket, TicketEvent
from router.ticking import Notice, told_together
from router.words import OPEN, US, EventKind, Outcome, Reason, Role
from router.working_time import next_working


def remind(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Remind somebody of the tickets `facts.listed`; `detail` is the address."""
    steps = [
        _remind(ticket, due.detail, policy, now)
        for ticket in facts.listed
        if ticket.status in OPEN and due.detail
    ]
    return told_together(steps, policy)


def _remind(
    ticket: Ticket, address: str, policy: Policy, now: datetime
) -> tuple[Decision, list[Notice]]:
    begins = next_working(policy.calendars.of(ticket.support_unit), now)
    if begins > now:
        again = Reminder(REMIND, begins, detail=f"{begins:%Y-%m-%d} {address}")
        return Decision(Outcome.COMMAND, (), ticket=ticket, reminders=(again,)), []
    reasons = (Reason.REMIND_ON,)
    text = f"{address} was reminded."
    event = TicketEvent(EventKind.REMINDED, US, now, text, internal=True, reasons=reasons)
    rows = (one for one in ticket.participants if one.address.lower() == address.lower())
    working = (one for one in rows if one.role in {Role.SUPPORTER, Role.INVOLVED})
    me = next(working, Participant(Role.SUPPORTER, address))
    shown = TicketEvent(EventKind.REMINDED, "", now, reasons=reasons)
    why = "You wanted to be reminded of it today."
    decision = Decision(Outcome.COMMAND, reasons, ticket=ticket, events=(event,))
    return decision, [Notice(me, Story(ticket, shown, policy), Reason.REMIND_ON, why)]
