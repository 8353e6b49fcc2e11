"""Keeping mails on SQLite, where the doors of one daemon alone write the journal.

The hot path of the daemon: it speaks to sqlite3 itself, with few statements, because each one gives
up the interpreter's lock and has to get it back from the event loop. `store.journal` is the front.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.journal import NewDelivery

ROWS_A_STATEMENT = 64
_KEEP_RAW = "INSERT INTO raw_mail (sha256, size, bytes) VALUES {rows} ON CONFLICT DO NOTHING"
_KEEP_DELIVERY = (
    "INSERT INTO delivery"
    " (raw, sha256, message_id, content, size, lane, envelope, received_at) VALUES {rows}"
)
_ONE_DELIVERY = "((SELECT id FROM raw_mail WHERE sha256 = ?), ?, ?, ?, ?, ?, ?, ?)"


def keep_alone(
    sqlite: sqlite3.Connection,
    deliveries: "Sequence[NewDelivery]",
    rows: Sequence[tuple[Any, ...]],
) -> list[int]:
    """Write a group of mails; `rows` are their delivery rows. Return their numbers in order."""
    ids: list[int] = []
    for start in range(0, len(deliveries), ROWS_A_STATEMENT):
        part = rows[start : start + ROWS_A_STATEMENT]
        raws = {d.sha256: d.raw for d in deliveries[start : start + ROWS_A_STATEMENT]}
        sqlite.execute(_raw_sql(len(raws)), _flat((d, len(raw), raw) for d, raw in raws.items()))
        last = sqlite.execute(_delivery_sql(len(part)), _flat(part)).lastrowid or 0
        # One statement in a transaction that alone may write numbers its rows without a gap.
        ids += range(last - len(part) + 1, last + 1)
    return ids


def _flat(rows: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(value for row in rows for value in row)


@lru_cache(maxsize=ROWS_A_STATEMENT)
def _raw_sql(rows: int) -> str:
    return _KEEP_RAW.format(rows=", ".join(["(?, ?, ?)"] * rows))


@lru_cache(maxsize=ROWS_A_STATEMENT)
def _delivery_sql(rows: int) -> str:
    return _KEEP_DELIVERY.format(rows=", ".join([_ONE_DELIVERY] * rows))
