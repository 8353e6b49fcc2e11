"""Letting a held ticket go where it wanted to go: by hand, or because its sender was proven later.

All ways are this one: the ROC and the site are told, with what came meanwhile, and an alarm that is
granted wakes the site. Who may let it go is asked before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.addresses import LANE_REPLY, LANE_REST
from router.alarming import Pager, alarm_mails, pager_of
from router.decision import Decision, Facts, Outgoing, Policy, Route
from router.noted import noted, told_with
from router.notices import Story
from router.opening import tell_of_opening
from router.people import GETS, unit_of
from router.routing import Wish, route
from router.ticket import Change, Paging, Participant, Ticket, TicketEvent, TicketKind
from router.words import EventKind, MailKind, Outcome, Reason, Role, Status

MAX_LATER = 20
LEFT_OUT = "It was answered more often than is told by mail: {} more answers are in its history."
NO_ANSWER = frozenset({Reason.NO_ANSWER_TO_MACHINES, Reason.OWN_MAIL, Reason.NO_SENDER})


@dataclass(frozen=True, slots=True)
class Grant:
    """By whom and why a held ticket is let go, and as what. `text` is what they said of it.

    `to` is where it goes when the ticket itself does not say it.
    """

    by: str
    event: EventKind
    reason: Reason
    kind: TicketKind
    text: str = ""
    vo: str = ""
    to: Route | None = None

    @property
    def raised_by(self) -> str:
        """Return who raised the alarm in the place of its submitter, who was not proven."""
        return self.by if self.event is EventKind.CONFIRMED else ""


def let_go(
    ticket: Ticket, grant: Grant, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    """Return what follows when a held ticket is let go."""
    to = grant.to or route(wish_of_ticket(ticket), facts.registry, policy)[0]
    is_alarm = grant.kind is TicketKind.ALARM
    vo = ticket.vo or grant.vo
    pager = pager_of(to, vo, facts.registry, policy.addresses, now) if is_alarm else Pager(())
    to = replace(to, notes=(*to.notes, *pager.notes))
    changed = replace(
        ticket,
        held=None,
        kind=grant.kind,
        status=Status.NEW if to.unit == policy.first_line else Status.ASSIGNED,
        support_unit=to.unit,
        notified_site=to.site,
        vo=vo,
        updated_at=now,
        paging=Paging(raised_by=grant.raised_by) if is_alarm else None,
    )
    reasons = (grant.reason, *to.reasons, *pager.reasons)
    event = TicketEvent(
        grant.event, grant.by, now, grant.text, changes=changes(ticket, changed), reasons=reasons
    )
    event = noted(event, to.notes)
    people = (*unit_of(to), *pager.people)
    submitter = [replace(p, verified=True) for p in ticket.participants if p.role is Role.SUBMITTER]
    opening = facts.opening or event
    more = len(facts.later) - MAX_LATER
    left_out = (LEFT_OUT.format(more),) if more > 0 else ()
    told = told_with(opening, (*event.notes, *left_out))
    story = Story(changed, told, policy, to, facts.opening_mail)
    answer = [] if set(opening.reasons) & NO_ANSWER else submitter
    later = [replace(story, event=told_with(one, ()), mail_id=0) for one in facts.later[:MAX_LATER]]
    stay = {(one.role, one.address) for one in people}
    there = {(one.role, one.address) for one in ticket.participants}
    outgoing = (
        *alarm_mails(story, pager.people),
        *tell_of_opening(story, to, LANE_REPLY),
        *(mail for one in later for mail in _told_later(one, to)),
        *story.to_all(_not_ours(answer, policy), MailKind.RECEIPT, LANE_REST),
    )
    return (
        Decision(
            Outcome.COMMAND,
            event.reasons,
            ticket=changed,
            joins=(*submitter, *(p for p in people if (p.role, p.address) not in there)),
            leaves=tuple(
                one
                for one in ticket.participants
                if one.role is Role.SUPPORTER and (one.role, one.address) not in stay
            ),
            events=(event,),
            outgoing=outgoing,
            route=to,
        ),
    )


def wish_of_ticket(ticket: Ticket) -> Wish:
    """Return where a held ticket wants to go."""
    if ticket.notified_site:
        return Wish((ticket.notified_site,))
    return Wish(unit=ticket.wanted_unit)


def changes(old: Ticket, new: Ticket) -> tuple[Change, ...]:
    """Return what is different between two states of a ticket, for its history."""
    pairs = (
        ("held", str(old.held or ""), str(new.held or "")),
        ("kind", str(old.kind), str(new.kind)),
        ("status", str(old.status), str(new.status)),
        ("VO", old.vo, new.vo),
        ("responsible unit", old.support_unit, new.support_unit),
        ("notified site", old.notified_site, new.notified_site),
    )
    return tuple(Change(field, a, b) for field, a, b in pairs if a != b)


def _told_later(story: Story, to: Route) -> tuple[Outgoing, ...]:
    """Return the mails about what was written meanwhile; a note for supporters stays with them."""
    people = [one for one in unit_of(to) if GETS[one.role].internal or not story.event.internal]
    return story.to_all(people, MailKind.UPDATE, LANE_REPLY)


def _not_ours(people: Sequence[Participant], policy: Policy) -> list[Participant]:
    return [one for one in people if not policy.addresses.is_ours(one.address)]
