"""Opening a ticket: held for a person, or routed and told to everybody concerned.

A held ticket shows the route that it would take (why it is held: `router.holding`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.addresses import LANE_REPLY, LANE_REST
from router.alarming import Pager, alarm_mails, pager_of
from router.authority import Sender, sender_of
from router.claim import Claim, may_name_several
from router.decision import Decision, Facts, Mail, Outgoing, Policy, Reminder, Route
from router.entitled import vo_granted
from router.fields import Fields, read_fields
from router.found import Earlier
from router.holding import circumstances, missing, standing_of, why_held, why_no_answer
from router.kinds import Kind, kind_for
from router.naming import opened_together
from router.noted import noted
from router.notices import Story, once_each, operator_notice
from router.people import (
    author_of,
    copied_on,
    listed_attachments,
    same_address,
    submitter_of,
    unit_of,
)
from router.reproof import first_reproof
from router.rights import Rights
from router.routing import Wish, first_line, route, wish_of
from router.taking_over import kind_after, may_take_over, renamed, taken_over
from router.thread import answers_a_list
from router.ticket import Participant, Ticket, TicketEvent, TicketKind
from router.words import EventKind, MailKind, Outcome, Reason, Role, Status

HELD_DIGEST_AFTER = timedelta(hours=1)
HELD_DIGEST_SOON = timedelta(minutes=5)
_MANY_HELD = (
    "More alarm or team requests of unproven senders came in this hour than first line is told of "
    "one by one. They are in the next digest, and in: ticketgate tickets --held"
)
RECEIPT_DIGEST_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a mail asks for when it opens a ticket, read once."""

    mail: Mail
    facts: Facts
    policy: Policy
    now: datetime
    kind: Kind
    sender: Sender
    wish: Wish
    fields: Fields
    silent: Reason | None

    @property
    def may(self) -> Rights:
        """Return what the sender may do."""
        return self.sender.may

    def noted(self, event: TicketEvent, to: Route, refusals: Sequence[str] = ()) -> TicketEvent:
        """Return how a ticket begins with all that is to be known of the mail and its way."""
        about = answers_a_list(self.mail, self.policy)
        notes = (*to.notes, *self.fields.notes, *about, *self.mail.heard.notes)
        return noted(event, notes, refusals)

    def story(self, ticket: Ticket, event: TicketEvent, to: Route) -> Story:
        """Return what the mails about the opening have in common."""
        mail = self.mail
        return Story(ticket, event, self.policy, to, mail.mail_id, mail.heard.message_id)


def open_tickets(
    mail: Mail,
    facts: Facts,
    policy: Policy,
    now: datetime,
    *,
    raised: Earlier | None = None,
    follows: Ticket | None = None,
) -> tuple[Decision, ...]:
    """Return one decision for each ticket that a mail opens.

    `raised` is the same mail as it came before to a weaker address; `follows` is a closed ticket
    that the mail answers.
    """
    kind = kind_for(mail.intent)
    sender = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    wish = wish_of(mail.heard, facts.registry, subject_routes=kind.subject_routes)
    mail = renamed(mail, follows, policy.ticket_tag) if follows else mail
    fields = read_fields(mail.heard, facts.registry, kind.priority)
    extra, notes = circumstances(mail, facts, policy, raised, follows)
    fields = replace(fields, notes=(*fields.notes, *notes))
    known = (
        follows if follows and may_take_over(mail, sender, follows, facts, policy, now) else None
    )
    if known is not None:
        wish, fields = taken_over(known, mail.heard, wish, fields, policy.ticket_tag)
    routes = route(wish, facts.registry, policy, multisite=may_name_several(sender))
    claim = Claim(mail, sender, facts, policy, fields.vo, routes)
    if known is not None:
        kind = kind_after(known, claim, kind)
    hold = why_held(claim, kind)
    if hold is None and kind.role:
        fields = replace(fields, vo=vo_granted(claim, kind.kind, kind.role))
    silent = why_no_answer(mail, facts, policy, sender.may)
    asked = Asked(mail, facts, policy, now, kind, sender, wish, fields, silent)
    if hold is not None:
        decisions = tuple(_held(asked, claim, to, hold) for to in routes)
    else:
        decisions = tuple(_opened(asked, to) for to in routes)
    return opened_together(
        tuple(
            replace(one, reasons=tuple(dict.fromkeys((*one.reasons, *extra)))) for one in decisions
        )
    )


def _held(asked: Asked, claim: Claim, would_go: Route, hold: Reason) -> Decision:
    facts, policy, kind = asked.facts, asked.policy, asked.kind
    desk = first_line(facts.registry, policy, (hold,))
    told = kind.restricted and _may_tell_of_held(asked)
    silent = (asked.silent,) if asked.silent else ()
    capped = (Reason.HELD_CAP,) if kind.restricted and not told else ()
    standing = standing_of(asked.mail, asked.sender)
    reasons = tuple(dict.fromkeys((hold, standing, *would_go.reasons, *silent, *capped)))
    ticket, event = _ticket_and_event(asked, TicketKind.USER, desk, reasons)
    ticket = replace(
        ticket,
        held=hold,
        notified_site=would_go.site,
        wanted_unit="" if asked.wish.faults else asked.wish.unit,
    )
    people = (*_people(asked), *unit_of(desk))
    # that a site has no contact is said when it goes there: it may have one by then
    way = replace(would_go, notes=()) if would_go.site else would_go
    event = asked.noted(event, way, missing(claim, kind, would_go, hold))
    story = asked.story(ticket, event, would_go)
    outgoing: list[Outgoing] = []
    if told:
        outgoing += story.to_all(unit_of(desk), MailKind.NOTIFICATION, kind.lane)
    elif kind.restricted and facts.counts.held == policy.held_notices_per_hour:
        outgoing += operator_notice(policy, "Many held requests", [_MANY_HELD])
    if asked.silent is None:
        outgoing += [story.to(one, MailKind.HELD, LANE_REPLY) for one in _submitter(people)]
    decision = _decision(asked, Outcome.HELD, story, people, outgoing)
    urgent = kind.restricted and not told
    after = HELD_DIGEST_SOON if urgent else HELD_DIGEST_AFTER
    digest = Reminder("held-digest", asked.now + after, per_ticket=False)
    again = (first_reproof(asked.mail, asked.now),) if asked.mail.evidence.unanswered else ()
    return replace(decision, reminders=(*decision.reminders, digest, *again))


def _may_tell_of_held(asked: Asked) -> bool:
    """Whether first line is told at once: always for a known sender, else within the cap."""
    within = asked.facts.counts.held < asked.policy.held_notices_per_hour
    return within or asked.may.act_as_submitter


def _opened(asked: Asked, to: Route) -> Decision:
    is_alarm = asked.kind.kind is TicketKind.ALARM
    pager = _pager(asked, to) if is_alarm else Pager(())
    marks = (*pager.reasons, *((asked.silent,) if asked.silent else ()))
    reasons = (asked.may.reason, *to.reasons, *marks)
    ticket, event = _ticket_and_event(asked, asked.kind.kind, to, reasons)
    if to.unit != asked.policy.first_line:
        ticket = replace(ticket, status=Status.ASSIGNED)
    people = (*_people(asked), *unit_of(to), *pager.people)
    to = replace(to, notes=(*to.notes, *pager.notes))
    story = asked.story(ticket, asked.noted(event, to), to)
    outgoing = list(tell_of_opening(story, to, LANE_REPLY))
    to_copy = {address.lower() for address in asked.fields.cc}
    copies = [p for p in people if p.role is Role.CC and p.address.lower() in to_copy]
    outgoing += story.to_all(copies, MailKind.UPDATE, LANE_REST)
    outgoing = [*alarm_mails(story, pager.people), *once_each(outgoing)]
    if asked.silent is None:
        outgoing += [story.to(one, MailKind.RECEIPT, LANE_REST) for one in _submitter(people)]
    return _decision(asked, Outcome.NEW, story, people, outgoing)


def _pager(asked: Asked, to: Route) -> Pager:
    registry, ours = asked.facts.registry, asked.policy.addresses
    return pager_of(to, asked.fields.vo, registry, ours, asked.now)


def tell_of_opening(story: Story, to: Route, lane: int) -> tuple[Outgoing, ...]:
    """Return the mails about a new ticket to the site's contacts and the responsible unit."""
    people = unit_of(to)
    site = [one for one in people if one.role is Role.SITE]
    unit = [one for one in people if one.role is Role.SUPPORTER]
    mails = (
        *story.to_all(site, MailKind.SITE_NOTIFICATION, lane),
        *story.to_all(unit, MailKind.NOTIFICATION, lane),
    )
    return tuple(once_each(mails))


def _ticket_and_event(
    asked: Asked, kind: TicketKind, to: Route, reasons: tuple[Reason, ...]
) -> tuple[Ticket, TicketEvent]:
    mail, fields, now = asked.mail, asked.fields, asked.now
    heard = mail.heard
    ticket = Ticket(
        number=0,
        version=0,
        kind=kind,
        wanted=asked.kind.kind,
        status=Status.NEW,
        held=None,
        priority=fields.priority,
        subject=heard.subject,
        submitter=heard.sender.address if heard.sender else "",
        support_unit=to.unit,
        opened_at=now,
        updated_at=now,
        vo=fields.vo,
        notified_site=to.site,
        affected_site=fields.affected_site,
        type_of_issue=fields.type_of_issue,
        mou_area=fields.mou_area,
        vo_specific=fields.vo_specific and bool(fields.vo),
    )
    event = TicketEvent(
        EventKind.OPENED,
        author_of(mail),
        now,
        heard.text,
        verified=asked.may.act_as_submitter,
        reasons=reasons,
        attachments=listed_attachments(mail),
    )
    return ticket, event


def _people(asked: Asked) -> tuple[Participant, ...]:
    heard, policy, fields = asked.mail.heard, asked.policy, asked.fields
    trusted = asked.may.act_as_submitter
    is_known = trusted or policy.unproven == "route"  # that mode takes a From line's word
    submitter = submitter_of(heard, verified=is_known, mode=fields.notification)
    if not trusted:
        return submitter
    sender = submitter[0].address if submitter else ""
    named = (
        Participant(Role.CC, address)
        for address in fields.cc
        if not policy.addresses.is_ours(address) and not same_address(address, sender)
    )
    people = {
        one.address.lower(): one for one in (*named, *copied_on(heard, asked.sender.signed, policy))
    }
    return (*submitter, *list(people.values())[: policy.max_cc])


def _submitter(people: tuple[Participant, ...]) -> list[Participant]:
    return [one for one in people if one.role is Role.SUBMITTER]


def _decision(
    asked: Asked,
    outcome: Outcome,
    story: Story,
    people: tuple[Participant, ...],
    outgoing: list[Outgoing],
) -> Decision:
    heard = asked.mail.heard
    trusted = asked.may.act_as_submitter
    later = asked.now + RECEIPT_DIGEST_AFTER
    capped = asked.silent is Reason.RECEIPT_CAP
    digest = Reminder("receipt-digest", later, per_ticket=False, detail=story.ticket.submitter)
    return Decision(
        outcome,
        story.event.reasons,
        ticket=story.ticket,
        joins=people,
        events=(story.event,),
        outgoing=tuple(outgoing),
        reminders=(digest,) if capped else (),
        route=story.route,
        thread_ids=(heard.message_id,) if heard.message_id else (),
        late_parents=(*heard.in_reply_to, *heard.references) if trusted else (),
    )
