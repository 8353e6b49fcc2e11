"""The clock's steps: what is done and said when the next step of some tickets has fallen due.

Rule: all tickets that are due for one reader are looked at together, so he gets one mail: about the
ticket if it is one, a list if there are several. What has moved meanwhile, by a mail or by another
calendar, is due again when its time has come. Whom nobody can write to, first line is told instead.
Closing is told to nobody: the mail about the solution has announced it.
Sources: EGI-WAITING, EGI-PT-WAITING, EGI-STAFF (docs/sources.md); docs/clock.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.addresses import LANE_REST
from router.decision import Decision, Due, Facts, Outgoing, Policy
from router.notices import Story, without_lines
from router.overdue import overdue, stepped
from router.people import GETS
from router.routing import first_line
from router.so_far import told_to_newcomer
from router.ticket import Change, Participant, Ticket, TicketEvent
from router.timers import Whom
from router.timing import not_ahead, retime
from router.transitions import Actor, move
from router.why_reminded import why_reminded
from router.words import US, Audience, EventKind, MailKind, Outcome, Reason, Role, Status

TICK = "tick"
RECOUNT = "recount"
MAX_LISTED = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """One ticket's step for one reader."""

    reader: Participant
    story: Story
    reason: Reason
    why: str


def tick(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Do the steps that are due of the tickets of one reader, `facts.listed`."""
    del due
    steps = [_step(ticket, facts, policy, now) for ticket in facts.listed]
    return told_together(steps, policy)


def recount(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Set the clocks of `facts.listed` by the calendars, limits and steps of today.

    Nothing is done or said. A ticket that never had a clock begins now, and what a wrong clock of
    the machine has put off into the future does, too.
    """
    del due
    right = [
        replace(one, timing=not_ahead(one.timing, now)) if one.timing is not None else one
        for one in facts.listed
    ]
    stale = [
        one
        for one, was in zip(right, facts.listed, strict=True)
        if retime(one, policy, now)[0] != was.timing
    ]
    written = tuple(Decision(Outcome.COMMAND, (), ticket=one) for one in stale)
    return written or (Decision(Outcome.COMMAND, ()),)


def told_together(
    steps: Sequence[tuple[Decision, Sequence[Notice]]], policy: Policy
) -> tuple[Decision, ...]:
    """Return the decisions with their mails; who would get several gets a list."""
    busy = _with_several([told for _, told in steps])
    decisions = []
    for decision, told in steps:
        mails = tuple(
            one.story.to(one.reader, MailKind.REMINDER, LANE_REST)
            for one in told
            if one.reader.address.lower() not in busy
        )
        decisions.append(replace(decision, outgoing=mails))
    lists = tuple(_list(of, policy) for of in busy.values())
    if lists or not decisions:
        decisions.append(Decision(Outcome.COMMAND, (), outgoing=lists))
    return tuple(decisions)


def _step(
    ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, list[Notice]]:
    """Return what a ticket's next step does, and whom it tells; nothing before its time."""
    found = overdue(ticket, policy, now)
    if ticket.held is not None or found is None:
        return Decision(Outcome.COMMAND, (), ticket=ticket), []
    changed = stepped(ticket, found, now)
    whom = found.step.whom
    if whom is Whom.CLOSE:
        return _close(changed, now), []
    reason, why = why_reminded(found, changed, policy)
    people, missing = _people(whom, ticket, facts, policy)
    why = f"{missing} {why}".strip()
    names = ", ".join(one.address for one in people) or "nobody: no address is known"
    by_office = whom is not Whom.SUBMITTER or bool(missing)
    event = TicketEvent(
        EventKind.REMINDED, US, now, f"{why} Told: {names}.", internal=by_office, reasons=(reason,)
    )
    shown = _question(ticket, facts) if whom is Whom.SUBMITTER else None
    shown = shown or replace(event, text="", by="", internal=False)
    story = Story(changed, shown, policy, why=why)
    there = {(one.role, one.address.lower()) for one in ticket.participants}
    joins = tuple(one for one in people if (one.role, one.address.lower()) not in there)
    decision = Decision(Outcome.COMMAND, (reason,), ticket=changed, joins=joins, events=(event,))
    said = facts.stories.get(ticket.number, ())
    return decision, [
        Notice(one, told_to_newcomer(story, ticket, one, said, supports=by_office), reason, why)
        for one in people
    ]


def _close(ticket: Ticket, now: datetime) -> Decision:
    """Close a ticket for good, where the life of tickets lets us."""
    if move(ticket.status, Status.CLOSED, frozenset({Actor.SYSTEM})) is None:
        return Decision(Outcome.COMMAND, (), ticket=ticket)
    closed = replace(ticket, status=Status.CLOSED, updated_at=now)
    reasons = (Reason.NOT_VERIFIED,)
    changes = (Change("status", str(ticket.status), str(Status.CLOSED)),)
    event = TicketEvent(EventKind.CLOSED, US, now, changes=changes, reasons=reasons)
    return Decision(Outcome.COMMAND, reasons, ticket=closed, events=(event,))


def _people(
    whom: Whom, ticket: Ticket, facts: Facts, policy: Policy
) -> tuple[tuple[Participant, ...], str]:
    """Return who is told by a step, and a sentence when that is first line for want of others.

    Never an address of ours, each address once, and nobody whose address was not proven.
    """
    desk = first_line(facts.registry, policy, ())
    last = [Participant(Role.INVOLVED, one, desk.unit) for one in desk.unit_addresses]
    if whom is Whom.FIRST_LINE:
        return _each_once(last, ticket, policy), ""
    role = Role.SUBMITTER if whom is Whom.SUBMITTER else Role.SUPPORTER
    found = [one for one in ticket.participants if one.role is role and one.verified]
    people = _each_once(found, ticket, policy)
    if people:
        return people, ""
    name = ticket.support_unit
    if whom is Whom.SUBMITTER:
        name = "the submitter"
    missing = f"First line is told this, because no address is known for {name} that can be used."
    return _each_once(last, ticket, policy), missing


def _each_once(
    people: Sequence[Participant], ticket: Ticket, policy: Policy
) -> tuple[Participant, ...]:
    """Return them without our own addresses; who takes part already with the row he has."""
    rows = {(one.role, one.address.lower()): one for one in ticket.participants}
    known = [rows.get((one.role, one.address.lower()), one) for one in people]
    ours = policy.addresses.is_ours
    return tuple({one.address.lower(): one for one in known if not ours(one.address)}.values())


def _question(ticket: Ticket, facts: Facts) -> TicketEvent | None:
    """Return what the submitter was asked: the last words that somebody else said to him."""
    asked = facts.asked.get(ticket.number)
    if asked is None or ticket.submitter.lower() in asked.by.lower():
        return None
    return replace(asked, text=without_lines(asked.text), attachments=(), changes=(), reasons=())


def _with_several(notices: Sequence[Sequence[Notice]]) -> Mapping[str, list[Notice]]:
    """Return, by address, the notices of those who would get more than one mail."""
    by_address: dict[str, list[Notice]] = defaultdict(list)
    for told in notices:
        for one in told:
            by_address[one.reader.address.lower()].append(one)
    return {address: found for address, found in by_address.items() if len(found) > 1}


def _list(notices: Sequence[Notice], policy: Policy) -> Outgoing:
    """Return one mail about several tickets; each has a reply address of its own in it."""
    reader = notices[0].reader
    audience = GETS[reader.role].audience
    values: Mapping[str, object] = {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "total": len(notices),
        "mine": audience is Audience.SUBMITTER,
        "tickets": [
            {
                "ticket": one.story.ticket.number,
                "subject": one.story.ticket.subject[: policy.subject_chars] or "(no subject)",
                "status": str(one.story.ticket.status),
                "priority": str(one.story.ticket.priority),
                "unit": one.story.ticket.support_unit,
                "site": one.story.ticket.notified_site,
                "opened_at": one.story.ticket.opened_at.isoformat(timespec="seconds"),
                "why": one.why,
                "reason": str(one.reason),
            }
            for one in notices[:MAX_LISTED]
        ],
    }
    lists = tuple((one.story.ticket.number, one.reader.role) for one in notices[:MAX_LISTED])
    return Outgoing(
        MailKind.REMINDER_DIGEST,
        audience,
        reader.address,
        values,
        token=None,
        lists=lists,
        lane=LANE_REST,
    )
