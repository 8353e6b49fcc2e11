"""The kept steps of daily digests: an open one for each unit that gets one.

A step is kept here when there is none, or brought forward; the step itself keeps the one after it.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from router.unit_digest import STEP, read_detail, step_detail
from store.tables import reminder
from store.turns import take_turn


def open_digests(conn: Connection) -> dict[str, tuple[int, datetime, datetime]]:
    """Return by unit its open step: the row, when the last digest was, when the next is due."""
    query = select(reminder.c.id, reminder.c.detail, reminder.c.due_at).where(
        reminder.c.done_at.is_(None), reminder.c.step == STEP
    )
    found = {}
    for row, detail, due_at in conn.execute(query):
        since, unit = read_detail(detail)
        found[unit] = (row, since, due_at)
    return found


def keep_first(conn: Connection, units: Iterable[tuple[str, datetime]], now: datetime) -> None:
    """Keep the first digest of each unit, due at its time, unless there is an open one."""
    take_turn(conn, [f"step 0 {STEP} first"])
    there = open_digests(conn)
    rows = [
        {"ticket": 0, "step": STEP, "detail": step_detail(unit, now), "due_at": due_at}
        for unit, due_at in units
        if unit not in there
    ]
    if rows:
        conn.execute(insert(reminder), rows)


def bring_forward(conn: Connection, row: int, due_at: datetime) -> None:
    """Let an open step fall due earlier."""
    later = update(reminder).where(reminder.c.id == row, reminder.c.done_at.is_(None))
    conn.execute(later.where(reminder.c.due_at > due_at).values(due_at=due_at))
