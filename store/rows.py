"""Rows to values and back: the one place that knows both the columns and the nouns."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from parsers.alarm import Mode
from router.ticket import Change, Paging, Participant, Ticket, TicketEvent, TicketKind
from router.words import FORMER_REASONS, EventKind, Notify, Priority, Reason, Role, Status
from store.alarm_tables import paging
from store.relation_tables import moved_entry
from store.relations import read_relations
from store.tables import event, participant, ticket
from store.timing_rows import read_timings

TICKET_TEXTS = (
    "subject",
    "submitter",
    "support_unit",
    "wanted_unit",
    "vo",
    "notified_site",
    "affected_site",
    "type_of_issue",
    "mou_area",
    "category",
    "assigned_to",
    "solution",
)
TICKET_WORDS = ("kind", "wanted", "status", "priority")


def read_tickets(conn: Connection, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Return the tickets of these numbers, with their participants; unknown ones are left out."""
    wanted = list(dict.fromkeys(numbers))
    if not wanted:
        return {}
    # The row with the version first: what changes after it is then noticed when it is written.
    rows = conn.execute(select(ticket).where(ticket.c.number.in_(wanted))).mappings().all()
    alarms = [row["number"] for row in rows if row["kind"] == str(TicketKind.ALARM)]
    people: dict[int, list[Participant]] = defaultdict(list)
    query = select(participant).where(participant.c.ticket.in_(wanted)).order_by(participant.c.id)
    for row in conn.execute(query).mappings():
        people[row["ticket"]].append(_participant(row))
    far = _read_paging(conn, alarms)
    clocks = read_timings(conn, wanted)
    ties = read_relations(conn, wanted)
    return {
        row["number"]: replace(
            _ticket(row, people[row["number"]]),
            paging=far.get(row["number"]),
            timing=clocks.get(row["number"]),
            relations=ties.get(row["number"], ()),
        )
        for row in rows
    }


def ticket_row(value: Ticket) -> dict[str, Any]:
    """Return a ticket's columns."""
    row: dict[str, Any] = {name: getattr(value, name) for name in TICKET_TEXTS}
    row |= {name: str(getattr(value, name)) for name in TICKET_WORDS}
    return row | {
        "number": value.number,
        "version": value.version,
        "held": str(value.held) if value.held else None,
        "last_event": value.last_event,
        "escalation": value.escalation,
        "vo_specific": value.vo_specific,
        "opened_at": value.opened_at,
        "updated_at": value.updated_at,
    }


def paging_row(value: Paging, number: int) -> dict[str, Any]:
    """Return the columns of how far the alarm of ticket `number` has come."""
    row = {name: getattr(value, name) for name in Paging.__dataclass_fields__}
    return {**row, "mode": str(value.mode), "ticket": number}


def event_row(value: TicketEvent, number: int, of: int, mail: int | None) -> dict[str, Any]:
    """Return the columns of event `number` of ticket `of`."""
    return {
        "ticket": of,
        "number": number,
        "at": value.at,
        "kind": str(value.kind),
        "by": value.by,
        "mail": mail,
        "text": value.text,
        "internal": value.internal,
        "verified": value.verified,
        "changes": [[c.field, c.old, c.new] for c in value.changes],
        "reasons": [str(reason) for reason in value.reasons],
        "attachments": [[name, size] for name, size in value.attachments],
        "notes": list(value.notes),
        "refusals": list(value.refusals),
    }


def participant_row(value: Participant, row: int, of: int) -> dict[str, Any]:
    """Return a participant's columns under the row number `row`."""
    return {
        "id": row,
        "ticket": of,
        "role": str(value.role),
        "address": value.address,
        "name": value.name,
        "mode": str(value.mode),
        "verified": value.verified,
    }


def read_opening(conn: Connection, of: Ticket) -> tuple[TicketEvent | None, int]:
    """Return how a ticket began, and the mail that began it (None and 0 when unknown).

    What became an alarm later, or was raised anew, began as such with that event.
    """
    far = of.paging
    later = far is not None and (far.round > 1 or of.wanted is not TicketKind.ALARM)
    first = far.since if far is not None and later else 1
    query = select(event).where(event.c.ticket == of.number, event.c.number >= first)
    row = conn.execute(query.order_by(event.c.number).limit(1)).mappings().first()
    if row is None:
        return None, 0
    return read_event(row), row["mail"] or 0


def read_comments(conn: Connection, number: int) -> tuple[TicketEvent, ...]:
    """Return what people added to a ticket, in order; machines' notes and changes are left out.

    So is what was moved to another ticket.
    """
    people = (str(EventKind.COMMENT), str(EventKind.UNVERIFIED))
    query = select(event).where(event.c.ticket == number, event.c.kind.in_(people))
    gone = select(moved_entry.c.entry).where(moved_entry.c.ticket == number)
    query = query.where(event.c.number.not_in(gone))
    return tuple(read_event(row) for row in conn.execute(query.order_by(event.c.number)).mappings())


def _read_paging(conn: Connection, numbers: list[int]) -> dict[int, Paging]:
    if not numbers:
        return {}
    rows = conn.execute(select(paging).where(paging.c.ticket.in_(numbers))).mappings()
    names = [name for name in Paging.__dataclass_fields__ if name != "mode"]
    return {
        row["ticket"]: Paging(mode=Mode(row["mode"]), **{name: row[name] for name in names})
        for row in rows
    }


def _ticket(row: RowMapping, people: Iterable[Participant]) -> Ticket:
    return Ticket(
        number=row["number"],
        version=row["version"],
        kind=TicketKind(row["kind"]),
        wanted=TicketKind(row["wanted"]),
        status=Status(row["status"]),
        held=_reason(row["held"]) if row["held"] else None,
        priority=Priority(row["priority"]),
        last_event=row["last_event"],
        escalation=row["escalation"],
        vo_specific=row["vo_specific"],
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        participants=tuple(people),
        **{name: row[name] for name in TICKET_TEXTS},
    )


def _participant(row: RowMapping) -> Participant:
    return Participant(
        role=Role(row["role"]),
        address=row["address"],
        name=row["name"],
        mode=Notify(row["mode"]),
        verified=row["verified"],
        row=row["id"],
    )


def read_event(row: RowMapping) -> TicketEvent:
    """Return an event from its row."""
    return TicketEvent(
        kind=EventKind(row["kind"]),
        by=row["by"],
        at=row["at"],
        text=row["text"],
        internal=row["internal"],
        verified=row["verified"],
        changes=tuple(Change(*change) for change in row["changes"]),
        reasons=tuple(map(_reason, row["reasons"])),
        attachments=tuple((name, size) for name, size in row["attachments"]),
        notes=tuple(row["notes"]),
        refusals=tuple(row["refusals"]),
    )


def _reason(text: str) -> Reason:
    """Return a stored reason; the words may have changed since it was written."""
    try:
        return Reason(text)
    except ValueError:
        return FORMER_REASONS.get(text, Reason.OF_ANOTHER_VERSION)
