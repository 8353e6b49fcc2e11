"""Listing alarms and drills: how far each has come, for the command line and the pages.

Reads only; decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.alarm_tables import paging
from store.engine import Store
from store.listing import reads
from store.relation_listing import related_in
from store.tables import ticket


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm. Times are None for what has not happened; `drill` is "" for an actual alarm.

    `related` are the tickets that it hangs together with, as one line.
    """

    ticket: int
    site: str
    vo: str
    status: str
    mode: str
    drill: str
    steps: int
    paged_at: datetime | None
    receipt_at: datetime | None
    answered_at: datetime | None
    answered_by: str
    recovered_at: datetime | None
    over_at: datetime | None
    subject: str
    related: str = ""


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One drill; `began_at` is None until its first alarm was written, the rest are numbers."""

    name: str
    began_at: datetime | None
    alarms: int
    answered: int
    over: int


def alarms(
    store: Store, *, drill: str | None = None, over: bool = False, limit: int | None = None
) -> list[AlarmRow]:
    """Return the alarms, newest first: those of a drill by its name, or all that are no exercise.

    `over` lists those too that are over. Raises Deferred when the store cannot be read.
    """
    with reads(store.reading) as conn:
        return list(_alarms(conn, drill=drill, over=over, limit=limit))


def drills(store: Store) -> list[DrillRow]:
    """Return all drills, the newest first."""
    query = (
        select(
            paging.c.drill.label("name"),
            func.min(paging.c.paged_at).label("began_at"),
            func.count().label("alarms"),
            func.count(paging.c.answered_at).label("answered"),
            func.count(paging.c.over_at).label("over"),
        )
        .where(paging.c.drill != "")
        .group_by(paging.c.drill)
        .order_by(func.max(paging.c.ticket).desc())
    )
    with reads(store.reading) as conn:
        return [DrillRow(**row) for row in conn.execute(query).mappings()]


def _alarms(
    conn: Connection, *, drill: str | None, over: bool, limit: int | None
) -> Iterator[AlarmRow]:
    far = ("mode", "drill", "steps", "paged_at", "receipt_at", "answered_at", "answered_by",
           "recovered_at", "over_at")  # fmt: skip
    query = (
        select(
            paging.c.ticket,
            ticket.c.notified_site.label("site"),
            ticket.c.vo,
            ticket.c.status,
            ticket.c.subject,
            *(paging.c[name] for name in far),
        )
        .join(ticket, ticket.c.number == paging.c.ticket)
        .where(paging.c.drill == (drill or ""))
        .order_by(paging.c.ticket.desc())
    )
    if not over:
        query = query.where(paging.c.over_at.is_(None))
    rows = conn.execute(query if limit is None else query.limit(limit)).mappings().all()
    related = related_in(conn, [row["ticket"] for row in rows])
    for row in rows:
        yield AlarmRow(**row, related=related.get(row["ticket"], ""))
