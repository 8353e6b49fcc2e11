"""Reading what `decide` needs to know about the tickets beside the one that a mail belongs to."""

from collections.abc import Sequence

from sqlalchemy import Connection

from router.decision import Clue, Mail
from router.leading import led_on
from router.ticket import Ticket
from store.relations import named_in, read_related
from store.rows import read_tickets

Found = Sequence[tuple[Clue, Ticket]]


def to_survivors(conn: Connection, found: Found) -> list[tuple[Clue, Ticket]]:
    """Return clues and tickets, each of a merged ticket with the one that survives."""
    return led_on(found, lambda number: read_tickets(conn, [number]).get(number))


def related_to(conn: Connection, mail: Mail, found: Found) -> dict[int, Ticket]:
    """Return the tickets that what a mail does to its ticket may be about, too."""
    tickets = {ticket.number: ticket for _, ticket in found}
    named = named_in(mail) if tickets else ()
    hangs = any(one.relations for one in tickets.values())
    return read_related(conn, tickets.values(), named, read_tickets) if named or hangs else {}
