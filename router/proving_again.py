"""What follows when a held ticket's mail was proven again: it goes, waits on, or stays held.

It goes where it would have gone at once: to each of several sites, for one who may name several;
the held ticket becomes that of the first one.
When the proofs are collected again: `router.reproof`.
"""

from dataclasses import replace
from datetime import datetime

from router.addresses import LANE_REPLY
from router.authority import Sender, sender_of
from router.claim import Claim, may_name_several
from router.decision import Decision, Facts, Mail, Outgoing, Policy, Route
from router.entitled import vo_granted
from router.granting import Grant, changes, let_go, wish_of_ticket
from router.holding import standing_of, why_held
from router.kinds import kind_of
from router.naming import opened_together
from router.notices import Story
from router.opening import open_tickets
from router.people import author_of, unit_of
from router.reproof import next_reproof
from router.routing import first_line, route, wish_of
from router.ticket import Ticket, TicketEvent
from router.words import EventKind, MailKind, Outcome, Reason


def proven_again(
    mail: Mail, ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    """Return what follows from proving a held ticket's mail again."""
    sender = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    kind = kind_of(ticket.wanted)
    routes = _routes(mail, sender, ticket, facts, policy)
    claim = Claim(mail, sender, facts, policy, ticket.vo, routes)
    hold = why_held(claim, kind)
    if hold is None:
        vo = vo_granted(claim, ticket.wanted, kind.role) if kind.role else ""
        by = author_of(mail)
        to = routes[0]
        grant = Grant(by, EventKind.PROVEN, Reason.PROVEN_LATER, ticket.wanted, vo=vo, to=to)
        as_new = replace(facts, found=())  # of the held ticket its mail knew nothing
        each = open_tickets(mail, as_new, policy, now) if len(routes) > 1 else ()
        return opened_together((*let_go(ticket, grant, facts, policy, now), *each[1:]))
    later = next_reproof(mail.mail_id, ticket.opened_at, now)
    if mail.evidence.unanswered and later is not None:
        return (Decision(Outcome.COMMAND, (), ticket=ticket, reminders=(later,)),)
    standing = standing_of(mail, sender)
    reasons = [Reason.NEVER_ANSWERED if mail.evidence.unanswered else hold]
    reasons += [standing] if standing is not Reason.NOT_ANSWERED else []
    why = tuple(dict.fromkeys(reasons))
    return (_given_up(why, ticket, hold, facts, policy, now),)


def _routes(
    mail: Mail, sender: Sender, ticket: Ticket, facts: Facts, policy: Policy
) -> tuple[Route, ...]:
    """Return where it goes: what the ticket names, else what its mail names, which may be more."""
    if ticket.notified_site or ticket.wanted_unit:
        return route(wish_of_ticket(ticket), facts.registry, policy)
    by_subject = kind_of(ticket.wanted).subject_routes
    wish = wish_of(mail.heard, facts.registry, subject_routes=by_subject)
    return route(wish, facts.registry, policy, multisite=may_name_several(sender))


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
