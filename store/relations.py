"""What tickets are to each other: reading it for a decision, and writing what one has changed.

A row says it once for both sides (`store.relation_tables`); read, each side has its own word. What
is read is bounded by the rules: 15 slaves, children or duplicates each (`router.relations`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, union_all

from router.decision import Command, Decision, Mail
from router.lines.relating import NAMES, numbers_in
from router.relations import ABOVE, OPPOSITE, in_order, others
from router.ticket import Entry, Moved, Relation, Ticket, Tie
from store.relation_tables import moved_entry, relation
from store.tables import event, inbox, mail_ticket, thread_id
from store.upsert import upsert

_NAMED = (*NAMES, "unlink")
_KEPT = frozenset({*ABOVE, Tie.CROSS})  # the words in which rows are written
_NEAR = tuple(one for one in Tie if one is not Tie.CROSS)
ReadTickets = Callable[[Connection, Iterable[int]], dict[int, Ticket]]


def read_relations(conn: Connection, numbers: Sequence[int]) -> Mapping[int, tuple[Relation, ...]]:
    """Return what other tickets are to each of these, in the order in which it is shown."""
    mine = select(relation.c.ticket, relation.c.what, relation.c.other)
    rows = conn.execute(
        union_all(
            mine.where(relation.c.ticket.in_(numbers)), mine.where(relation.c.other.in_(numbers))
        )
    )
    found: dict[int, list[Relation]] = defaultdict(list)
    for ticket, word, other in rows:
        what = Tie(word)
        found[ticket].append(Relation(what, other))
        found[other].append(Relation(OPPOSITE[what], ticket))
    return {number: in_order(tuple(found[number])) for number in numbers if number in found}


def named_in(request: Mail | Command) -> tuple[int, ...]:
    """Return the tickets that a request names by a line, or as its other one."""
    lines = request.heard.block.fields if isinstance(request, Mail) else request.lines
    found = [n for one in lines if one.key in _NAMED for n in numbers_in(one.value)]
    if isinstance(request, Command) and request.other:
        found.append(request.other)
    return tuple(dict.fromkeys(found))


def read_related(
    conn: Connection, tickets: Iterable[Ticket], named: Iterable[int], read: ReadTickets
) -> dict[int, Ticket]:
    """Return those that tickets hang together with, the other children of a parent, those named.

    Cross references are left out: nothing follows from them.
    """
    near = [number for one in tickets for number in others(one, *_NEAR)]
    found = read(conn, [*near, *named])
    more = [n for one in found.values() for n in others(one, Tie.CHILD) if n not in found]
    return found | read(conn, more)


def hang_together(conn: Connection, numbers: Iterable[int]) -> set[int]:
    """Return the tickets that a decision on these may change, where several decide at once."""
    wanted = sorted(set(numbers))
    if conn.dialect.name == "sqlite" or not wanted:  # one at a time: nobody needs to ask
        return set()
    near = (relation.c.ticket.in_(wanted), relation.c.other.in_(wanted))
    rows = conn.execute(
        select(relation.c.ticket, relation.c.other).where(
            or_(*near), relation.c.what != str(Tie.CROSS)
        )
    )
    return {number for row in rows for number in row}


def read_entry(
    conn: Connection, ticket: int, number: int, read: Callable[[Any], Any]
) -> Entry | None:
    """Return one entry of a history, and where it was moved to; `read` makes its event."""
    where = (event.c.ticket == ticket, event.c.number == number)
    row = conn.execute(select(event).where(*where)).mappings().first()
    if row is None:
        return None
    gone = select(moved_entry.c.to_ticket).where(
        moved_entry.c.ticket == ticket, moved_entry.c.entry == number
    )
    mail = select(inbox.c.message_id).where(inbox.c.mail == (row["mail"] or 0))
    return Entry(
        number,
        read(row),
        row["mail"] or 0,
        conn.execute(mail).scalar() or "",
        conn.execute(gone).scalar() or 0,
    )


def write_relations(conn: Connection, decisions: Iterable[Decision], now: datetime) -> None:
    """Write the relations that begin and end, and the entries that were moved."""
    new: dict[tuple[int, str, int], None] = {}
    for one in decisions:
        if one.ticket is None:
            continue
        for there in one.unties:
            ticket, what, other = _row(one.ticket.number, there)
            gone = (relation.c.ticket == ticket, relation.c.what == what)
            conn.execute(delete(relation).where(*gone, relation.c.other == other))
        new |= dict.fromkeys(_row(one.ticket.number, there) for there in one.ties)
        if one.moved is not None:
            _write_moved(conn, one.moved, one.ticket, len(one.events), now)
    if new:
        rows = [{"ticket": t, "what": w, "other": o, "since": now} for t, w, o in new]
        conn.execute(upsert(conn, relation).on_conflict_do_nothing(), rows)


def _write_moved(
    conn: Connection, moved: Moved, ticket: Ticket, events: int, now: datetime
) -> None:
    """Mark an entry as moved; answers to its mail find the ticket where it is now."""
    conn.execute(
        insert(moved_entry).values(
            ticket=moved.ticket,
            entry=moved.entry,
            to_ticket=ticket.number,
            to_entry=ticket.last_event - events + 1,
            at=now,
        )
    )
    if not moved.mail:
        return
    link = {"mail": moved.mail, "ticket": ticket.number}
    conn.execute(upsert(conn, mail_ticket).on_conflict_do_nothing(), [link])
    ids = select(inbox.c.message_id).where(inbox.c.mail == moved.mail, inbox.c.message_id != "")
    conn.execute(
        delete(thread_id).where(thread_id.c.ticket == moved.ticket, thread_id.c.message_id.in_(ids))
    )


def _row(ticket: int, there: Relation) -> tuple[int, str, int]:
    if there.what not in _KEPT:
        return there.ticket, str(OPPOSITE[there.what]), ticket
    if there.what is Tie.CROSS and there.ticket < ticket:
        return there.ticket, str(Tie.CROSS), ticket
    return ticket, str(there.what), there.ticket
