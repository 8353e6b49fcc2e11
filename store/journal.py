"""T1, the journal: what the doors keep before they answer 250, and what they refused.

Rule: one call of `keep` is one transaction and one sync to disk, however many mails it holds. The
bytes of a mail are stored once; each 250 has a delivery row of its own. Nothing here reads a mail,
and nothing is ever changed: only refusals are forgotten after their time.

On PostgreSQL the inbox lies beside it, so a mail is put there in the same transaction.

How the rows are written is in `store.journal_alone` and, for PostgreSQL, `store.journal_shared`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, select

from parsers.envelope import Envelope
from store.columns import time_text
from store.engine import Store, repeated
from store.journal_alone import keep_alone
from store.journal_counters import count_driving, count_kept, names_of
from store.journal_shared import clean, keep_shared
from store.journal_tables import delivery, raw_mail
from store.origins import (
    Origin,
    PlaceTaken,
    remember_alone,
    remember_shared,
    taken_already,
)

_DELIVERY_COLUMNS = tuple(column for column in delivery.columns if column.name != "raw")


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One accepted mail on its way to the disk. `content` is the digest without trace headers.

    `origin` is remembered in the same transaction, so that a mail is taken from a mailbox once.
    """

    envelope: Envelope
    raw: bytes
    sha256: str
    content: str
    message_id: str
    lane: int
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One kept mail without its bytes. `id` is the mail's number everywhere else."""

    id: int
    envelope: Envelope
    sha256: str
    message_id: str
    content: str
    lane: int
    size: int


def keep(
    store: Store, deliveries: Sequence[NewDelivery], begun: Callable[[], None] | None = None
) -> list[int]:
    """Write a group of mails in one transaction; return their delivery ids in the same order.

    All or nothing. When it returns, the mails are on disk. `begun` is called when it is our turn
    to write, from when on the outcome is open. Raises Deferred when the store cannot write at all,
    LeaseLost when one was read from a mailbox that is another daemon's now; any other exception is
    the fault of a row, so try again one by one. A mail that was taken from its place in a mailbox
    before is not written again: its id is the one that it got then.
    """
    try:
        if store.shared:
            return repeated(lambda: _keep(store, deliveries, begun))
        return _keep(store, deliveries, begun)
    except PlaceTaken:
        known = taken_already(store, deliveries)
        if not known:  # the same place twice in this group
            raise
    fresh = [index for index in range(len(deliveries)) if index not in known]
    ids = keep(store, [deliveries[index] for index in fresh], begun)
    known |= dict(zip(fresh, ids, strict=True))
    return [known[index] for index in range(len(deliveries))]


def _keep(
    store: Store, deliveries: Sequence[NewDelivery], begun: Callable[[], None] | None
) -> list[int]:
    rows = [_delivery_row(one) for one in deliveries]
    names = [name for one in deliveries for name in names_of("accepted", one.envelope.door)]
    if store.shared:
        with store.journal_writing() as conn:
            if begun is not None:
                begun()
            ids = keep_shared(conn, deliveries, rows)
            remember_shared(conn, deliveries, ids)
            count_kept(conn, names)
        return ids
    with store.journal_driving() as sqlite:
        if begun is not None:
            begun()
        ids = keep_alone(sqlite, deliveries, rows)
        remember_alone(sqlite, deliveries, ids)
        count_driving(sqlite, names)
    return ids


def read_raw(store: Store, mail_id: int) -> bytes:
    """Return the bytes of one delivery; raises LookupError when there is none."""
    raws = read_raws(store, (mail_id,))
    if mail_id not in raws:
        raise LookupError(f"no delivery {mail_id}")
    return raws[mail_id]


def read_raws(store: Store, ids: Iterable[int]) -> dict[int, bytes]:
    """Return the bytes of several deliveries by id; ids that do not exist are left out."""
    statement = (
        select(delivery.c.id, raw_mail.c.bytes)
        .join(raw_mail, raw_mail.c.id == delivery.c.raw)
        .where(delivery.c.id.in_(list(ids)))
    )
    with store.journal_reading() as conn:
        return {row.id: bytes(row.bytes) for row in conn.execute(statement)}


def read_delivery(store: Store, mail_id: int) -> Delivery:
    """Return one delivery; raises LookupError when there is none."""
    found = read_deliveries(store, (mail_id,))
    if mail_id not in found:
        raise LookupError(f"no delivery {mail_id}")
    return found[mail_id]


def read_deliveries(store: Store, ids: Iterable[int]) -> dict[int, Delivery]:
    """Return several deliveries by id; ids that do not exist are left out."""
    statement = select(*_DELIVERY_COLUMNS).where(delivery.c.id.in_(list(ids)))
    with store.journal_reading() as conn:
        return {row["id"]: _delivery(row) for row in conn.execute(statement).mappings()}


def deliveries_after(store: Store, mail_id: int, limit: int) -> list[Delivery]:
    """Return the deliveries with a greater id, oldest first, at most `limit`."""
    statement = (
        select(*_DELIVERY_COLUMNS)
        .where(delivery.c.id > mail_id)
        .order_by(delivery.c.id)
        .limit(limit)
    )
    with store.journal_reading() as conn:
        return [_delivery(row) for row in conn.execute(statement).mappings()]


def _delivery_row(one: NewDelivery) -> tuple[Any, ...]:
    return (
        one.sha256,
        one.sha256,
        clean(one.message_id),
        one.content,
        len(one.raw),
        one.lane,
        _envelope_json(one.envelope),
        time_text(one.envelope.received_at),
    )


def _envelope_json(envelope: Envelope) -> str:
    """Return all fields but the time, which has a column of its own."""
    return json.dumps(
        {
            "door": envelope.door,
            "peer": envelope.peer,
            "helo": envelope.helo,
            "mail_from": envelope.mail_from,
            "recipients": envelope.recipients,
            "submitted": envelope.submitted,
            "tls": envelope.tls,
            "faults": [str(fault) for fault in envelope.faults],
            **({"mailbox": envelope.mailbox} if envelope.mailbox else {}),
        }
    )


def _delivery(row: RowMapping) -> Delivery:
    said = dict(row["envelope"])
    envelope = Envelope(
        **said | {"recipients": tuple(said["recipients"]), "faults": tuple(said["faults"])},
        received_at=row["received_at"],
    )
    kept = {name: row[name] for name in Delivery.__dataclass_fields__ if name != "envelope"}
    return Delivery(envelope=envelope, **kept)
