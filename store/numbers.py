"""Numbers for rows that must be known before they are written."""

from sqlalchemy import Connection, update

from store.tables import sequence


def take(conn: Connection, name: str, amount: int) -> int:
    """Take `amount` numbers of a sequence; return the first. Gaps are legal."""
    if not amount:
        return 0
    statement = (
        update(sequence)
        .where(sequence.c.name == name)
        .values(next=sequence.c.next + amount)
        .returning(sequence.c.next)
    )
    return int(conn.execute(statement).scalar_one()) - amount
