"""An outbox to play with: a real store, and rows as `store.sending` writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from router.addresses import OurAddresses
from router.tokens import Keyring
from store.engine import Store
from store.tables import outbox
from templates.samples import TICKET

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
KEYS = Keyring((b"a secret for the tests alone",))
OURS = OurAddresses("hd.example", "support@hd.example", "team@hd.example", "alarm@hd.example")


class FakeTime:
    """A clock that moves when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **step: float) -> None:
        self.now += timedelta(**step)


def add_row(store: Store, row_id: int = 1, **columns: Any) -> int:
    values = columns.pop("values", TICKET)
    row = {
        "id": row_id,
        "ticket": 42,
        "event": 1,
        "kind": "update",
        "audience": "submitter",
        "recipient": "jo@lab.example",
        "lane": 2,
        "message_id": f"<t.42.{row_id}.00112233445566778899@hd.example>",
        "date": NOW,
        "reply_token": "r" * 37,
        "bounce_token": "b" * 37,
        "in_reply_to": ["<first@lab.example>"],
        "attachments_of": 0,
        "values": dict(values),
        "state": "waiting",
        "due_at": NOW,
        "give_up_at": NOW + timedelta(days=5),
        **columns,
    }
    with store.writing() as conn:
        conn.execute(insert(outbox), [row])
    return row_id


def row_of(store: Store, row_id: int = 1) -> Mapping[str, Any]:
    with store.reading() as conn:
        return dict(conn.execute(select(outbox).where(outbox.c.id == row_id)).mappings().one())


def states(store: Store) -> dict[int, str]:
    with store.reading() as conn:
        return {row.id: row.state for row in conn.execute(select(outbox.c.id, outbox.c.state))}
