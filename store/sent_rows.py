"""Outgoing mails that a bounce, a hook or a courier is about, as `decide` wants to know them.

Reads only; what follows from one is for `router.undelivered` and `router.heartbeat`.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from router.found import SentRow
from router.words import MailKind
from store.tables import outbox


def sent_rows(conn: Connection, rows: Sequence[int]) -> dict[int, SentRow]:
    """Return outgoing mails by their row; those that do not exist are left out."""
    if not rows:
        return {}
    names = ("id", "ticket", "recipient", "kind", "state", "values")
    other = outbox.alias()
    alike = (other.c[name] == outbox.c[name] for name in ("ticket", "recipient", "kind"))
    before = (
        select(func.max(other.c.date))
        .where(*alike, other.c.state == "failed", other.c.id < outbox.c.id)
        .where(outbox.c.kind == str(MailKind.ALARM), outbox.c.ticket > 0)
        .scalar_subquery()
        .label("failed_before")
    )
    query = select(*(outbox.c[name] for name in names), before).where(outbox.c.id.in_(rows))
    return {
        row["id"]: SentRow(
            row["id"],
            row["ticket"],
            row["recipient"],
            MailKind(row["kind"]),
            row["state"] == "failed",
            row["values"].get("alarm", {}).get("site", ""),
            row["failed_before"],
        )
        for row in conn.execute(query).mappings()
    }
