"""PostgreSQL as a store: how we connect, what we ask of the server, which of its errors pass.

Every wait has an end here: a server that is gone, halted or locked up costs seconds, never a hung
door. Text is cleaned where it leaves us, because PostgreSQL takes neither NUL nor lone surrogates.
This file knows no table.
"""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from parsers.errors import Refused

OLDEST = 13
CONNECT_TIMEOUT_S = 5
POOL_TIMEOUT_S = 5.0
RECYCLE_S = 1_800
_NETWORK = {  # libpq's names; what the URL says itself goes first
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives": 1,
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 3,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
    "client_encoding": "utf8",
    "application_name": "ticketgate",
}
_SESSION = (
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '60s'",
)
_CLASHES = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_TOO_BIG = "54"  # program limit exceeded
_SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_AS_SAFE = frozenset({"on", "local", "remote_write", "remote_apply"})


def postgres_engine(url: URL) -> Engine:
    """Return an engine; raises Refused when the driver is missing. Nothing is connected yet."""
    dumper = _clean_text()
    engine = create_engine(
        url,
        connect_args={name: value for name, value in _NETWORK.items() if name not in url.query},
        isolation_level="READ COMMITTED",  # what `store.turns` is built on; servers may differ
        hide_parameters=True,  # or an error's text would carry mail into the log
        pool_size=8,
        max_overflow=8,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,  # a restart of the server between two transactions goes unnoticed
        pool_recycle=RECYCLE_S,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: ConnectionPoolEntry) -> None:
        _require(connection.info)
        connection.adapters.register_dumper(str, dumper)
        with connection.cursor() as cursor:
            cursor.execute("; ".join(_SESSION))
        connection.commit()

    event.listen(engine, "handle_error", _say_less)
    return engine


def _say_less(context: ExceptionContext) -> None:
    """Keep rows out of the log: the server's DETAIL quotes them, and they hold people's mail."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary:
        error.args = (primary,)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__name__}) {primary}",)


def _clean_text() -> type:
    """Return how text is sent: what the database would refuse is replaced as in the journal."""
    try:
        from psycopg.adapt import Dumper  # an extra: SQLite needs no driver
    except ImportError as error:
        raise Refused(
            "[store] url: PostgreSQL needs the driver psycopg, which is not installed; "
            "run `make install EXTRAS=postgres`."
        ) from error

    class CleanText(Dumper):
        def dump(self, obj: str) -> bytes:
            return obj.encode("utf-8", "replace").replace(b"\0", b"\xef\xbf\xbd")

    return CleanText


def _require(server: Any) -> None:
    """Refuse a server that cannot keep what we give it."""
    if server.server_version < OLDEST * 10_000:
        found = server.server_version // 10_000
        raise Refused(f"[store] url: PostgreSQL {found} is too old; {OLDEST} or newer is needed.")
    encoding = server.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Refused(
            f"[store] url: the database is encoded in {encoding}; make one with "
            "`createdb --encoding=UTF8 --template=template0`."
        )


def doubts(engine: Engine) -> list[str]:
    """Return the settings under which a crash of the server may lose mail; empty when safe."""
    found = []
    with engine.connect() as conn:
        for name, safe in _SAFE.items():
            value = conn.exec_driver_sql(f"SHOW {name}").scalar_one()
            if value not in ({safe} | _AS_SAFE if name == "synchronous_commit" else {safe}):
                found.append(f"{name} = {value}")
    return found


def is_temporary(error: DBAPIError) -> bool:
    """Whether the server or the way to it is the cause, and not a row of ours.

    InternalError is what a server says that became a read-only standby. A row that is too big for
    an index or a statement (class 54) stays so: waiting for the server would hold up all others.
    """
    if str(getattr(error.orig, "sqlstate", "")).startswith(_TOO_BIG):
        return False
    kinds = (OperationalError, InterfaceError, InternalError)
    return error.connection_invalidated or isinstance(error, kinds)


def is_clash(error: DBAPIError) -> bool:
    """Whether two transactions stood in each other's way: the whole unit may be done again."""
    return getattr(error.orig, "sqlstate", None) in _CLASHES
