"""Message-IDs by which later mails find a ticket: of its mails, and of those that they answer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_

from router.decision import Decision
from store.tables import thread_id
from store.upsert import upsert


def write_threads(conn: Connection, decisions: Sequence[Decision]) -> None:
    """Write the Message-IDs that numbered decisions name."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for decision in decisions:
        if decision.ticket is not None:
            number = decision.ticket.number
            for late, ids in ((True, decision.late_parents), (False, decision.thread_ids)):
                for one in ids:
                    row = {"message_id": one, "ticket": number, "late_parent": late}
                    rows[one, number] = row
    if rows:  # a parent that has come is late no more, and stays so
        new = upsert(conn, thread_id)
        stays_late = and_(thread_id.c.late_parent, new.excluded.late_parent)
        conn.execute(
            new.on_conflict_do_update(
                index_elements=["message_id", "ticket"], set_={"late_parent": stays_late}
            ),
            list(rows.values()),
        )
