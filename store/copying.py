"""Copying a whole stopped store into an empty one of the other kind.

All or nothing: the target is written in one transaction (two for SQLite's two files, committed
together at the end), and only after every count and the digest of every raw mail has been compared.
Memory holds a page of rows or one mail. Claims and what roles said of their health are of the
moment and are left behind.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text, true

import store.alarm_tables
import store.clock_tables
import store.relation_tables  # noqa: F401 - they are copied, too
from parsers.errors import Refused
from store.columns import DESK, JOURNAL
from store.engine import Store
from store.journal_tables import delivery, door_health, raw_mail
from store.tables import inbox, lease, outbox, role_health, sequence

PAGE_ROWS = 500
PAGE_BYTES = 4_000_000
SERVED_WITHIN = timedelta(minutes=1)
_OF_THE_MOMENT = (door_health, role_health, lease)
TABLES = tuple(
    table for table in (*JOURNAL.sorted_tables, *DESK.sorted_tables) if table not in _OF_THE_MOMENT
)
Progress = Callable[[str, int, int], None]  # table, rows so far, rows in all


def copy_store(source: Store, target: Store, progress: Progress, now: datetime) -> dict[str, int]:
    """Copy everything; return the number of rows of each table.

    Both must be of this program's revision, and a source in files must be locked by the caller.
    Raises Refused when the target is not empty, one on PostgreSQL is served, or a row or a byte
    did not arrive; nothing is changed then. Deferred as always.
    """
    with ExitStack() as opened:
        old = _Sides(source, opened, writing=False)
        new = _Sides(target, opened, writing=True)
        for side, store, what in ((old, source, "to copy"), (new, target, "to copy into")):
            if store.shared:  # a file has a lock, which the caller holds
                _require_stopped(side, what, now)
        _require_empty(new)
        new.of(sequence).execute(delete(sequence))
        counts = {}
        for table in TABLES:
            counts[table.name] = _copy(table, old.of(table), new.of(table), progress)
        if target.shared:
            counts["inbox"] += _bring_in(new.of(inbox))
            _set_identities(new.of(delivery))
        _check(counts, new)
        _check_digests(new.of(raw_mail), counts["raw_mail"], progress)
        return counts


class _Sides:
    """The connections to one store: one for each group of tables, or one for both."""

    def __init__(self, store: Store, opened: ExitStack, *, writing: bool) -> None:
        journal = store.journal_writing if writing else store.journal_reading
        desk = store.writing if writing else store.reading
        self._desk = opened.enter_context(desk())
        self._journal = self._desk if store.shared else opened.enter_context(journal())
        if store.shared:  # nobody writes meanwhile, and nothing here is cut short
            for name in ("statement", "lock", "idle_in_transaction_session"):
                self._desk.execute(text(f"SET LOCAL {name}_timeout = 0"))
            names = ", ".join(table.name for table in TABLES)
            self._desk.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))

    def of(self, table: Table) -> Connection:
        """Return the connection to the file or database in which a table lies."""
        return self._journal if table.metadata is JOURNAL else self._desk


def _require_stopped(side: _Sides, what: str, now: datetime) -> None:
    for table in (door_health, role_health):
        fresh = select(table.c.name).where(table.c["at"] > now - SERVED_WITHIN).limit(1)
        name = side.of(table).execute(fresh).scalar()
        if name is not None:
            raise Refused(
                f"The store {what} is served: {name} was heard of less than a minute ago. "
                "Stop every daemon on it and try again in a minute."
            )


def _require_empty(new: _Sides) -> None:
    for table in TABLES:
        if table is not sequence and _rows(new.of(table), table):
            raise Refused(
                f"The store to copy into is not empty: there are rows in {table.name}. "
                "Give a new database or file; nothing is ever mixed."
            )


def _copy(table: Table, old: Connection, new: Connection, progress: Progress) -> int:
    total, done = _rows(old, table), 0
    for page in _pages(table, old):
        new.execute(insert(table), page)
        done += len(page)
        progress(table.name, done, total)
    return done


def _pages(table: Table, old: Connection) -> Iterator[list[dict[str, Any]]]:
    step = 1 if table is raw_mail else 100
    query = select(table).order_by(*table.primary_key.columns)
    page: list[dict[str, Any]] = []
    size = 0
    for row in old.execution_options(yield_per=step).execute(query).mappings():
        values = dict(row)
        size += sum(len(value) for value in values.values() if isinstance(value, (str, bytes)))
        page.append(values | _let_go(table, values))
        if len(page) >= PAGE_ROWS or size >= PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page


def _let_go(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row loses: nobody holds it any more."""
    if table is inbox:
        return {"claimed_by": None}
    if table is outbox and row["state"] == "claimed":
        return {"state": "waiting", "claimed_by": None, "claimed_until": None}
    return {}


def _bring_in(new: Connection) -> int:
    """Bring mails into the inbox that the doors had kept and nobody had pulled yet."""
    columns = ("lane", "size", "sha256", "message_id", "content", "received_at")
    known = select(inbox.c.mail).where(inbox.c.mail == delivery.c.id).exists()
    query = select(delivery.c.id.label("mail"), *(delivery.c[name] for name in columns))
    rows = [dict(row) for row in new.execute(query.where(~known)).mappings()]
    if rows:
        new.execute(insert(inbox), [row | {"state": "kept", "reasons": []} for row in rows])
    return len(rows)


def _set_identities(new: Connection) -> None:
    """Let PostgreSQL go on numbering where the rows end; SQLite does so by itself."""
    for table in TABLES:
        if "id" in table.c and table.c.id.autoincrement is True:
            last = new.execute(select(func.max(table.c.id))).scalar()
            if last is not None:
                number = func.setval(func.pg_get_serial_sequence(table.name, "id"), last)
                new.execute(select(number))


def _check(counts: Mapping[str, int], new: _Sides) -> None:
    for table in TABLES:
        found = _rows(new.of(table), table)
        if found != counts[table.name]:
            raise Refused(f"{table.name}: {found} rows arrived of {counts[table.name]}.")


def _check_digests(new: Connection, total: int, progress: Progress) -> None:
    """Read every raw mail back and compare it with its digest."""
    query = select(raw_mail.c.sha256, raw_mail.c.bytes).where(true())
    streamed = new.execution_options(yield_per=1).execute(query)
    for done, row in enumerate(streamed, start=1):
        if sha256(row.bytes).hexdigest() != row.sha256:
            raise Refused(f"The raw mail with the digest {row.sha256} did not arrive as it was.")
        if done % PAGE_ROWS == 0 or done == total:
            progress("digests", done, total)


def _rows(conn: Connection, table: Table) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar_one()
