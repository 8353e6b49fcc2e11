"""What the command line and the pages show of tickets that hang together. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.engine import Store
from store.listing import reads
from store.relation_tables import moved_entry
from store.relations import read_relations
from store.tables import ticket

PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class RelationRow:
    """Another ticket: what it is to this one, and how it stands."""

    what: str
    ticket: int
    status: str
    subject: str


def relations_of(store: Store, number: int) -> list[RelationRow]:
    """Return what other tickets are to a ticket; raises Deferred when the store cannot be read."""
    with reads(store.reading) as conn:
        there = read_relations(conn, [number]).get(number, ())
        query = select(ticket.c.number, ticket.c.status, ticket.c.subject)
        rows = {
            row.number: row
            for row in conn.execute(query.where(ticket.c.number.in_([r.ticket for r in there])))
        }
    return [
        RelationRow(str(one.what), one.ticket, rows[one.ticket].status, rows[one.ticket].subject)
        for one in there
        if one.ticket in rows
    ]


def related_in(conn: Connection, numbers: Sequence[int]) -> Mapping[int, str]:
    """Return the relations of those of these tickets that have any, as one line each."""
    found: dict[int, str] = {}
    for start in range(0, len(numbers), PAGE_ROWS):
        page = numbers[start : start + PAGE_ROWS]
        for number, there in read_relations(conn, page).items():
            found[number] = "; ".join(f"{one.what} #{one.ticket}" for one in there)
    return found


def moved_from(store: Store, number: int) -> Mapping[int, tuple[int, int]]:
    """Return the entries of a history that were moved, each with its ticket and entry now."""
    columns = (moved_entry.c.entry, moved_entry.c.to_ticket, moved_entry.c.to_entry)
    query = select(*columns).where(moved_entry.c.ticket == number)
    with reads(store.reading) as conn:
        return {row[0]: (row[1], row[2]) for row in conn.execute(query)}
