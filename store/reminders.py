"""Steps of the clock: which are due, and that each is done once.

A step is done by the transaction that sets done_at; whoever comes second finds nothing to do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, insert, select, update

from router.ticket import TicketKind
from store.tables import reminder, ticket
from store.turns import take_turn


@dataclass(frozen=True, slots=True)
class DueStep:
    """A kept step that is due; `ticket` is 0 for one of the whole helpdesk."""

    row: int
    ticket: int
    step: str
    detail: str


def due_steps(
    conn: Connection, now: datetime, limit: int = 100, *, only: str = "", but: Collection[str] = ()
) -> list[DueStep]:
    """Return the open steps that are due, longest overdue first; `only` one name or all `but` some.

    Those of a wanted alarm come before the others.
    """
    query = (
        select(reminder.c.id, reminder.c.ticket, reminder.c.step, reminder.c.detail)
        .outerjoin(ticket, ticket.c.number == reminder.c.ticket)
        .where(reminder.c.done_at.is_(None), reminder.c.due_at <= now)
        .order_by(case((ticket.c.wanted == str(TicketKind.ALARM), 0), else_=1), reminder.c.due_at)
        .limit(limit)
    )
    if only:
        query = query.where(reminder.c.step == only)
    if but:
        query = query.where(reminder.c.step.not_in(but))
    return [DueStep(*row) for row in conn.execute(query)]


def mark_done(conn: Connection, row: int, now: datetime) -> bool:
    """Mark a step as done; False when it was done before."""
    statement = update(reminder).where(reminder.c.id == row, reminder.c.done_at.is_(None))
    return conn.execute(statement.values(done_at=now)).rowcount == 1


def postpone(conn: Connection, row: int, due_at: datetime) -> None:
    """Let an open step fall due again later."""
    statement = update(reminder).where(reminder.c.id == row, reminder.c.done_at.is_(None))
    conn.execute(statement.values(due_at=due_at))


def who_wanted(conn: Connection, step: str, now: datetime, limit: int) -> list[str]:
    """Return who wanted to be reminded by now: of "DAY ADDRESS", the addresses; each once."""
    query = select(reminder.c.detail).where(*_open(step, now)).distinct()
    details = conn.execute(query.order_by(reminder.c.detail)).scalars()
    return list(dict.fromkeys(detail.partition(" ")[2] for detail in details))[:limit]


def take_wanted(  # noqa: PLR0917 - plain arguments of a query
    conn: Connection, step: str, reader: str, now: datetime, limit: int, only: int = 0
) -> tuple[int, ...]:
    """Mark as done what one reader wanted to be reminded of by now; return the tickets.

    Of all of them, or of `only` one.
    """
    query = select(reminder.c.id, reminder.c.ticket).where(*_wanted(step, reader, now))
    if only:
        query = query.where(reminder.c.ticket == only)
    rows = conn.execute(query.order_by(reminder.c.due_at, reminder.c.id).limit(limit)).all()
    mine = [ticket for row, ticket in rows if mark_done(conn, row, now)]
    return tuple(dict.fromkeys(mine))


def wanted_of(conn: Connection, step: str, reader: str, now: datetime, limit: int) -> list[int]:
    """Return the tickets that one reader wanted to be reminded of by now; each once."""
    query = select(reminder.c.ticket).where(*_wanted(step, reader, now))
    rows = conn.execute(query.order_by(reminder.c.due_at, reminder.c.id).limit(limit))
    return list(dict.fromkeys(rows.scalars()))


def postpone_wanted(  # noqa: PLR0917 - plain arguments of a query
    conn: Connection, step: str, reader: str, of: int, now: datetime, due_at: datetime
) -> None:
    """Let what one reader wanted to be reminded of about a ticket fall due again later."""
    late = update(reminder).where(*_wanted(step, reader, now), reminder.c.ticket == of)
    conn.execute(late.values(due_at=due_at))


def _wanted(step: str, reader: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return *_open(step, now), reminder.c.detail.endswith(f" {reader}", autoescape=True)


def _open(step: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return reminder.c.step == step, reminder.c.done_at.is_(None), reminder.c.due_at <= now


def keep_once(
    conn: Connection, step: str, due_at: datetime, *, ticket: int = 0, detail: str = ""
) -> None:
    """Keep a step unless it is open already; an open one is left as it is."""
    take_turn(conn, [f"step {ticket} {step} "])  # the word of store.commit for the same step
    open_ones = select(reminder.c.id).where(
        reminder.c.ticket == ticket, reminder.c.step == step, reminder.c.done_at.is_(None)
    )
    if conn.execute(open_ones.limit(1)).first() is None:
        row = {"ticket": ticket, "step": step, "detail": detail, "due_at": due_at}
        conn.execute(insert(reminder).values(row))
