"""Reading what a digest lists: all that is held, or what one address has not been answered."""

from datetime import datetime

from sqlalchemy import Connection, select

from router.decision import Facts
from router.notices import ANSWERS
from router.ticket import TicketKind
from store.counts import HOUR, how_many
from store.facts import Known
from store.rows import read_tickets
from store.tables import outbox
from store.tables import ticket as ticket_table

MAX_LISTED = 200


def read_held_facts(conn: Connection, known: Known) -> Facts:
    """Return the facts for a digest of all that is held."""
    is_held = ticket_table.c.held.is_not(None)
    alarms_first = (ticket_table.c.wanted != str(TicketKind.ALARM), ticket_table.c.number.desc())
    query = select(ticket_table.c.number).where(is_held).order_by(*alarms_first).limit(MAX_LISTED)
    numbers = conn.execute(query).scalars().all()
    tickets = read_tickets(conn, numbers)
    return Facts(
        known.registry,
        known.roster,
        listed=tuple(tickets[number] for number in numbers),
        listed_total=how_many(conn, ticket_table, is_held),
    )


def read_unanswered_facts(conn: Connection, address: str, known: Known, now: datetime) -> Facts:
    """Return the facts for a digest of the tickets of one address that got no receipt lately."""
    answered = select(outbox.c.ticket).where(
        outbox.c.recipient == address, outbox.c.kind.in_(ANSWERS), outbox.c.date > now - 3 * HOUR
    )
    query = select(ticket_table.c.number).where(
        ticket_table.c.submitter == address,
        ticket_table.c.held.is_(None),
        ticket_table.c.opened_at > now - 2 * HOUR,
        ticket_table.c.number.not_in(answered),
    )
    tickets = read_tickets(conn, conn.execute(query.limit(1_000)).scalars().all())
    return Facts(known.registry, known.roster, listed=tuple(tickets.values()))
