"""The clock itself: when it was last looked at, whether it stands still, and what it counted by.

One row for all daemons on a store; whoever has the lease of the clock writes it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from router.lines.noting import REMIND
from router.words import FINAL, OPEN
from store.clock_tables import clock, timing
from store.tables import reminder, ticket
from store.upsert import upsert

_NAME = "tickets"


@dataclass(frozen=True, slots=True)
class ClockState:
    """As the table has it (`store.clock_tables`). `stopped_at` is None while the clock runs."""

    counted_by: str = ""
    counting_by: str = ""
    counted_to: int = 0
    ticked_at: datetime | None = None
    boot: str = ""
    ahead_s: int = 0
    stopped_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A ticket's next step: when it is due, and for whom ("" for nobody).

    `is_asked_for` marks a day that a supporter wanted to be reminded on; the clock has no part in
    it, so `steps` is 0.
    """

    ticket: int
    due_at: datetime
    due_for: str
    status: str
    steps: int
    is_asked_for: bool = False


def read_clock(conn: Connection) -> ClockState:
    """Return how the clock stands; the defaults before it was ever looked at."""
    columns = [clock.c[name] for name in ClockState.__slots__]
    row = conn.execute(select(*columns).where(clock.c.name == _NAME)).mappings().first()
    return ClockState(**row) if row is not None else ClockState()


def looked(conn: Connection, at: datetime, boot: str, ahead_s: int) -> None:
    """Note that the clock was looked at, and is right."""
    _write(conn, ticked_at=at, boot=boot, ahead_s=ahead_s)


def stop(conn: Connection, at: datetime, why: str) -> None:
    """Let the clock stand still."""
    _write(conn, stopped_at=at, why=why)


def resume(conn: Connection, at: datetime) -> None:
    """Let the clock go on from `at`, whatever it was compared with before.

    The clocks of all tickets are set anew, because some were set by a wrong time.
    """
    _write(conn, stopped_at=None, why="", ticked_at=at, boot="", ahead_s=0, counted_by="")


def counting(conn: Connection, by: str, to: int) -> None:
    """Note how far the clocks are set by other rules."""
    _write(conn, counting_by=by, counted_to=to)


def counted(conn: Connection, by: str) -> None:
    """Note by which rules all clocks are set."""
    _write(conn, counted_by=by, counting_by="", counted_to=0)


def open_after(conn: Connection, number: int, limit: int) -> list[int]:
    """Return the next tickets that are not final, by their number."""
    query = select(ticket.c.number).where(
        ticket.c.number > number, ticket.c.status.not_in([str(one) for one in FINAL])
    )
    return list(conn.execute(query.order_by(ticket.c.number).limit(limit)).scalars())


def count_steps(conn: Connection, now: datetime) -> tuple[int, int]:
    """Return how many tickets have a next step, and of how many it is overdue."""
    count = select(func.count()).select_from(timing)
    planned = conn.execute(count.where(timing.c.due_at.is_not(None))).scalar_one()
    return planned, conn.execute(count.where(timing.c.due_at <= now)).scalar_one()


def count_asked_for(conn: Connection, now: datetime) -> tuple[int, int]:
    """Return how many days supporters wanted to be reminded on, and how many are overdue."""
    count = _asked_for(func.count())
    planned = conn.execute(count).scalar_one()
    return planned, conn.execute(count.where(reminder.c.due_at <= now)).scalar_one()


def next_steps(conn: Connection, limit: int) -> list[NextStep]:
    """Return the steps that come next, days that were asked for among them; the first one first."""
    columns = [timing.c[name] for name in ("ticket", "due_at", "due_for", "status", "steps")]
    query = select(*columns).where(timing.c.due_at.is_not(None))
    rows = conn.execute(query.order_by(timing.c.due_at, timing.c.ticket).limit(limit))
    steps = [NextStep(*row) for row in rows]
    asked = _asked_for(reminder.c.ticket, reminder.c.due_at, reminder.c.detail, ticket.c.status)
    rows = conn.execute(asked.order_by(reminder.c.due_at, reminder.c.id).limit(limit))
    for number, due_at, detail, status in rows:
        whom = detail.partition(" ")[2]  # of "DAY ADDRESS"
        steps.append(NextStep(number, due_at, whom, status, 0, is_asked_for=True))
    return sorted(steps, key=lambda one: (one.due_at, one.ticket))[:limit]


def _asked_for(*columns: Any) -> Any:
    """Select what is kept of the days that were asked for; of what has ended nobody is reminded."""
    joined = select(*columns).join_from(reminder, ticket, ticket.c.number == reminder.c.ticket)
    wanted = (reminder.c.step == REMIND, reminder.c.done_at.is_(None))
    return joined.where(*wanted, ticket.c.status.in_([str(one) for one in sorted(OPEN)]))


def _write(conn: Connection, **values: Any) -> None:
    new = upsert(conn, clock).values(name=_NAME, **values)
    conn.execute(new.on_conflict_do_update(index_elements=["name"], set_=values))
