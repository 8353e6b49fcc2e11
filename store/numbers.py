"""Numbers for rows that must be known before they are written."""

from sqlalchemy import Connection, text, update

from store.tables import sequence


def take(conn: Connection, name: str, amount: int) -> int:
    """Take `amount` numbers of a sequence; return the first. Gaps are legal."""
    if not amount:
        return 0
    if conn.dialect.name != "sqlite":
        return _take_apart(conn, name, amount)
    statement = (
        update(sequence)
        .where(sequence.c.name == name)
        .values(next=sequence.c.next + amount)
        .returning(sequence.c.next)
    )
    return int(conn.execute(statement).scalar_one()) - amount


# Its own transaction, without a sync of its own: the caller's commit comes later in the same log,
# so a number that was used is on disk with what used it.
_APART = text(
    "UPDATE sequence SET next = next + :amount WHERE name = :name"
    " AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off' RETURNING next"
)


def _take_apart(conn: Connection, name: str, amount: int) -> int:
    """Take numbers on another connection, so that writers do not queue for the row."""
    with conn.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
        found = own.execute(_APART, {"name": name, "amount": amount}).scalar_one()
    return int(found) - amount
