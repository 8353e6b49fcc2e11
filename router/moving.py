"""Moving one comment to another ticket, or into a new one of its own; by an operator.

Rule: nothing is deleted. The comment stays in the old history, marked as moved; the other history
holds it again, in its author's name. Both say who moved it, when, and from where. Who may answer an
alarm stays with the alarm: its addresses never move. Source: `docs/work-by-mail.md`.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from parsers.errors import Refused
from parsers.heard import Mailbox
from router.addresses import LANE_REPLY
from router.decision import Command, Decision, Facts, Outgoing, Policy, Route
from router.leading import survivor_of
from router.naming import UNNUMBERED
from router.noted import noted
from router.notices import Story, once_each
from router.opening import tell_of_opening
from router.people import new_ones, readers, unit_of
from router.relations import in_order
from router.routing import Wish, route
from router.taking_over import priority_after
from router.ticket import (
    Change,
    Entry,
    Moved,
    Participant,
    Relation,
    Ticket,
    TicketEvent,
    TicketKind,
    Tie,
)
from router.words import FINAL, EventKind, MailKind, Outcome, Priority, Reason, Role, Status

_MOVABLE = frozenset({EventKind.COMMENT, EventKind.UNVERIFIED})
_HOLDER = re.compile(r", by the reply address of (\S+),$")
_SHOWN = re.compile(r"^(?:(.*) <([^<>\s]+@[^<>\s]+)>|([^<>\s]+@[^<>\s]+))$")
_REASONS = (Reason.BY_AN_OPERATOR,)
AWAY, HERE = "moved to", "moved from"


def move(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Move an entry of a ticket's history to another ticket; to a new one when that is 0.

    Raises Refused when there is no such entry, it is no comment, was moved before, or the other
    ticket cannot take it; then nothing happens.
    """
    ticket = facts.ticket(command.ticket)
    if ticket is None:
        raise Refused(f"There is no ticket {command.ticket}.")
    entry = _entry(command, ticket, facts)
    if command.other:
        other = _target(command, facts)
        return (
            _left(command, ticket, entry, f"#{other.number}", policy, now),
            _arrived(command, ticket, entry, other, policy, now),
        )
    return (
        _left(command, ticket, entry, UNNUMBERED, policy, now),
        _opened(command, ticket, entry, facts, policy, now),
    )


def _entry(command: Command, ticket: Ticket, facts: Facts) -> Entry:
    entry, number = facts.entry, command.entry
    if ticket.held or ticket.status in FINAL:
        why = "held" if ticket.held else f"{ticket.status}, for good"
        raise Refused(f"Ticket {ticket.number} is {why}; nothing of it can be moved.")
    if entry is None:
        last = ticket.last_event
        raise Refused(f"Ticket {ticket.number} has no entry {number}; it has 1 to {last}.")
    if entry.event.kind not in _MOVABLE:
        hint = " To join two tickets, merge them." if number == 1 else ""
        raise Refused(f'Entry {number} is "{entry.event.kind}"; only comments can be moved.{hint}')
    if entry.moved_to:
        raise Refused(f"Entry {number} was moved to ticket {entry.moved_to} before.")
    if not command.other and entry.event.internal:
        raise Refused(f"Entry {number} is internal; it can be moved to a ticket that there is.")
    return entry


def _target(command: Command, facts: Facts) -> Ticket:
    other = facts.ticket(command.other)
    if command.other == command.ticket:
        raise Refused("It is in that ticket already; please name another one.")
    if other is None:
        raise Refused(f"There is no ticket {command.other}.")
    if other.held:
        raise Refused(f"Ticket {other.number} is held; release it first.")
    survivor = survivor_of(other)
    if survivor:
        raise Refused(f"Ticket {other.number} was merged into {survivor}; please name that one.")
    if other.status in FINAL:
        raise Refused(f"Ticket {other.number} is {other.status}, for good; name an open ticket.")
    return other


def _left(  # noqa: PLR0917 - a command, what it is about, and what every decision takes
    command: Command, ticket: Ticket, entry: Entry, to: str, policy: Policy, now: datetime
) -> Decision:
    """Mark the entry in the history that it leaves; who reads changes hears where it went."""
    change = Change(AWAY, f"entry {entry.number}", to)
    event = TicketEvent(
        EventKind.MOVED, command.by, now, command.text, changes=(change,), reasons=_REASONS,
        internal=entry.event.internal,
    )  # fmt: skip
    shown = Story(ticket, replace(event, text=""), policy)
    told = readers(ticket, "", policy.addresses, internal=event.internal, only_changes=True)
    return Decision(
        Outcome.COMMAND,
        _REASONS,
        ticket=replace(ticket, updated_at=now),
        events=(event,),
        outgoing=shown.to_all(told, MailKind.UPDATE, LANE_REPLY),
    )


def _arrived(  # noqa: PLR0917 - as above
    command: Command, ticket: Ticket, entry: Entry, other: Ticket, policy: Policy, now: datetime
) -> Decision:
    note = f"It was written to ticket #{ticket.number} and was moved here."
    events = _events(command, ticket, entry, now, entry.event.kind, (note,))
    author = author_of(entry, ticket)
    joins: tuple[Participant, ...] = ()
    if author is not None and entry.event.verified and not policy.addresses.is_ours(author.address):
        me = Participant(Role.CC, author.address, author.name)
        joins = tuple(one for one in new_ones(other, (me,)) if not entry.event.internal)
    story = Story(other, events[0], policy, mail_id=entry.mail)
    told = readers(
        other,
        author.address if author is not None else "",
        policy.addresses,
        internal=entry.event.internal,
        unverified=not entry.event.verified,
    )
    return Decision(
        Outcome.COMMAND,
        (*_REASONS, Reason.MOVED_HERE),
        ticket=replace(other, updated_at=now),
        joins=joins,
        events=events,
        outgoing=story.to_all(told, MailKind.UPDATE, LANE_REPLY),
        thread_ids=_thread(entry),
        moved=Moved(ticket.number, entry.number, entry.mail),
    )


def _opened(  # noqa: PLR0917 - as above
    command: Command, ticket: Ticket, entry: Entry, facts: Facts, policy: Policy, now: datetime
) -> Decision:
    """Open a USER ticket of a comment; it goes where the old ticket would go today.

    An operator has looked at it, so it is about what the old one is about; how urgent it is, is
    believed only of whom it was heard from for certain.
    """
    author = author_of(entry, ticket)
    if author is None or policy.addresses.is_ours(author.address):
        raise Refused(f"Entry {entry.number} names no address that could be a submitter's.")
    site = (ticket.notified_site,) if ticket.notified_site else ()
    to = route(Wish(site, "" if site else ticket.support_unit), facts.registry, policy)[0]
    new = Ticket(
        number=0,
        version=0,
        kind=TicketKind.USER,
        wanted=TicketKind.USER,
        status=Status.NEW if to.unit == policy.first_line else Status.ASSIGNED,
        held=None,
        priority=priority_after(ticket) if entry.event.verified else Priority.LESS_URGENT,
        subject=ticket.subject,
        submitter=author.address,
        support_unit=to.unit,
        opened_at=now,
        updated_at=now,
        vo=ticket.vo,
        notified_site=to.site,
        affected_site=ticket.affected_site,
        type_of_issue=ticket.type_of_issue,
        vo_specific=ticket.vo_specific,
        relations=in_order((Relation(Tie.CROSS, ticket.number),)),
    )
    verified = entry.event.verified
    me = Participant(Role.SUBMITTER, author.address, author.name, verified=verified)
    note = f"It was a comment on ticket #{ticket.number} and was made a ticket of its own."
    events = _events(command, ticket, entry, now, EventKind.OPENED, (*to.notes, note))
    story = Story(new, events[0], policy, to, entry.mail)
    outgoing = [*_tell(story, to, policy)]
    if verified:
        outgoing.append(story.to(me, MailKind.RECEIPT, LANE_REPLY))
    return Decision(
        Outcome.COMMAND,
        (*_REASONS, Reason.MOVED_HERE),
        ticket=new,
        joins=(me, *unit_of(to)),
        events=events,
        outgoing=tuple(once_each(outgoing)),
        route=to,
        thread_ids=_thread(entry),
        ties=(Relation(Tie.CROSS, ticket.number),),
        moved=Moved(ticket.number, entry.number, entry.mail),
    )


def _tell(story: Story, to: Route, policy: Policy) -> Iterable[Outgoing]:
    for one in tell_of_opening(story, to, LANE_REPLY):
        if not policy.addresses.is_ours(one.recipient):
            yield one


def _events(  # noqa: PLR0917 - as above
    command: Command,
    ticket: Ticket,
    entry: Entry,
    now: datetime,
    kind: EventKind,
    notes: tuple[str, ...],
) -> tuple[TicketEvent, ...]:
    """Return the entry as it stands in the other history, and the one that says how it came.

    What was changed, refused and noted when it was written stays in the old history.
    """
    when = f"{entry.event.at:%Y-%m-%d %H:%M} UTC"
    change = Change(HERE, f"#{ticket.number}, entry {entry.number}, {when}", "here")
    moved = TicketEvent(
        EventKind.MOVED, command.by, now, command.text, changes=(change,), reasons=_REASONS,
        internal=entry.event.internal,
    )  # fmt: skip
    said = replace(entry.event, kind=kind, at=now, changes=(), reasons=(Reason.MOVED_HERE,))
    return noted(said, notes), moved


def author_of(entry: Entry, ticket: Ticket) -> Mailbox | None:
    """Return who stands behind a comment: whoever the reply address was given to, else its author.

    None for what names no address, such as what was written at the terminal.
    """
    holder = _HOLDER.search(entry.event.by)
    if holder is not None:
        known = (one for one in ticket.participants if one.address == holder[1])
        name = next((one.name for one in known), "")
        return Mailbox(name, holder[1])
    shown = _SHOWN.match(entry.event.by)
    return Mailbox(shown[1] or "", shown[2] or shown[3]) if shown is not None else None


def _thread(entry: Entry) -> tuple[str, ...]:
    return (entry.message_id,) if entry.message_id else ()
