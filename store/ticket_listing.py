"""What the command line and the pages list of tickets: the list, and one ticket's whole story.

Reads only, newest first, page by page as in store.listing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from store.engine import Store
from store.listing import numbers, pages, reads
from store.tables import event, inbox, mail_ticket, participant, ticket


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket. `held` is the reason that keeps it back, None when nothing does.

    `wanted` is the kind that the mail asked for. `events` counts the history's entries.
    `message_ids` are those of the mails that belong to it, the oldest first.
    """

    ticket: int
    kind: str
    wanted: str
    status: str
    held: str | None
    priority: str
    subject: str
    vo: str
    notified_site: str
    affected_site: str
    support_unit: str
    submitter: str
    opened_at: datetime
    updated_at: datetime
    events: int
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Details:
    """What is told of one ticket and not in a list: who has it, what about, and its last solution.

    `escalation` is the level that its submitter has raised it to, 0 to 3.
    """

    assigned_to: str
    category: str
    type_of_issue: str
    mou_area: str
    vo_specific: bool
    escalation: int
    solution: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of a ticket's history. `mail` is the mail behind it, None without one.

    `changes` are (field, before, after), `attachments` (file name, bytes). `notes` were told to all
    its readers, `refusals` to its writer and to supporters.
    """

    number: int
    at: datetime
    kind: str
    by: str
    mail: int | None
    text: str
    internal: bool
    verified: bool
    changes: tuple[tuple[str, str, str], ...]
    reasons: tuple[str, ...]
    attachments: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """Somebody, or a list, who takes part in a ticket."""

    role: str
    address: str
    name: str
    mode: str
    verified: bool


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets to list; empty fields let every ticket through.

    `sites` are the notified sites' names as registered. `held` None lists both kinds.
    """

    sites: tuple[str, ...] = ()
    status: str = ""
    held: bool | None = None


def tickets(store: Store, wanted: TicketFilter, limit: int | None = None) -> Iterator[TicketRow]:
    """Give the tickets that fit, newest first; raises Deferred when the store cannot be read."""
    query = select(ticket.c.number)
    if wanted.sites:
        query = query.where(ticket.c.notified_site.in_(wanted.sites))
    if wanted.status:
        query = query.where(ticket.c.status == wanted.status)
    if wanted.held is not None:
        query = query.where(ticket.c.held.is_not(None) if wanted.held else ticket.c.held.is_(None))
    with reads(store.reading) as conn:
        found = numbers(conn, query, ticket.c.number, limit)
    for page in pages(found):
        yield from _tickets(store, page)


def find_ticket(store: Store, number: int) -> TicketRow | None:
    """Return the ticket of that number, None when there is none."""
    return next(iter(_tickets(store, [number])), None)


def details(store: Store, number: int) -> Details:
    """Return what else is told of a ticket that there is."""
    query = select(*(ticket.c[name] for name in Details.__slots__))
    with reads(store.reading) as conn:
        return Details(**conn.execute(query.where(ticket.c.number == number)).mappings().one())


def history(store: Store, number: int) -> list[EventRow]:
    """Return a ticket's history, the oldest entry first."""
    columns = [event.c[name] for name in EventRow.__slots__]
    query = select(*columns).where(event.c.ticket == number).order_by(event.c.number)
    with reads(store.reading) as conn:
        rows = [dict(row) for row in conn.execute(query).mappings()]
    return [
        EventRow(
            **row
            | {
                "changes": tuple(tuple(change) for change in row["changes"]),
                "reasons": tuple(row["reasons"]),
                "attachments": tuple((name, size) for name, size in row["attachments"]),
                "notes": tuple(row["notes"]),
                "refusals": tuple(row["refusals"]),
            }
        )
        for row in rows
    ]


def participants(store: Store, number: int) -> list[ParticipantRow]:
    """Return who takes part in a ticket, in the order in which they joined."""
    columns = [participant.c[name] for name in ParticipantRow.__slots__]
    query = select(*columns).where(participant.c.ticket == number).order_by(participant.c.id)
    with reads(store.reading) as conn:
        return [ParticipantRow(**row) for row in conn.execute(query).mappings()]


_RENAMED = {"ticket": "number", "events": "last_event"}
_COLUMNS = [
    ticket.c[_RENAMED.get(name, name)].label(name)
    for name in TicketRow.__slots__
    if name != "message_ids"
]


def _tickets(store: Store, page: Sequence[int]) -> Iterator[TicketRow]:
    query = select(*_COLUMNS).where(ticket.c.number.in_(page)).order_by(ticket.c.number.desc())
    mails = (
        select(mail_ticket.c.ticket, inbox.c.message_id)
        .join(inbox, inbox.c.mail == mail_ticket.c.mail)
        .where(mail_ticket.c.ticket.in_(page))
        .order_by(mail_ticket.c.mail)
    )
    ids: dict[int, dict[str, None]] = defaultdict(dict)
    with reads(store.reading) as conn:
        rows = list(conn.execute(query).mappings())
        for number, message_id in conn.execute(mails):
            if message_id:
                ids[number][message_id] = None
    for row in rows:
        yield TicketRow(**row, message_ids=tuple(ids[row["ticket"]]))
