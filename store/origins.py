"""Where a mail lies in an IMAP mailbox: remembered in the transaction that keeps it, and once.

Rule: a place with the same bytes is taken once, whoever hands it in and however often: a thread
that did not wait for the end of a slow commit, or a daemon that was halted while another took the
mailbox over. The key of `mailbox_mail` decides, so nobody has to be locked out for that.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from store.columns import time_text
from store.engine import Store
from store.journal_tables import mailbox_mail
from store.leases import Term, require
from store.upsert import spelt

if TYPE_CHECKING:
    from store.journal import NewDelivery

ROWS_A_STATEMENT = 64
_REMEMBER = (
    "INSERT INTO mailbox_mail (mailbox, uidvalidity, uid, sha256, delivery, at) VALUES {rows}"
    " ON CONFLICT (mailbox, uidvalidity, uid) DO UPDATE"
    " SET sha256 = excluded.sha256, delivery = excluded.delivery, at = excluded.at"
    " WHERE mailbox_mail.delivery IS NULL OR mailbox_mail.sha256 <> excluded.sha256"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mail lies in an IMAP mailbox: its name, UIDVALIDITY and UID (RFC 9051, 2.3.1.1).

    `term` is the lease under which it is taken, None when there is none.
    """

    mailbox: str
    uidvalidity: int
    uid: int
    term: Term | None = None


class PlaceTaken(Exception):  # noqa: N818 - what happened; only `store.journal` sees it
    """A mail of this group was taken from its place before: nothing of the group may be kept."""


def remember_alone(
    sqlite: sqlite3.Connection, deliveries: "Sequence[NewDelivery]", ids: Sequence[int]
) -> None:
    """Write from which places these mails were taken, on SQLite; raises PlaceTaken."""
    for count, values in _parts(deliveries, ids):
        if sqlite.execute(_remember_sql(count), values).rowcount != count:
            raise PlaceTaken


def remember_shared(
    conn: Connection, deliveries: "Sequence[NewDelivery]", ids: Sequence[int]
) -> None:
    """Write from which places these mails were taken; raises PlaceTaken and LeaseLost."""
    for count, values in _parts(deliveries, ids):
        done = conn.exec_driver_sql(spelt(conn, _remember_sql(count)), values)
        if done.rowcount != count:
            raise PlaceTaken
    require(conn, [d.origin.term for d in deliveries if d.origin and d.origin.term])


def _parts(
    deliveries: "Sequence[NewDelivery]", ids: Sequence[int]
) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """Give the rows for one statement after the other: how many, and all their values."""
    rows = [
        (
            one.origin.mailbox,
            one.origin.uidvalidity,
            one.origin.uid,
            one.sha256,
            mail_id,
            time_text(one.envelope.received_at),
        )
        for one, mail_id in zip(deliveries, ids, strict=True)
        if one.origin is not None
    ]
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        part = rows[start : start + ROWS_A_STATEMENT]
        yield len(part), tuple(value for row in part for value in row)


def taken_already(store: Store, deliveries: "Sequence[NewDelivery]") -> dict[int, int]:
    """Return the delivery ids of those that were taken before, by their index here."""
    found = {}
    with store.journal_reading() as conn:
        for index, one in enumerate(deliveries):
            if one.origin is not None:
                statement = select(mailbox_mail.c.delivery).where(
                    mailbox_mail.c.mailbox == one.origin.mailbox,
                    mailbox_mail.c.uidvalidity == one.origin.uidvalidity,
                    mailbox_mail.c.uid == one.origin.uid,
                    mailbox_mail.c.sha256 == one.sha256,
                    mailbox_mail.c.delivery.is_not(None),
                )
                mail_id = conn.execute(statement).scalar_one_or_none()
                if mail_id is not None:
                    found[index] = mail_id
    return found


@lru_cache(maxsize=ROWS_A_STATEMENT)
def _remember_sql(rows: int) -> str:
    return _REMEMBER.format(rows=", ".join(["(?, ?, ?, ?, ?, ?)"] * rows))
