"""Opening the store: engines, transactions, and the order in which processes write.

SQLite is two files beside each other: tickets.db and journal.db. Each writing transaction on
tickets.db first takes a blocking file lock, because SQLite's own wait is a sleeping poll that
starves; then BEGIN IMMEDIATE. Everything is synchronous=FULL in WAL: what was committed stays.
This file never decides what is written.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from parsers.errors import Deferred

BUSY_TIMEOUT_S = 5.0
JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA journal_size_limit={JOURNAL_LIMIT_BYTES}",
    "PRAGMA wal_autocheckpoint=4000",  # pages, 16 MB: a page that changes often is copied once
)


@dataclass(frozen=True, slots=True)
class Store:
    """The opened store. `desk` and `journal` are the same engine on PostgreSQL."""

    url: str
    desk: Engine
    journal: Engine
    lock_path: Path | None
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside a writing transaction on the desk; commit at the end."""
        with self._my_turn(), _transaction(self.desk) as conn:
            yield conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for short reads on the desk."""
        with _as_deferred(self.desk), self.desk.connect() as conn:
            yield conn

    @contextmanager
    def journal_writing(self) -> Iterator[Connection]:
        """Give a connection inside a writing transaction on the journal; commit at the end."""
        with _transaction(self.journal) as conn:
            yield conn

    @contextmanager
    def journal_reading(self) -> Iterator[Connection]:
        """Give a connection for short reads on the journal."""
        with _as_deferred(self.journal), self.journal.connect() as conn:
            yield conn

    def close(self) -> None:
        """Close every connection."""
        self.desk.dispose()
        self.journal.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self.lock_path is None:
            yield
            return
        with self._turn, self._open_lock() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield  # closing the file gives the turn back, also when the process is killed

    def _open_lock(self) -> IO[bytes]:
        try:
            return cast("Path", self.lock_path).open("ab")
        except OSError as error:  # no descriptors left, the directory is gone
            raise Deferred("The helpdesk cannot store mail at the moment.", str(error)) from error


def open_store(url: str) -> Store:
    """Open the store at an SQLAlchemy URL; raises ValueError for a kind that is not supported.

    The files are made when missing; their tables are not (see `store.schema`).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"[store] url: {parsed.get_backend_name()} is not supported")
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("[store] url: SQLite needs a file, e.g. sqlite:///tickets.db")
    desk = Path(parsed.database)
    return Store(
        url,
        _sqlite_engine(desk),
        _sqlite_engine(desk.with_name("journal.db")),
        desk.with_name(desk.name + ".lock"),
    )


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        hide_parameters=True,  # or an error's text would carry mail into the log
        pool_size=8,
        max_overflow=8,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        options = conn.get_execution_options()
        conn.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")

    return engine


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    """Commit at the end; on any error roll back and let the first error through.

    SQLite has already rolled back by itself after a full disk or an I/O error, and a second
    ROLLBACK would raise and hide the cause; the connection is thrown away then.
    """
    with _as_deferred(engine), engine.connect().execution_options(writing=True) as conn:
        conn.begin()
        try:
            yield conn
            conn.commit()
        except BaseException:
            with suppress(DBAPIError, sqlite3.Error):
                conn.rollback()
            raise


@contextmanager
def _as_deferred(engine: Engine) -> Iterator[None]:
    """Say of a failing store that it is our fault and temporary; IntegrityError goes through."""
    try:
        yield
    except OperationalError as error:  # disk full, locked, I/O error
        engine.dispose()
        raise Deferred("The helpdesk cannot store mail at the moment.", str(error.orig)) from error
