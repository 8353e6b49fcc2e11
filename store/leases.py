"""Leases: which of several daemons on one PostgreSQL does what only one may do at a time.

Rule: a lease is taken and renewed by one conditional statement, by the clock of the database, so
the clocks of the daemons do not matter. Each taking has a new epoch. Whoever writes under a lease
calls `require` in the same transaction. That locks nothing, or a daemon that was stopped in the
middle would keep the others waiting; what is in flight when a lease changes hands must therefore
be unique by a key of its own, as the place of a mail in a mailbox is (`store.journal`).

On SQLite one daemon has the store, so every lease is its own and nothing is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, TextClause, select, text

from parsers.errors import Deferred
from store.engine import Store
from store.tables import lease

_TEXT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_NOW = _TEXT.format("clock_timestamp()")
_UNTIL = _TEXT.format("(clock_timestamp() + make_interval(secs => :seconds))")


def _said(statement: str) -> TextClause:
    """Return a statement, with the time of the database as our columns hold it."""
    return text(statement.replace("<until>", _UNTIL).replace("<now>", _NOW))


_TAKE = _said(
    "INSERT INTO lease (name, holder, epoch, until) VALUES (:name, :holder, 1, <until>)"
    " ON CONFLICT (name) DO UPDATE"
    " SET holder = excluded.holder, epoch = lease.epoch + 1, until = excluded.until"
    " WHERE lease.holder = excluded.holder OR lease.until < <now>"
    " RETURNING epoch"
)
_RENEW = _said(
    "UPDATE lease SET until = <until> WHERE name = :name AND holder = :holder AND epoch = :epoch"
)
_RELEASE = _said(
    "UPDATE lease SET until = '1970-01-01T00:00:00.000000Z'"
    " WHERE name = :name AND holder = :holder AND epoch = :epoch"
)
_HOLDS = _said(
    "SELECT 1 FROM lease WHERE name = :name AND holder = :holder AND epoch = :epoch"
    " AND until >= <now>"
)


_CLOCK = text("SELECT clock_timestamp()")


class LeaseLost(Deferred):
    """Another daemon has the lease, or may have it by now: nothing was written."""


@dataclass(frozen=True, slots=True)
class Term:
    """A lease that was taken: by whom, and which taking of it that was."""

    name: str
    holder: str
    epoch: int


def take(store: Store, what: str, holder: str, seconds: float) -> Term | None:
    """Take the lease on something if it is free, over, or `holder`'s; None when it is another's.

    Raises Deferred when the database does not answer.
    """
    name = _name(what)
    if not store.shared:
        return Term(name, holder, 0)
    with store.writing() as conn:
        values = {"name": name, "holder": holder, "seconds": seconds}
        epoch = conn.execute(_TAKE, values).scalar_one_or_none()
    return None if epoch is None else Term(name, holder, int(epoch))


def renew(store: Store, term: Term, seconds: float) -> bool:
    """Hold a lease for longer, also one that ran out and nobody took; False when it is another's.

    Raises Deferred like `take`.
    """
    if not store.shared:
        return True
    with store.writing() as conn:
        return conn.execute(_RENEW, {**_values(term), "seconds": seconds}).rowcount == 1


def release(store: Store, term: Term) -> None:
    """Give a lease back, if it is still held; raises Deferred like `take`."""
    if store.shared:
        with store.writing() as conn:
            conn.execute(_RELEASE, _values(term))


def holder(store: Store, what: str) -> str:
    """Return who took the lease on something last, "" when nobody ever did."""
    with store.reading() as conn:
        found = conn.execute(select(lease.c.holder).where(lease.c.name == _name(what)))
        return found.scalar_one_or_none() or ""


def time_of(store: Store) -> datetime | None:
    """Return what time it is by a shared database, in UTC; None for a store that is not shared."""
    if not store.shared:
        return None
    with store.reading() as conn:
        said: datetime = conn.execute(_CLOCK).scalar_one()
    return said.astimezone(UTC)


def require(conn: Connection, terms: Iterable[Term]) -> None:
    """Raise LeaseLost unless each of these leases is held now. For a transaction that writes."""
    if conn.dialect.name == "sqlite":
        return
    for term in sorted(set(terms), key=lambda one: one.name):
        if conn.execute(_HOLDS, _values(term)).first() is None:
            raise LeaseLost("The helpdesk is busy.", "another daemon may read the mailbox by now")


def _values(term: Term) -> dict[str, object]:
    return {"name": term.name, "holder": term.holder, "epoch": term.epoch}


def _name(what: str) -> str:
    """Return the key of a lease: names of mailboxes are longer than its column."""
    return sha256(what.encode()).hexdigest()[:40]
