"""What databases spell differently: inserting rows unless they are there, and parameters."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def upsert(conn: Connection, table: Table) -> Any:
    """Return the dialect's INSERT, which has on_conflict_do_nothing and on_conflict_do_update."""
    if conn.dialect.name == "sqlite":
        return sqlite_insert(table)
    from sqlalchemy.dialects.postgresql import insert  # large, and not needed on SQLite

    return insert(table)


def spelt(conn: Connection, said: str) -> str:
    """Return SQL text, written with `?`, with the driver's own mark for a parameter."""
    return said if conn.dialect.name == "sqlite" else said.replace("?", "%s")
