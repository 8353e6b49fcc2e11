"""The clock of each ticket and what was measured by it, as rows and back.

Written with the decision that they belong to, under the ticket's version.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from router.decision import Decision
from router.ticket import Period, Timing
from router.words import Priority, Status
from store.clock_tables import period, timing
from store.upsert import upsert

_TIMES = ("unit_since", "status_since", "base", "taken_at", "due_at")
_PLAIN = (*_TIMES, "unit", "steps", "due_for")
_WRITTEN = (*_PLAIN, "status", "priority", "waited_s", "waited_before_s")


def read_timings(conn: Connection, numbers: Iterable[int]) -> dict[int, Timing]:
    """Return the clocks of these tickets; those without one are left out."""
    rows = conn.execute(select(timing).where(timing.c.ticket.in_(list(numbers)))).mappings()
    return {
        row["ticket"]: Timing(
            status=Status(row["status"]),
            priority=Priority(row["priority"]),
            waited=timedelta(seconds=row["waited_s"]),
            waited_before=timedelta(seconds=row["waited_before_s"]),
            **{name: row[name] for name in _PLAIN},
        )
        for row in rows
    }


def write_timings(conn: Connection, decisions: Sequence[Decision]) -> None:
    """Write the clocks of numbered decisions, and what was measured."""
    tickets = [one.ticket for one in decisions if one.ticket is not None]
    rows = [_timing_row(one.timing, one.number) for one in tickets if one.timing is not None]
    if rows:
        new = upsert(conn, timing)
        newer = {name: new.excluded[name] for name in _WRITTEN}
        conn.execute(new.on_conflict_do_update(index_elements=["ticket"], set_=newer), rows)
    none = [one.number for one in tickets if one.timing is None and one.version > 1]
    if none:
        conn.execute(delete(timing).where(timing.c.ticket.in_(none)))
    ended = [
        _period_row(each, one.ticket.number)
        for one in decisions
        if one.ticket is not None
        for each in one.periods
    ]
    if ended:
        conn.execute(insert(period), ended)


def _timing_row(value: Timing, number: int) -> dict[str, Any]:
    row = {name: getattr(value, name) for name in _PLAIN}
    return row | {
        "ticket": number,
        "status": str(value.status),
        "priority": str(value.priority),
        "waited_s": int(value.waited.total_seconds()),
        "waited_before_s": int(value.waited_before.total_seconds()),
    }


def _period_row(value: Period, number: int) -> dict[str, Any]:
    return {
        "ticket": number,
        "measure": str(value.measure),
        "unit": value.unit,
        "started_at": value.started_at,
        "ended_at": value.ended_at,
        "working_s": int(value.working.total_seconds()),
        "waited_s": int(value.waited.total_seconds()),
        "late": value.late,
    }
