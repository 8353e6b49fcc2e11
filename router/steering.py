"""Field lines that steer a ticket from a reply: what each does, and who may write it.

Rule: a line that may not be followed changes nothing, loses no text, and is answered with what is
allowed. Members of the VO's team share its TEAM and ALARM tickets, owner or not; only an alarmer
makes a TEAM ticket an alarm. Source: EGI documentation, team and alarm tickets (docs/sources.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.block import Field
from router.alarming import pager_of
from router.authority import Sender
from router.claim import Claim, is_team_member
from router.decision import Facts, Mail, Policy, Route
from router.entitled import why_not
from router.people import author_of
from router.ticket import Change, Paging, Participant, Ticket, TicketKind
from router.words import FINAL, Reason, Status

SHARED = frozenset({TicketKind.TEAM, TicketKind.ALARM})
_CLOSED = frozenset({Status.SOLVED, Status.UNSOLVED})
_WORKING = frozenset({Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD})
# Which status a member of the team may give, by the one that the ticket has.
TEAM_MAY: Mapping[Status, frozenset[Status]] = {
    Status.NEW: _WORKING | _CLOSED,
    Status.ASSIGNED: _WORKING | _CLOSED,
    Status.IN_PROGRESS: _WORKING | _CLOSED,
    Status.WAITING: _WORKING | _CLOSED,
    Status.ON_HOLD: _WORKING | _CLOSED,
    Status.REOPENED: _WORKING | _CLOSED,
    Status.SOLVED: frozenset({Status.REOPENED, Status.VERIFIED}),
    Status.UNSOLVED: frozenset({Status.REOPENED}),
}


@dataclass(frozen=True, slots=True)
class Steering:
    """A reply's lines, and what they have done so far.

    `notes` are sentences about lines that were not followed; `pages` are those whom the ticket
    wakes because it has just become an alarm.
    """

    mail: Mail
    sender: Sender
    facts: Facts
    policy: Policy
    now: datetime
    ticket: Ticket
    changes: tuple[Change, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    joins: tuple[Participant, ...] = ()
    pages: tuple[Participant, ...] = ()

    def refused(self, line: str, why: str) -> "Steering":
        """Return it with a line that was not followed."""
        note = f'The line "{line}" was not followed: {why}'
        return replace(
            self, notes=(*self.notes, note), reasons=(*self.reasons, Reason.LINE_NOT_ALLOWED)
        )

    def changed(self, field: str, ticket: Ticket, old: str, new: str) -> "Steering":
        """Return it with one field of the ticket changed."""
        return replace(self, ticket=ticket, changes=(*self.changes, Change(field, old, new)))


def steer(steering: Steering) -> Steering:
    """Follow the lines of a reply, in their order."""
    for line in steering.mail.heard.block.fields:
        rule = _RULES.get(line.key)
        if rule is None:
            steering = steering.refused(line.line, "it needs a proven right.")
        else:
            steering = rule(steering, line)
    return steering


def in_the_team(steering: Steering) -> bool:
    """Whether the sender shares this ticket as a member of its VO's team."""
    ticket, sender = steering.ticket, steering.sender
    rows = [row for one in sender.each for row in one.members]
    is_member = bool(ticket.vo) and is_team_member(rows, ticket.vo)
    return ticket.kind in SHARED and sender.may.update_team and is_member


def _status(steering: Steering, line: Field) -> Steering:
    ticket = steering.ticket
    if not in_the_team(steering):
        return steering.refused(line.line, "it needs a proven right.")
    wanted = " ".join(line.value.lower().split())
    allowed = TEAM_MAY.get(ticket.status, frozenset())
    status = next((one for one in allowed if one.value == wanted), None)
    if status is None:
        names = ", ".join(sorted(allowed)) or "none"
        return steering.refused(line.line, f"the ticket is {ticket.status}; possible now: {names}.")
    if status in _CLOSED and not _solution(steering.mail):
        return steering.refused(line.line, "please write the solution below it.")
    changed = replace(ticket, status=status)
    steering = steering.changed("status", changed, str(ticket.status), str(status))
    return replace(steering, reasons=(*steering.reasons, Reason.BY_THE_TEAM))


def _convert(steering: Steering, line: Field) -> Steering:
    """Make a TEAM ticket an alarm, when an alarmer asks for it."""
    ticket = steering.ticket
    if line.value.strip().lower() != "alarm":
        return steering.refused(line.line, 'the only conversion is "Convert: alarm".')
    if ticket.kind is not TicketKind.TEAM or ticket.held or ticket.status in FINAL:
        return steering.refused(line.line, "only an open TEAM ticket can become an alarm.")
    if ticket.status in _CLOSED:  # it would wake the site for what is over
        why = f'the ticket is {ticket.status}; write "Status: reopened" above this line.'
        return steering.refused(line.line, why)
    to = Route(ticket.support_unit, (), ticket.notified_site)
    claim = Claim(steering.mail, steering.sender, steering.facts, steering.policy, ticket.vo, (to,))
    refused = why_not(claim, TicketKind.ALARM)
    if refused is not None:
        return steering.refused(line.line, f"{refused}.")
    registry, ours = steering.facts.registry, steering.policy.addresses
    pager = pager_of(to, ticket.vo, registry, ours, steering.now)
    paging = Paging(raised_by=author_of(steering.mail))
    changed = replace(ticket, kind=TicketKind.ALARM, paging=paging)
    steering = steering.changed("kind", changed, str(ticket.kind), str(TicketKind.ALARM))
    if ticket.status in _WORKING:  # who works on a team ticket has not answered the alarm
        status = Status.ASSIGNED
        changed = replace(changed, status=status)
        steering = steering.changed("status", changed, str(ticket.status), str(status))
    there = {(one.role, one.address) for one in ticket.participants}
    return replace(
        steering,
        pages=pager.people,
        joins=tuple(one for one in pager.people if (one.role, one.address) not in there),
        reasons=(*steering.reasons, Reason.CONVERTED, *pager.reasons),
        notes=(*steering.notes, *pager.notes),
    )


def _not_steering(steering: Steering, line: Field) -> Steering:
    """Leave a line alone that steers nothing by itself: it binds an alarm to us, or is text."""
    del line
    return steering


def _solution(mail: Mail) -> str:
    return (mail.heard.block.value("solution") or mail.heard.block.rest).strip()


_RULES: Mapping[str, Callable[[Steering, Field], Steering]] = {
    "status": _status,
    "convert": _convert,
    "alarm": _not_steering,
    "solution": _not_steering,
}
