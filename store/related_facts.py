"""Reading what `decide` needs to know about the tickets beside the one that a mail belongs to."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from parsers.block import Field
from router.decision import Clue, Mail
from router.leading import led_on
from router.lines.relating import NAMES, numbers_in
from router.relations import CLOSES
from router.ticket import Ticket, TicketEvent
from store.relations import named_in, read_related
from store.rows import read_comments, read_opening, read_tickets

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


def stories_of(
    conn: Connection, lines: Iterable[Field], tickets: Mapping[int, Ticket]
) -> dict[int, tuple[TicketEvent, ...]]:
    """Return the stories of those as which a duplicate or a merged ticket goes on."""
    lines = [one for one in lines if NAMES.get(one.key) in CLOSES]
    named = [n for one in lines for n in numbers_in(one.value)]
    return {number: read_story(conn, tickets[number]) for number in named if number in tickets}


def read_story(conn: Connection, ticket: Ticket) -> tuple[TicketEvent, ...]:
    """Return how a ticket began, and what people added; empty when that is unknown."""
    opening, _ = read_opening(conn, ticket)
    return (opening, *read_comments(conn, ticket.number)) if opening is not None else ()
