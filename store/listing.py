"""What the command line and the pages list: mails, outgoing mails, refusals. Reads only.

Newest first. The numbers of the rows that fit are read in one go, the rows page by page: a list of
a million rows streams, no read stays open for long, and no row comes twice. A mail that the doors
kept and nobody has pulled yet is listed like one that waits. Tickets are in store.ticket_listing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, func, select
from sqlalchemy.exc import DBAPIError

from parsers.errors import Deferred
from store.engine import Store
from store.journal_tables import delivery, refusal
from store.tables import inbox, mail_ticket, outbox

PAGE = 500


@dataclass(frozen=True, slots=True)
class MailRow:
    """One accepted mail. `outcome` is None until it is decided; `tickets` may be empty.

    `mail_from` is the envelope's sender, "" for the null sender.
    """

    mail: int
    lane: int
    mail_from: str
    message_id: str
    sha256: str
    received_at: datetime
    state: str
    outcome: str | None
    reasons: tuple[str, ...]
    attempts: int
    tickets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """One outgoing mail. `ticket` is 0 for a mail about none."""

    id: int
    ticket: int
    event: int
    kind: str
    audience: str
    recipient: str
    lane: int
    message_id: str
    date: datetime
    state: str
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One mail or recipient that a door refused."""

    id: int
    at: datetime
    door: str
    peer: str
    mail_from: str
    recipients: tuple[str, ...]
    message_id: str
    reply: str
    reason: str


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails to list; empty fields let every mail through."""

    message_id: str = ""
    sha256: str = ""
    state: str = ""
    outcome: str = ""


def mails(store: Store, wanted: MailFilter, limit: int | None = None) -> Iterator[MailRow]:
    """Give the mails that fit, newest first; raises Deferred when the store cannot be read."""
    with reads(store.reading) as conn:
        pulled = conn.execute(select(func.max(inbox.c.mail))).scalar() or 0
        query = select(inbox.c.mail).where(inbox.c.mail <= pulled)
        query = _matching(query, inbox.c.message_id, inbox.c.sha256, wanted)
        if wanted.state:
            query = query.where(inbox.c.state == wanted.state)
        if wanted.outcome:
            query = query.where(inbox.c.outcome == wanted.outcome)
        decided = numbers(conn, query, inbox.c.mail, limit)
    waiting: list[int] = []
    if wanted.state in {"", "kept"} and not wanted.outcome:
        with reads(store.journal_reading) as conn:
            query = select(delivery.c.id).where(delivery.c.id > pulled)
            query = _matching(query, delivery.c.message_id, delivery.c.sha256, wanted)
            waiting = numbers(conn, query, delivery.c.id, limit)
    for page in pages(waiting):
        yield from _waiting_mails(store, page)
    for page in pages(decided if limit is None else decided[: max(0, limit - len(waiting))]):
        yield from _decided_mails(store, page)


def mails_of(store: Store, ticket: int) -> Iterator[MailRow]:
    """Give the mails that belong to a ticket, newest first."""
    with reads(store.reading) as conn:
        query = select(mail_ticket.c.mail).where(mail_ticket.c.ticket == ticket)
        found = numbers(conn, query, mail_ticket.c.mail, None)
    for page in pages(found):
        yield from _decided_mails(store, page)


def outgoing(
    store: Store, *, state: str = "", ticket: int | None = None, limit: int | None = None
) -> Iterator[OutgoingRow]:
    """Give the outgoing mails, newest first."""
    query = select(outbox.c.id)
    if state:
        query = query.where(outbox.c.state == state)
    if ticket is not None:
        query = query.where(outbox.c.ticket == ticket)
    with reads(store.reading) as conn:
        found = numbers(conn, query, outbox.c.id, limit)
    for page in pages(found):
        for row in _rows(store.reading, outbox, outbox.c.id, OutgoingRow.__slots__, page):
            yield OutgoingRow(**row)


def refusals(store: Store, *, limit: int | None = None) -> Iterator[RefusalRow]:
    """Give what was refused at the doors, newest first."""
    with reads(store.journal_reading) as conn:
        found = numbers(conn, select(refusal.c.id), refusal.c.id, limit)
    for page in pages(found):
        slots = RefusalRow.__slots__
        for row in _rows(store.journal_reading, refusal, refusal.c.id, slots, page):
            yield RefusalRow(**row | {"recipients": tuple(row["recipients"])})


@contextmanager
def reads(
    reading: Callable[[], AbstractContextManager[Connection]],
) -> Iterator[Connection]:
    """Give a connection for reading; what the database cannot do becomes Deferred."""
    try:
        with reading() as conn:
            yield conn
    except DBAPIError as error:
        raise Deferred("The store cannot be read at the moment.", str(error.orig)) from error


def numbers(conn: Connection, query: Select[int], key: Column[int], limit: int | None) -> list[int]:
    """Return the keys that `query` finds, the highest first."""
    return list(conn.execute(query.order_by(key.desc()).limit(limit)).scalars())


def pages(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut a list of keys into pages that fit one statement."""
    return (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))


def _matching(
    query: Select[int], message_id: Column[str], sha256: Column[str], wanted: MailFilter
) -> Select[int]:
    if wanted.message_id:
        bare = wanted.message_id.removeprefix("<").removesuffix(">")
        query = query.where(message_id.in_([f"<{bare}>", bare]))
    if wanted.sha256:
        query = query.where(sha256 == wanted.sha256.lower())
    return query


def _rows(
    reading: Callable[[], AbstractContextManager[Connection]],
    table: Table,
    key: Column[int],
    columns: Sequence[str],
    page: Sequence[int],
) -> list[dict[str, Any]]:
    query = select(*(table.c[name] for name in columns)).where(key.in_(page))
    with reads(reading) as conn:
        return [dict(row) for row in conn.execute(query.order_by(key.desc())).mappings()]


_DECIDED = (
    *("mail", "lane", "message_id", "sha256", "received_at"),
    *("state", "outcome", "reasons", "attempts"),
)
_WAITING = ("id", "lane", "message_id", "sha256", "received_at", "envelope")


def _decided_mails(store: Store, page: Sequence[int]) -> Iterator[MailRow]:
    query = select(mail_ticket).where(mail_ticket.c.mail.in_(page)).order_by(mail_ticket.c.ticket)
    tickets: dict[int, list[int]] = defaultdict(list)
    with reads(store.reading) as conn:
        for row in conn.execute(query).mappings():
            tickets[row["mail"]].append(row["ticket"])
    envelopes = _rows(store.journal_reading, delivery, delivery.c.id, ("id", "envelope"), page)
    senders = {row["id"]: row["envelope"]["mail_from"] for row in envelopes}
    for found in _rows(store.reading, inbox, inbox.c.mail, _DECIDED, page):
        mail = found["mail"]
        found["reasons"] = tuple(found["reasons"])
        yield MailRow(**found, mail_from=senders.get(mail, ""), tickets=tuple(tickets[mail]))


def _waiting_mails(store: Store, page: Sequence[int]) -> Iterator[MailRow]:
    for row in _rows(store.journal_reading, delivery, delivery.c.id, _WAITING, page):
        mail, mail_from = row.pop("id"), row.pop("envelope")["mail_from"]
        row |= {"state": "kept", "outcome": None, "reasons": (), "attempts": 0}
        yield MailRow(mail=mail, mail_from=mail_from, **row)
