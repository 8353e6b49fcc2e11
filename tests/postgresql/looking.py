"""What a test looks at in a store that several daemons share."""

from collections import Counter

from sqlalchemy import func, select

from store.engine import Store
from store.tables import inbox, outbox, ticket


def on(url: str) -> dict[str, str]:
    return {"sqlite:///tickets.db": url}


def ends(store: Store) -> tuple[Counter[str], int, int]:
    """Return the outcomes of all mails, the number of tickets, and of tickets with two openings."""
    with store.reading() as conn:
        outcomes = Counter(conn.execute(select(inbox.c.outcome)).scalars().all())
        tickets = conn.execute(select(func.count()).select_from(ticket)).scalar_one()
        firsts = select(inbox.c.message_id).where(inbox.c.outcome == "new")
        said = Counter(conn.execute(firsts).scalars())
    return outcomes, tickets, sum(1 for number in said.values() if number > 1)


def is_still(store: Store) -> bool:
    with store.reading() as conn:
        kept = select(func.count()).select_from(inbox).where(inbox.c.state == "kept")
        left = select(func.count()).select_from(outbox).where(outbox.c.state != "sent")
        return not conn.execute(kept).scalar_one() and not conn.execute(left).scalar_one()
