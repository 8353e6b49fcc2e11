"""Which sites the open tickets notify."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from store.tables import ticket


def tickets_by_site(conn: Connection, statuses: Collection[str]) -> dict[str, list[int]]:
    """Return the tickets of these statuses by notified site; held ones notify nobody yet."""
    query = select(ticket.c.notified_site, ticket.c.number).where(
        ticket.c.notified_site != "",
        ticket.c.held.is_(None),
        ticket.c.status.in_(list(statuses)),
    )
    found: dict[str, list[int]] = {}
    for site, number in conn.execute(query.order_by(ticket.c.number)):
        found.setdefault(site, []).append(number)
    return found
