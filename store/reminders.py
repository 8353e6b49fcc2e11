"""Steps of the clock: which are due, and that each is done once.

A step is done by the transaction that sets done_at; whoever comes second finds nothing to do.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, insert, select, update

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
    conn: Connection, now: datetime, limit: int = 100, *, only: str = "", but: str = ""
) -> list[DueStep]:
    """Return the open steps that are due, longest overdue first; `only` or all `but` one name.

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
        query = query.where(reminder.c.step != but)
    return [DueStep(*row) for row in conn.execute(query)]


def mark_done(conn: Connection, row: int, now: datetime) -> bool:
    """Mark a step as done; False when it was done before."""
    statement = update(reminder).where(reminder.c.id == row, reminder.c.done_at.is_(None))
    return conn.execute(statement.values(done_at=now)).rowcount == 1


def postpone(conn: Connection, row: int, due_at: datetime) -> None:
    """Let an open step fall due again later."""
    statement = update(reminder).where(reminder.c.id == row, reminder.c.done_at.is_(None))
    conn.execute(statement.values(due_at=due_at))


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
