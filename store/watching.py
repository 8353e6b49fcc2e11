"""What an operator watches: amounts, ages and sizes, read cheaply however many tickets there are.

Rule: nothing here walks a table of all tickets or all mails. What is many is counted when it is
written (store.counters); what waits, failed or is held is found by an index and is few. Any process
may read this; nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Table, func, select, text

from store.counters import read_counters
from store.engine import Store
from store.journal_counters import counters
from store.tables import inbox, outbox, ticket

WAITING = ("waiting", "claimed")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Everything at one moment. Keys that are missing stand for zero.

    `inbox` and `outbox` are by (state, lane), without `done` and `sent`: those are most of the
    rows. `oldest_in` and `oldest_out` are when the first mail still waiting came, and was written.
    """

    doors: Mapping[str, int]
    desk: Mapping[str, int]
    inbox: Mapping[tuple[str, int], int]
    outbox: Mapping[tuple[str, int], int]
    held: Mapping[str, int]
    oldest_in: datetime | None
    oldest_out: datetime | None
    bytes_of: Mapping[str, int]


def read_amounts(store: Store) -> Amounts:
    """Read all of it; raises Deferred when the store cannot be read."""
    doors = counters(store)
    with store.reading() as conn:
        return Amounts(
            doors=doors,
            desk=read_counters(conn),
            inbox=_by_state_and_lane(conn, inbox, ("kept", "broken")),
            outbox=_by_state_and_lane(conn, outbox, (*WAITING, "failed")),
            held=_held(conn),
            oldest_in=_oldest(conn, inbox, inbox.c.mail, inbox.c.received_at, ("kept",)),
            oldest_out=_oldest(conn, outbox, outbox.c.id, outbox.c.date, WAITING),
            bytes_of=_bytes_of(store, conn),
        )


def broken_mails(store: Store) -> int:
    """Return how many mails are set aside for a person; raises Deferred."""
    with store.reading() as conn:
        found = _by_state_and_lane(conn, inbox, ("broken",))
    return sum(found.values())


def _by_state_and_lane(
    conn: Connection, table: Table, states: tuple[str, ...]
) -> dict[tuple[str, int], int]:
    columns = (table.c.state, table.c.lane)
    query = select(*columns, func.count()).where(table.c.state.in_(states)).group_by(*columns)
    return {(state, lane): amount for state, lane, amount in conn.execute(query)}


def _held(conn: Connection) -> dict[str, int]:
    query = select(ticket.c.held, func.count()).where(ticket.c.held.is_not(None))
    return dict(conn.execute(query.group_by(ticket.c.held)).all())


def _oldest(
    conn: Connection,
    table: Table,
    key: Column[int],
    moment: Column[datetime],
    states: tuple[str, ...],
) -> datetime | None:
    """Return the moment of the lowest key: keys are given in the order of time."""
    first = conn.execute(select(func.min(key)).where(table.c.state.in_(states))).scalar()
    if first is None:
        return None
    return conn.execute(select(moment).where(key == first)).scalar()


def _bytes_of(store: Store, conn: Connection) -> dict[str, int]:
    """Return the size of each file of the store, or of the database as a whole."""
    if store.lock_path is None:
        size = conn.execute(text("SELECT pg_database_size(current_database())")).scalar()
        return {"database": int(size or 0)}
    desk = store.lock_path.with_name(store.lock_path.name.removesuffix(".lock"))
    files = [path for base in (desk, desk.with_name("journal.db")) for path in (
        base, base.with_name(base.name + "-wal"))]  # fmt: skip
    return {path.name: path.stat().st_size for path in files if path.exists()}
