"""Counters as table rows, written in the transaction that they count: any process can show them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Table, select

from parsers.evidence import SenderEvidence
from router.decision import Decision
from store.measured import measured_counters
from store.tables import counter, ticket
from store.upsert import upsert

SILENCES = "dns.unanswered"
_TICKETS = "tickets."
_PROOFS = "proof."


def count(conn: Connection, amounts: Mapping[str, int], table: Table = counter) -> None:
    """Add `amounts` to the named counters; zeros are left out."""
    rows = [{"name": name, "value": value} for name, value in sorted(amounts.items()) if value]
    if not rows:
        return
    statement = upsert(conn, table)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": table.c.value + statement.excluded.value}
        ),
        rows,
    )


def read_counters(conn: Connection, table: Table = counter) -> dict[str, int]:
    """Return all counters; empty before the first."""
    return dict(conn.execute(select(table.c.name, table.c.value)).all())


def mails_by_outcome(conn: Connection) -> dict[str, int]:
    """Return how many mails ended in each outcome; outcomes that never happened are left out."""
    prefix = "outcome."
    found = read_counters(conn)
    return {n.removeprefix(prefix): v for n, v in sorted(found.items()) if n.startswith(prefix)}


def proof_counters(collected: Iterable[SenderEvidence]) -> Counter[str]:
    """Return what the counters of proofs, and of questions without an answer, change by."""
    amounts = Counter[str]()
    for evidence in collected:
        amounts.update(f"{_PROOFS}{one.kind}.{one.status}" for one in evidence.proofs)
        amounts[SILENCES] += evidence.silences
    return amounts


def proofs_in(counters: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Return how many proofs there were by (kind, status), out of all counters."""
    return {
        (kind, status): value
        for name, value in counters.items()
        if name.startswith(_PROOFS)
        for kind, _, status in [name.removeprefix(_PROOFS).partition(".")]
    }


def tickets_by_status(conn: Connection) -> dict[str, int]:
    """Return how many tickets are in each status; a status without any is left out."""
    found: Counter[str] = Counter()
    for (status, _), value in tickets_in(read_counters(conn)).items():
        found[status] += value
    return dict(sorted(found.items()))


def ticket_counter(status: str, kind: str) -> str:
    """Return the name of the counter of all tickets of a status and kind."""
    return f"{_TICKETS}{status}.{kind}"


def tickets_in(counters: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Return how many tickets there are by (status, kind), out of all counters; zeros left out."""
    return {
        (status, kind): value
        for name, value in counters.items()
        if name.startswith(_TICKETS) and value
        for status, _, kind in [name.removeprefix(_TICKETS).partition(".")]
    }


def counters_of(conn: Connection, decisions: Sequence[Decision]) -> dict[int, str]:
    """Return the counter in which each ticket that is going to change stands now."""
    numbers = [d.ticket.number for d in decisions if d.ticket is not None and d.ticket.number]
    if not numbers:
        return {}
    query = select(ticket.c.number, ticket.c.status, ticket.c.kind)
    found = conn.execute(query.where(ticket.c.number.in_(numbers)))
    return {row.number: ticket_counter(row.status, row.kind) for row in found}


def counters_moved(old: Mapping[int, str], decisions: Sequence[Decision]) -> Counter[str]:
    """Return what the counters of tickets, and of what was measured of them, change by."""
    places, amounts = dict(old), measured_counters(decisions)
    for one in (d.ticket for d in decisions if d.ticket is not None):
        new = ticket_counter(one.status, one.kind)
        if one.number in places:
            amounts[places[one.number]] -= 1
        amounts[new] += 1
        places[one.number] = new
    return amounts
