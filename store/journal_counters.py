"""What the doors count, as rows of the journal: any process can show them.

Rule: counted in the transaction that keeps or refuses, never beside it.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from store.engine import Store
from store.journal_tables import journal_counter
from store.upsert import spelt

_COUNT = (
    "INSERT INTO journal_counter (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = journal_counter.value + excluded.value"
)


def counters(store: Store) -> dict[str, int]:
    """Return what the doors counted: `accepted`, `refused`, each also with `.DOOR`, and more."""
    statement = select(journal_counter).order_by(journal_counter.c.name)
    with store.journal_reading() as conn:
        return {row.name: row.value for row in conn.execute(statement)}


def try_writing(store: Store) -> None:
    """Write and sync one counter; raises Deferred as long as the store cannot write."""
    with store.journal_writing() as conn:
        count_kept(conn, ["store_probes"])


def names_of(name: str, door: str) -> tuple[str, str]:
    """Return the names of the counters that one mail raises at a door."""
    return name, f"{name}.{door}"


def count_kept(
    conn: Connection, names: Iterable[str], more: Mapping[str, int] | None = None
) -> None:
    """Raise each named counter by one, and others by `more`, in the caller's transaction."""
    counted = Counter(names)
    counted.update(more or {})
    if counted:
        conn.exec_driver_sql(spelt(conn, _COUNT), sorted(counted.items()))


def count_driving(sqlite: sqlite3.Connection, names: Iterable[str]) -> None:
    """Do the same in a transaction of SQLite's own connection."""
    sqlite.executemany(_COUNT, sorted(Counter(names).items()))
