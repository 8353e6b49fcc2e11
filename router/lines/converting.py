"""The line `Convert: alarm`: an alarmer makes a TEAM ticket an alarm.

It asks for the same right as an alarm of its own (`router.entitled`). Source: EGI-TEAM.
"""

from dataclasses import replace

from parsers.block import Field
from parsers.text import folded
from router.alarming import pager_of
from router.claim import Claim
from router.decision import Route
from router.entitled import why_not
from router.lines.relating import end
from router.people import author_of
from router.steering import Steering
from router.ticket import Paging, TicketKind, Tie
from router.words import CLOSED, FINAL, Priority, Reason, Status

_WORKING = frozenset({Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD})


def convert(steering: Steering, line: Field) -> Steering:
    """Make a TEAM ticket an alarm, when an alarmer asks for it."""
    ticket, mail, sender = steering.ticket, steering.mail, steering.sender
    if line.value.strip().lower() != "alarm":
        return steering.refused(line.line, 'the only conversion is "Convert: alarm".')
    if ticket.kind is not TicketKind.TEAM or ticket.held or ticket.status in FINAL:
        return steering.refused(line.line, "only an open TEAM ticket can become an alarm.")
    if mail is None or sender is None:
        return steering.refused(line.line, "only an alarmer's own mail can do it.")
    to = Route(ticket.support_unit, (), ticket.notified_site)
    claim = Claim(mail, sender, steering.facts, steering.policy, ticket.vo, (to,))
    refused = why_not(claim, TicketKind.ALARM)
    if refused is not None:
        why = f"{refused}. The ticket stays a {ticket.kind} ticket."
        return steering.refused(line.line, why, right=True)
    if ticket.status in CLOSED:  # it would wake the site for what is over
        why = f'the ticket is {ticket.status}; write "Status: reopened" above this line.'
        return steering.refused(line.line, why)
    for there in ticket.relations:
        if there.what is Tie.MASTER and there in steering.ties:
            why = "an alarm that nobody has answered waits for no other ticket."
            return steering.refused(line.line, why)
        if there.what is Tie.MASTER:
            steering = end(steering, there)
    ticket = steering.ticket
    registry, ours = steering.facts.registry, steering.policy.addresses
    pager = pager_of(to, ticket.vo, registry, ours, steering.now)
    paging = Paging(raised_by=author_of(mail))
    changed = replace(ticket, kind=TicketKind.ALARM, paging=paging)
    steering = steering.changed("kind", changed, str(ticket.kind), str(TicketKind.ALARM))
    named = folded(mail.heard.block.value("priority"))
    if ticket.priority is not Priority.TOP and named not in set(Priority):
        changed = replace(changed, priority=Priority.TOP)
        steering = steering.changed("priority", changed, str(ticket.priority), str(Priority.TOP))
    if ticket.status in _WORKING:  # who works on a team ticket has not answered the alarm
        status = Status.ASSIGNED
        changed = replace(changed, status=status)
        steering = steering.changed("status", changed, str(ticket.status), str(status))
    steering = replace(steering, pages=pager.people).with_people(*pager.people)
    for reason in (Reason.CONVERTED, *pager.reasons):
        steering = steering.because(reason)
    return replace(steering, notes=(*steering.notes, *pager.notes))
