"""Opening the store: engines, transactions, and the order in which processes write.

SQLite is two files beside each other: tickets.db and journal.db. Each writing transaction on
tickets.db first takes a blocking file lock, because SQLite's own wait is a sleeping poll that
starves; then BEGIN IMMEDIATE. Everything is synchronous=FULL in WAL: what was committed stays.
On PostgreSQL both are one database that several daemons may share, and writers wait only for those
who decide on the same mails (`store.turns`). This file never decides what is written.
"""

import fcntl
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from parsers.errors import Deferred
from store import postgres
from store.files import CANNOT_STORE, JOURNAL_FILE, StoreFile, journal_path

JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA journal_size_limit={JOURNAL_LIMIT_BYTES}",
    "PRAGMA wal_autocheckpoint=4000",  # pages, 16 MB: a page that changes often is copied once
)
_BEGIN_WRITING = "BEGIN IMMEDIATE"
ATTEMPTS = 5
PAUSE_S = 0.02  # times the attempt, times chance
T = TypeVar("T")


class Conflict(Deferred):
    """Somebody else was faster: a ticket has changed since it was read, or a deadlock was broken.

    The whole unit may be done again from its reading on.
    """


@dataclass(frozen=True, slots=True)
class Store:
    """The opened store. `desk` and `journal` are the same engine on PostgreSQL.

    `files` are those of SQLite, tickets first; none on PostgreSQL.
    """

    url: str
    desk: Engine
    journal: Engine
    lock_path: Path | None
    files: tuple[StoreFile, ...] = ()
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def shared(self) -> bool:
        """Whether it is one database, which other daemons may use too."""
        return self.desk is self.journal

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside a writing transaction on the desk; commit at the end."""
        with self._my_turn(), _transaction(self.desk, self.files[:1]) as conn:
            yield conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for short reads on the desk."""
        with _as_deferred(self.desk), self.desk.connect() as conn:
            yield conn

    @contextmanager
    def journal_writing(self) -> Iterator[Connection]:
        """Give a connection inside a writing transaction on the journal; commit at the end."""
        with _transaction(self.journal, self.files[1:]) as conn:
            yield conn

    @contextmanager
    def journal_driving(self) -> Iterator[sqlite3.Connection]:
        """Do the same with SQLite's own connection, for the hot path: it costs 100 us less.

        Errors that are neither of the disk nor of a lock are sqlite3's own.
        """
        with _as_deferred(self.journal), closing(self.journal.raw_connection()) as pooled:
            sqlite = cast("sqlite3.Connection", pooled.driver_connection)
            sqlite.execute(_BEGIN_WRITING)
            yield sqlite
            for file in self.files[1:]:
                file.require()  # 250 for a mail in a file that is gone would be a lie
            sqlite.execute("COMMIT")  # without it the pool rolls back

    @contextmanager
    def journal_reading(self) -> Iterator[Connection]:
        """Give a connection for short reads on the journal."""
        with _as_deferred(self.journal), self.journal.connect() as conn:
            yield conn

    @property
    def serve_path(self) -> Path | None:
        """Where a daemon that serves this store locks it, None on a database.

        Beside the journal, which every store of a directory would share.
        """
        return self.lock_path and self.lock_path.with_name(f"{JOURNAL_FILE}.serve")

    def doubts(self) -> list[str]:
        """Return the settings under which a crash of the machine may lose mail; empty when safe."""
        with _as_deferred(self.desk):
            return postgres.doubts(self.desk) if self.shared else []

    def astray(self) -> str:
        """Return which open file was moved away or replaced, and what to do; "" when none was."""
        return "; ".join(gone for file in self.files if (gone := file.astray()))

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
            raise Deferred(CANNOT_STORE, str(error)) from error


def open_store(
    url: str,
    password: str | None = None,
    *,
    make: bool = True,
    files: tuple[StoreFile, ...] = (),
) -> Store:
    """Open the store at an SQLAlchemy URL; raises ValueError for a kind that is not supported.

    With `make` SQLite's files are made when missing; tables are not (see `store.schema`). `files`
    are those that another process has opened: no others will do. `password` is for PostgreSQL.
    Raises Refused when PostgreSQL's driver is missing; nothing is connected yet.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql+psycopg":
        engine = postgres.postgres_engine(parsed.set(password=password) if password else parsed)
        return Store(url, engine, engine, None)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"[store] url: {parsed.get_backend_name()} is not supported")
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("[store] url: SQLite needs a file, e.g. sqlite:///tickets.db")
    desk = Path(parsed.database)
    files = files or (StoreFile(desk, make), StoreFile(journal_path(desk), make))
    tickets, journal = (_sqlite_engine(file) for file in files)
    return Store(url, tickets, journal, desk.with_name(desk.name + ".lock"), files)


def _sqlite_engine(file: StoreFile) -> Engine:
    engine = create_engine(
        f"sqlite:///{file.path}",
        creator=file.connect,
        hide_parameters=True,  # or an error's text would carry mail into the log
        pool_size=8,
        max_overflow=8,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except sqlite3.OperationalError as error:
            raise Deferred(CANNOT_STORE, file.explained(str(error))) from error
        file.remember()

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        options = conn.get_execution_options()
        conn.exec_driver_sql(_BEGIN_WRITING if options.get("writing") else "BEGIN")

    return engine


@contextmanager
def _transaction(engine: Engine, files: tuple[StoreFile, ...]) -> Iterator[Connection]:
    """Commit at the end, into files that lie where they lay; let the first error through.

    On any error it rolls back. SQLite has done so by itself after a full disk or an I/O error, and
    a second ROLLBACK would raise and hide the cause; the connection is thrown away then.
    """
    with _as_deferred(engine), engine.connect().execution_options(writing=True) as conn:
        conn.begin()
        try:
            yield conn
            for file in files:
                file.require()
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
    except PoolTimeoutError as error:
        raise Deferred(CANNOT_STORE, "every connection to the database is in use") from error
    except sqlite3.OperationalError as error:  # of a statement that went to the driver itself
        engine.dispose()
        raise Deferred(CANNOT_STORE, str(error)) from error
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        if engine.dialect.name != "sqlite":
            if postgres.is_clash(error):
                raise Conflict(CANNOT_STORE, said) from error
            if postgres.is_temporary(error):
                raise Deferred(CANNOT_STORE, said) from error
        elif isinstance(error, OperationalError):  # disk full, locked, I/O error
            engine.dispose()
            raise Deferred(CANNOT_STORE, said) from error
        raise


def repeated(unit: Callable[[], T]) -> T:
    """Run a unit of reading and writing; run it again, a few times, when somebody was faster."""
    for attempt in range(1, ATTEMPTS):
        try:
            return unit()
        except Conflict:
            pause(attempt)
    return unit()


def pause(attempt: int) -> None:
    """Wait a moment before the next attempt; by chance, so that two do not meet again."""
    time.sleep(random.random() * PAUSE_S * attempt)  # noqa: S311 - no secret
