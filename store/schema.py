"""Bringing the tables to the revision that this program knows.

Only `upgrade` writes. An upgrade that was killed is run again by the next start: each step is one
transaction. Roles check the revision by `store.revision`, without loading what upgrades.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, insert, select, text, update
from sqlalchemy.exc import DatabaseError, ProgrammingError

import store.alarm_tables
import store.clock_tables
import store.relation_tables  # noqa: F401 - they are of the desk, too
from parsers.errors import Refused
from store.columns import DESK, JOURNAL
from store.engine import Store
from store.pairing import join
from store.tables import sequence

# group -> its tables; alembic writes the group's revision into the table GROUP_revision
GROUPS = {"journal": JOURNAL, "desk": DESK}
UPGRADE_TURN = 0x7570677261  # "upgra"
SEQUENCES = ("ticket", "participant", "outbox")


def upgrade(store: Store, *, first_ticket: int) -> None:
    """Create or upgrade all tables; start numbering tickets at `first_ticket` or later.

    Several may do so at once: on PostgreSQL they take turns, as the file lock makes them on SQLite.
    Raises Refused when a newer program has made them, or they cannot be made here; Deferred when
    the store cannot be written.
    """
    for group in GROUPS:
        with _connection(store, group) as conn:
            try:
                command.upgrade(_config(group, conn), "head")
            except CommandError as error:  # it does not know the revision that it found
                raise Refused(
                    f"The store's {group} tables were made by a newer ticketgate ({error}); "
                    "use that one."
                ) from error
            except ProgrammingError as error:  # no right to, or somebody else's are there
                raise Refused(
                    f"The store's {group} tables cannot be made: {error.orig}. Give us a database "
                    "of our own, whose owner we are."
                ) from error
    with store.writing() as conn:
        _take_turn(conn)
        known = dict(conn.execute(select(sequence.c.name, sequence.c.next)).all())
        for name in SEQUENCES:
            first = first_ticket if name == "ticket" else 1
            if name not in known:
                conn.execute(insert(sequence).values(name=name, next=first))
            elif known[name] < first:
                conn.execute(update(sequence).where(sequence.c.name == name).values(next=first))
    join(store)


def metadata_of(group: str) -> tuple[MetaData, str]:
    """Return a group's tables and the name of its revision table; for the migrations."""
    return GROUPS[group], f"{group}_revision"


def _config(group: str, conn: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", f"store:migrations/{group}")
    config.attributes["connection"] = conn
    config.attributes["group"] = group
    return config


@contextmanager
def _connection(store: Store, group: str) -> Iterator[Connection]:
    writing = store.journal_writing if group == "journal" else store.writing
    try:
        with writing() as conn:
            _take_turn(conn)
            yield conn
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) != sqlite3.SQLITE_NOTADB:
            raise
        engine = store.journal if group == "journal" else store.desk
        raise Refused(f"[store] url: {engine.url.database} is no SQLite database.") from error


def _take_turn(conn: Connection) -> None:
    """Wait for other starts; a step may then take as long as it needs."""
    if conn.dialect.name != "sqlite":
        conn.execute(text("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"))
        conn.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": UPGRADE_TURN})
