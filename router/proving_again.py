"""What follows when a held ticket's mail was proven again: it goes, waits on, or stays held.

When the proofs are collected again: `router.reproof`.
"""

from dataclasses import replace
from datetime import datetime

from router.addresses import LANE_REPLY
from router.authority import sender_of
from router.claim import Claim
from router.decision import Decision, Facts, Mail, Outgoing, Policy
from router.entitled import vo_granted
from router.granting import Grant, changes, let_go, wish_of_ticket
from router.holding import standing_of, why_held
from router.kinds import kind_of
from router.notices import Story
from router.people import author_of, unit_of
from router.reproof import next_reproof
from router.routing import first_line, route
from router.ticket import Ticket, TicketEvent
from router.words import EventKind, MailKind, Outcome, Reason


def proven_again(
    mail: Mail, ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    """Return what follows from proving a held ticket's mail again."""
    sender = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    kind = kind_of(ticket.wanted)
    routes = route(wish_of_ticket(ticket), facts.registry, policy)
    claim = Claim(mail, sender, facts, policy, ticket.vo, routes)
    hold = why_held(claim, kind)
    if hold is None:
        vo = vo_granted(claim, ticket.wanted, kind.role) if kind.role else ""
        by = author_of(mail)
        grant = Grant(by, EventKind.PROVEN, Reason.PROVEN_LATER, ticket.wanted, vo=vo)
        return let_go(ticket, grant, facts, policy, now)
    later = next_reproof(mail.mail_id, ticket.opened_at, now)
    if mail.evidence.unanswered and later is not None:
        return (Decision(Outcome.COMMAND, (), ticket=ticket, reminders=(later,)),)
    standing = standing_of(mail, sender)
    reasons = [Reason.NEVER_ANSWERED if mail.evidence.unanswered else hold]
    reasons += [standing] if standing is not Reason.NOT_ANSWERED else []
    why = tuple(dict.fromkeys(reasons))
    return (_given_up(why, ticket, hold, facts, policy, now),)


def _given_up(  # noqa: PLR0917 - one request and what it is about
    why: tuple[Reason, ...],
    ticket: Ticket,
    hold: Reason,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> Decision:
    """Leave the ticket held, for what was found now; first line hears of a request once more."""
    changed = replace(ticket, held=hold, updated_at=now)
    event = TicketEvent(
        EventKind.NOT_PROVEN, policy.name, now, changes=changes(ticket, changed), reasons=why
    )
    desk = first_line(facts.registry, policy, (hold,))
    told: tuple[Outgoing, ...] = ()
    if kind_of(ticket.wanted).restricted:
        opening = replace(facts.opening or event, reasons=why)
        story = Story(changed, opening, policy, route=desk)
        told = story.to_all(unit_of(desk), MailKind.NOTIFICATION, LANE_REPLY)
    return Decision(Outcome.COMMAND, event.reasons, ticket=changed, events=(event,), outgoing=told)
