"""Spoiling the books of a run that was right, so that a check can be seen to see it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def spoilt(database: Path, statement: str) -> Iterator[None]:
    """Change a copy of the truth, and put the truth back."""
    truth = database.with_name("truth")
    with closing(sqlite3.connect(database, isolation_level=None)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(database, truth)
        conn.execute(statement)
    try:
        yield
    finally:
        for left in ("-wal", "-shm"):
            database.with_name(database.name + left).unlink(missing_ok=True)
        truth.replace(database)
