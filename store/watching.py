"""What an operator watches: amounts, ages and sizes, read cheaply however many tickets there are.

Rule: nothing here walks a table of all tickets or all mails. What is many is counted when it is
written (store.counters); what waits, failed or is held is found by an index and is few. Any process
may read this; nothing is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Column, Connection, Table, case, func, select, text

from router.directories import Said
from router.reproof import STEP as REPROVE
from store.alarm_tables import paging
from store.counters import read_counters
from store.directories import DirectoryState, read_states
from store.engine import Store
from store.journal_counters import counters
from store.tables import directory_entry, inbox, outbox, reminder, ticket

WAITING = ("waiting", "claimed")


@dataclass(frozen=True, slots=True)
class DirectoryAmounts:
    """How one directory is. `failing_since` is None when its last answer is the copy in use.

    `entries` are those of the kept copy by their kind; `notes` is how many things in the last
    answer could not be used.
    """

    name: str
    read: bool
    good_at: datetime | None
    failing_since: datetime | None
    entries: Mapping[str, int]
    notes: int


@dataclass(frozen=True, slots=True)
class AlarmAmounts:
    """The alarms of one mode that are not over.

    `without_receipt` are unanswered, too. `oldest_at` is when the first unanswered one was raised.
    """

    open: int
    unanswered: int
    without_receipt: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Amounts:
    """Everything at one moment. Keys that are missing stand for zero.

    `inbox` and `outbox` are by (state, lane), without `done` and `sent`: those are most of the
    rows. `oldest_in` and `oldest_out` are when the first mail still waiting came, and was written.
    `alarms` are by mode.
    """

    doors: Mapping[str, int]
    desk: Mapping[str, int]
    inbox: Mapping[tuple[str, int], int]
    outbox: Mapping[tuple[str, int], int]
    held: Mapping[str, int]
    oldest_in: datetime | None
    oldest_out: datetime | None
    bytes_of: Mapping[str, int]
    reproofs: int = 0
    directories: tuple[DirectoryAmounts, ...] = ()
    alarms: Mapping[str, AlarmAmounts] = field(default_factory=dict)


def read_amounts(store: Store, directories: Iterable[str] = ()) -> Amounts:
    """Read all of it, and of these directories; raises Deferred when the store cannot be read."""
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
            reproofs=_open_steps(conn, REPROVE),
            directories=_directories(conn, list(directories)),
            alarms=_alarms(conn),
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


def _open_steps(conn: Connection, step: str) -> int:
    """Return how many steps of a name are to be done; few are open."""
    is_open = (reminder.c.done_at.is_(None), reminder.c.step == step)
    return conn.execute(select(func.count()).where(*is_open)).scalar() or 0


def _alarms(conn: Connection) -> dict[str, AlarmAmounts]:
    """Return by mode how the alarms are that are not over; they are few, an index finds them."""
    unanswered = paging.c.answered_at.is_(None)
    silent = unanswered & paging.c.receipt_at.is_(None)
    query = select(
        paging.c.mode,
        func.count(),
        func.count(case((unanswered, 1))),
        func.count(case((silent, 1))),
        func.min(case((unanswered, paging.c.paged_at))),
    ).where(paging.c.over_at.is_(None))
    return {row[0]: AlarmAmounts(*row[1:]) for row in conn.execute(query.group_by(paging.c.mode))}


def _directories(conn: Connection, names: list[str]) -> tuple[DirectoryAmounts, ...]:
    if not names:
        return ()
    entry = directory_entry.c
    query = select(entry.directory, entry.kind, func.count()).where(entry.directory.in_(names))
    entries: dict[str, dict[str, int]] = {name: {} for name in names}
    for name, kind, amount in conn.execute(query.group_by(entry.directory, entry.kind)):
        entries[name][kind] = amount
    states = read_states(conn)
    return tuple(_directory(name, states.get(name), entries[name]) for name in names)


def _directory(
    name: str, state: DirectoryState | None, entries: Mapping[str, int]
) -> DirectoryAmounts:
    if state is None or state.said is None:
        return DirectoryAmounts(name, False, None, None, entries, 0)
    failing_since = state.since if state.said is not Said.OK else None
    return DirectoryAmounts(name, True, state.good_at, failing_since, entries, len(state.notes))


def _bytes_of(store: Store, conn: Connection) -> dict[str, int]:
    """Return the size of each file of the store, or of the database as a whole."""
    if store.lock_path is None:
        size = conn.execute(text("SELECT pg_database_size(current_database())")).scalar()
        return {"database": int(size or 0)}
    desk = store.lock_path.with_name(store.lock_path.name.removesuffix(".lock"))
    files = [path for base in (desk, desk.with_name("journal.db")) for path in (
        base, base.with_name(base.name + "-wal"))]  # fmt: skip
    return {path.name: path.stat().st_size for path in files if path.exists()}
