"""Reading what has fallen due on the clocks of tickets: for whom, and which.

A search by `due_at` alone, so that it costs the same however many tickets there are.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, func, select, update

from router.decision import Facts
from router.ticket import TicketEvent
from router.ticking import MAX_LISTED
from router.words import EventKind, Status
from store.clock_tables import timing
from store.facts import Known
from store.related_facts import read_story
from store.relation_tables import moved_entry
from store.rows import read_event, read_tickets
from store.tables import event


def who_is_due(conn: Connection, now: datetime, limit: int) -> list[str]:
    """Return for whom something is due, "" for nobody; each once, at most `limit`."""
    query = select(timing.c.due_for).where(timing.c.due_at <= now).distinct().limit(limit)
    return list(conn.execute(query).scalars())


def read_due_facts(
    conn: Connection, reader: str, known: Known, now: datetime, *, only: int = 0
) -> Facts:
    """Return the facts for what is due for one reader, longest overdue first; or `only` one.

    With the story of one alone, because only a mail about one ticket has room for it.
    """
    facts = read_listed(conn, [only] if only else due_tickets(conn, reader, now), known)
    if len(facts.listed) == 1:
        (one,) = facts.listed
        facts = replace(facts, stories={one.number: read_story(conn, one)})
    waiting = [one.number for one in facts.listed if one.status is Status.WAITING]
    return replace(facts, asked=_read_asked(conn, waiting)) if waiting else facts


def read_listed(conn: Connection, numbers: Iterable[int], known: Known) -> Facts:
    """Return the facts for something about several tickets, in this order."""
    wanted = list(numbers)
    tickets = read_tickets(conn, wanted)
    listed = tuple(tickets[number] for number in wanted if number in tickets)
    return Facts(known.registry, known.roster, listed=listed)


def due_tickets(conn: Connection, reader: str, now: datetime) -> list[int]:
    """Return the tickets of what is due for one reader, as many as a mail lists."""
    is_due = and_(timing.c.due_at <= now, timing.c.due_for == reader)
    query = select(timing.c.ticket).where(is_due).order_by(timing.c.due_at, timing.c.ticket)
    return list(conn.execute(query.limit(MAX_LISTED)).scalars())


def _read_asked(conn: Connection, numbers: list[int]) -> dict[int, TicketEvent]:
    """Return, by ticket, the last words that everybody may read of before it was set waiting.

    What was moved to another ticket is not said again.
    """
    gone = and_(moved_entry.c.ticket == event.c.ticket, moved_entry.c.entry == event.c.number)
    newest = (
        select(event.c.ticket, func.max(event.c.number).label("number"))
        .join(timing, timing.c.ticket == event.c.ticket)
        .outerjoin(moved_entry, gone)
        .where(
            event.c.ticket.in_(numbers),
            event.c.kind == str(EventKind.COMMENT),
            event.c.internal.is_(False),
            event.c.text != "",
            moved_entry.c.entry.is_(None),
            event.c.at <= timing.c.status_since,
        )
        .group_by(event.c.ticket)
        .subquery()
    )
    of = and_(event.c.ticket == newest.c.ticket, event.c.number == newest.c.number)
    rows = conn.execute(select(event).join(newest, of)).mappings()
    return {row["ticket"]: read_event(row) for row in rows}


def put_off(conn: Connection, ticket: int, due_at: datetime) -> None:
    """Let the next step of a ticket fall due later, without a word."""
    late = update(timing).where(timing.c.ticket == ticket, timing.c.due_at < due_at)
    conn.execute(late.values(due_at=due_at))
