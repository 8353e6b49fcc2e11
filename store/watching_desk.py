"""What is watched of the queues and the clock: open tickets by unit and place, and overdue steps.

Rule: what has ended is never read; the open tickets of each unit are, one by one. So it costs what
is open, and is read less often than what is counted. Any process may read this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from router.decision import Policy
from router.queued import Tally
from store.clock_tables import timing
from store.engine import Store
from store.queue import tallies
from store.tables import reminder


@dataclass(frozen=True, slots=True)
class DeskAmounts:
    """The queue of each unit in numbers, and when the longest overdue step was due, by its sort.

    The sorts are `ticket`, a step of a ticket's clock, and `kept`, any other; None for none.
    `units` are the names that the helpdesk knows.
    """

    queues: Mapping[str, Tally] = field(default_factory=dict)
    overdue: Mapping[str, datetime | None] = field(default_factory=dict)
    units: tuple[str, ...] = ()


def read_desk(store: Store, policy: Policy, now: datetime, known: tuple[str, ...]) -> DeskAmounts:
    """Read all of it; `known` are the units' names. Raises Deferred when it cannot be read."""
    with store.reading() as conn:
        overdue = {"ticket": _ticket_step(conn, now), "kept": _kept_step(conn, now)}
    return DeskAmounts({one.unit: one for one in tallies(store, policy, now)}, overdue, known)


def _ticket_step(conn: Connection, now: datetime) -> datetime | None:
    query = select(timing.c.due_at).where(timing.c.due_at <= now)
    return conn.execute(query.order_by(timing.c.due_at).limit(1)).scalar()


def _kept_step(conn: Connection, now: datetime) -> datetime | None:
    overdue = (reminder.c.done_at.is_(None), reminder.c.due_at <= now)
    query = select(reminder.c.due_at).where(*overdue)
    return conn.execute(query.order_by(reminder.c.due_at).limit(1)).scalar()
