"""Keeping mails on PostgreSQL, where the doors of several daemons write one journal.

The numbers of a group are taken before its rows are written, so that each is known to be whose, and
the inbox is filled in the same transaction: nobody asks later what is new, which could overlook a
mail whose commit was overtaken. `store.journal` is the front of this.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert

from store.tables import inbox

if TYPE_CHECKING:
    from store.journal import Delivery, NewDelivery

ROWS_A_STATEMENT = 64
_NUMBERS = (
    "SELECT nextval(pg_get_serial_sequence('delivery', 'id'))"
    " FROM generate_series(1, CAST(%s AS int))"
)
_KEEP_RAW = "INSERT INTO raw_mail (sha256, size, bytes) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_KEEP_DELIVERY = (
    "INSERT INTO delivery"
    " (id, raw, sha256, message_id, content, size, lane, envelope, received_at) VALUES "
)
_ONE_DELIVERY = "(%s, (SELECT id FROM raw_mail WHERE sha256 = %s), %s, %s, %s, %s, %s, %s, %s)"


def keep_shared(
    conn: Connection, deliveries: "Sequence[NewDelivery]", rows: Sequence[tuple[Any, ...]]
) -> list[int]:
    """Write a group of mails; `rows` are their delivery rows. Return their numbers in order."""
    if not deliveries:
        return []
    ids = [int(n) for n in conn.exec_driver_sql(_NUMBERS, (len(deliveries),)).scalars()]
    raws = {one.sha256: (one.sha256, len(one.raw), one.raw) for one in deliveries}
    # In one order, so that two groups with the same mails do not lock each other out.
    conn.exec_driver_sql(_KEEP_RAW, [raws[digest] for digest in sorted(raws)])
    numbered = [(mail_id, *row) for mail_id, row in zip(ids, rows, strict=True)]
    for start in range(0, len(numbered), ROWS_A_STATEMENT):
        part = numbered[start : start + ROWS_A_STATEMENT]
        conn.exec_driver_sql(_keep_sql(len(part)), tuple(value for row in part for value in row))
    waiting = [
        inbox_row(mail_id, one.envelope.received_at, one, size=len(one.raw))
        for mail_id, one in zip(ids, deliveries, strict=True)
    ]
    conn.execute(insert(inbox), waiting)
    return ids


def inbox_row(
    mail_id: int, received_at: datetime, one: "NewDelivery | Delivery", *, size: int
) -> dict[str, Any]:
    """Return the row with which a mail comes into the inbox."""
    return {
        "mail": mail_id,
        "lane": one.lane,
        "size": size,
        "sha256": one.sha256,
        "message_id": clean(one.message_id),
        "content": one.content,
        "received_at": received_at,
        "state": "kept",
        "reasons": [],
    }


def clean(text: str) -> str:
    """Return text that every database takes: no lone surrogate, no NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


@lru_cache(maxsize=ROWS_A_STATEMENT)
def _keep_sql(rows: int) -> str:
    return _KEEP_DELIVERY + ", ".join([_ONE_DELIVERY] * rows)
