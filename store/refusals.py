"""What the doors refused, for thirty days, so that nobody asks in vain where a mail went."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from store.columns import time_text
from store.engine import Store
from store.journal_counters import count_kept, names_of
from store.journal_shared import clean
from store.journal_tables import refusal
from store.upsert import spelt

_REFUSE = (
    "INSERT INTO refusal (at, door, peer, mail_from, recipients, message_id, reply, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a door refused, and with which reply.

    `whole` tells a mail refused at its end from a recipient refused before any text came.
    `message_id` is "" when no header was seen.
    """

    at: datetime
    door: str
    peer: str
    mail_from: str
    recipients: tuple[str, ...]
    reply: str
    reason: str
    message_id: str = ""
    whole: bool = True


def refuse(
    store: Store, refusals: Sequence[Refusal], unlisted: Mapping[str, int] | None = None
) -> None:
    """Write refusals and count them; `unlisted` are counts (by counter name) without a row."""
    with store.journal_writing() as conn:
        if refusals:
            conn.exec_driver_sql(spelt(conn, _REFUSE), [_refusal_row(r) for r in refusals])
        names = [name for r in refusals for name in refusal_names(r)]
        count_kept(conn, names, unlisted or {})


def refusal_names(one: Refusal) -> tuple[str, str]:
    """Return the names of the counters that one refusal raises."""
    return names_of("refused" if one.whole else "refused_recipients", one.door)


def forget_refusals(store: Store, before: datetime) -> int:
    """Delete refusals older than a moment; return how many."""
    with store.journal_writing() as conn:
        return conn.execute(delete(refusal).where(refusal.c.at < before)).rowcount


def refusals(store: Store, limit: int) -> list[Refusal]:
    """Return the newest refusals, newest first. `whole` is not stored and always true."""
    statement = select(refusal).order_by(refusal.c.id.desc()).limit(limit)
    with store.journal_reading() as conn:
        rows = conn.execute(statement).mappings().all()
    return [
        Refusal(
            **{key: value for key, value in row.items() if key not in {"id", "recipients"}},
            recipients=tuple(row["recipients"]),
        )
        for row in rows
    ]


def _refusal_row(one: Refusal) -> tuple[Any, ...]:
    return (
        time_text(one.at),
        one.door,
        clean(one.peer),
        clean(one.mail_from),
        json.dumps(one.recipients),
        clean(one.message_id),
        clean(one.reply),
        clean(one.reason),
    )
