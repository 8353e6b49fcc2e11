"""Reading what has fallen due on the clocks of tickets: for whom, and which.

A search by `due_at` alone, so that it costs the same however many tickets there are.
"""

from datetime import datetime

from sqlalchemy import Connection, and_, select, update

from router.decision import Facts
from store.clock_tables import timing
from store.facts import Known
from store.rows import read_tickets

MAX_TOGETHER = 200


def who_is_due(conn: Connection, now: datetime, limit: int) -> list[str]:
    """Return for whom something is due, "" for nobody; each once, at most `limit`."""
    query = select(timing.c.due_for).where(timing.c.due_at <= now).distinct().limit(limit)
    return list(conn.execute(query).scalars())


def read_due_facts(
    conn: Connection, reader: str, known: Known, now: datetime, *, only: int = 0
) -> Facts:
    """Return the facts for what is due for one reader, longest overdue first; or `only` one."""
    is_due = and_(timing.c.due_at <= now, timing.c.due_for == reader)
    if only:
        is_due = and_(is_due, timing.c.ticket == only)
    query = select(timing.c.ticket).where(is_due).order_by(timing.c.due_at, timing.c.ticket)
    numbers = conn.execute(query.limit(MAX_TOGETHER)).scalars().all()
    tickets = read_tickets(conn, numbers)
    return Facts(known.registry, known.roster, listed=tuple(tickets[number] for number in numbers))


def due_tickets(conn: Connection, reader: str, now: datetime) -> list[int]:
    """Return the tickets of what is due for one reader, as many as are looked at together."""
    is_due = and_(timing.c.due_at <= now, timing.c.due_for == reader)
    query = select(timing.c.ticket).where(is_due).order_by(timing.c.due_at, timing.c.ticket)
    return list(conn.execute(query.limit(MAX_TOGETHER)).scalars())


def put_off(conn: Connection, ticket: int, due_at: datetime) -> None:
    """Let the next step of a ticket fall due later, without a word."""
    late = update(timing).where(timing.c.ticket == ticket, timing.c.due_at < due_at)
    conn.execute(late.values(due_at=due_at))
