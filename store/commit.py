"""T2: all consequences of a batch of requests, in the caller's one transaction.

Numbers, tokens, Message-IDs and dates are given here, because they are made of row numbers. A mail
is committed once: its inbox row moves from kept to done, or nothing of it is written. A ticket is
written only if its version is the one that was read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    case,
    delete,
    insert,
    literal,
    select,
    update,
)

from parsers.evidence import SenderEvidence
from router.addresses import Intent
from router.decision import Decision, Policy, Reminder
from router.naming import name_each_other
from router.ticket import Participant, Ticket
from store.columns import UtcTime
from store.counters import count, counters_moved, counters_of, proof_counters
from store.engine import Conflict
from store.evidence import write_evidence
from store.numbers import take
from store.paging import write_paging
from store.relations import write_relations
from store.rows import event_row, participant_row, ticket_row
from store.sending import write_outgoing
from store.tables import (
    event,
    inbox,
    mail_ticket,
    outbox,
    participant,
    reminder,
    ticket,
)  # fmt: skip
from store.threads import write_threads
from store.timing_rows import write_timings
from store.turns import take_turn
from store.upsert import upsert

__all__ = ["Conflict", "Decided", "write"]

_FINISH = (
    update(inbox)
    .where(inbox.c.mail == bindparam("of"))
    .values(
        state="done",
        claimed_by=None,
        **{
            name: bindparam(name, type_=inbox.c[name].type)
            for name in ("outcome", "intent", "sender", "proven", "reasons", "done_at")
        },
    )
)
# Made once: to build it for each ticket costs more than to run it.
_MOVE = update(ticket).values({c.name: bindparam(c.name, type_=c.type) for c in ticket.c})
_MOVE = _MOVE.where(ticket.c.number == bindparam("of"), ticket.c.version == bindparam("was"))


@dataclass(frozen=True, slots=True)
class Decided:
    """A request's decisions. `mail` is 0 for a command or the clock; `by` holds the claim.

    `again` is a mail that was decided before and is proven only now: what opens, it opens.
    `sender` is shown in listings; `proven` tells a later copy whether it proves more. `evidence` is
    kept with the mail, with the `standing` that it gave; without a mail it is only counted.
    """

    decisions: tuple[Decision, ...]
    mail: int = 0
    intent: Intent = Intent.USER
    by: str = ""
    sender: str = ""
    proven: bool = False
    evidence: SenderEvidence = field(default_factory=SenderEvidence)
    standing: str = ""
    again: int = 0


def write(
    conn: Connection, decided: Sequence[Decided], policy: Policy, now: datetime
) -> dict[int, tuple[int, ...]]:
    """Write a batch; return the tickets of each mail that was written (by its id).

    A mail that is no longer ours (another worker wrote it) is left out. Raises Conflict when a
    ticket's version has moved; the caller's transaction must then be rolled back.
    """
    ours = _finish(conn, decided, now)
    flat = [(one, decision) for one in ours for decision in one.decisions]
    old = counters_of(conn, [decision for _, decision in flat])
    write_evidence(conn, [(one.mail, one.evidence, one.standing) for one in ours if one.mail], now)
    numbered = _number_tickets(conn, [decision for _, decision in flat])
    pairs = [(one, new) for (one, _), new in zip(flat, numbered, strict=True)]
    pairs = [(o, new) for o in ours for new in name_each_other([d for own, d in pairs if own is o])]
    numbered = [new for _, new in pairs]
    write_paging(conn, numbered, now)
    write_timings(conn, numbered)
    write_relations(conn, numbered, now)
    people = _write_people(conn, numbered)
    _write_events(conn, pairs)
    write_threads(conn, numbered)
    write_outgoing(conn, numbered, people, policy, now)
    _write_rest(conn, numbered)
    tickets = {one.mail: _tickets_of(new for owner, new in pairs if owner is one) for one in ours}
    links = [{"mail": m, "ticket": t} for m, numbers in tickets.items() if m for t in numbers]
    links += [{"mail": o.again, "ticket": t} for o in ours if o.again for t in tickets[o.mail]]
    _insert_new(conn, mail_ticket, links)
    for one in (one for one in ours if one.again):
        conn.execute(update(inbox).where(inbox.c.mail == one.again).values(proven=one.proven))
    amounts = Counter(f"outcome.{one.decisions[0].outcome}" for one in ours if one.mail)
    amounts.update(counters_moved(old, numbered))
    amounts.update(proof_counters(one.evidence for one in ours))
    count(conn, amounts)
    return tickets


def _finish(conn: Connection, decided: Sequence[Decided], now: datetime) -> list[Decided]:
    """Move the mails that are still ours to done; return what is to be written."""
    mails = [one.mail for one in decided if one.mail]
    held = (
        select(inbox.c.mail, inbox.c.claimed_by)
        .where(inbox.c.mail.in_(mails), inbox.c.state == "kept")
        .order_by(inbox.c.mail)
        .with_for_update()  # SQLite knows no row locks and leaves the words out
    )
    claims = {tuple(row) for row in conn.execute(held)} if mails else set()
    rows = [_finished(one, now) for one in decided if (one.mail, one.by) in claims]
    if rows:
        conn.execute(_FINISH, rows)
    return [one for one in decided if not one.mail or (one.mail, one.by) in claims]


def _finished(one: Decided, now: datetime) -> dict[str, Any]:
    reasons = dict.fromkeys(str(r) for decision in one.decisions for r in decision.reasons)
    return {
        "of": one.mail,
        "outcome": str(one.decisions[0].outcome),
        "intent": int(one.intent),
        "sender": one.sender,
        "proven": one.proven,
        "reasons": list(reasons),
        "done_at": now,
    }


def _number_tickets(conn: Connection, decisions: Sequence[Decision]) -> list[Decision]:
    """Write every ticket's row; return the decisions with numbers, versions and event counts."""
    fresh = sum(1 for d in decisions if d.ticket is not None and d.ticket.number == 0)
    next_number = take(conn, "ticket", fresh)
    numbered, new_rows = [], []
    for decision in decisions:
        if (old := decision.ticket) is None:
            numbered.append(decision)
            continue
        number = old.number
        if not number:
            number, next_number = next_number, next_number + 1
        new = replace(
            old,
            number=number,
            version=old.version + 1,
            last_event=old.last_event + len(decision.events),
        )
        if not old.number:
            new_rows.append(ticket_row(new))
        else:
            _update_ticket(conn, new, old.version)
        numbered.append(replace(decision, ticket=new))
    if new_rows:
        conn.execute(insert(ticket), new_rows)
    return numbered


def _update_ticket(conn: Connection, new: Ticket, version: int) -> None:
    moved = conn.execute(_MOVE, {**ticket_row(new), "of": new.number, "was": version})
    if moved.rowcount != 1:
        raise Conflict("Please try again.", f"ticket {new.number} changed since version {version}")


def _write_people(
    conn: Connection, decisions: Sequence[Decision]
) -> dict[tuple[int, str, str], int]:
    """Write who joins, is confirmed or leaves; return the row of each (ticket, role, address)."""
    joins = [(d.ticket.number, one) for d in decisions if d.ticket is not None for one in d.joins]
    new = [(number, one) for number, one in joins if not one.row]
    first = take(conn, "participant", len(new))
    rows: dict[tuple[int, str, str], int] = {}
    gone = {one.row for d in decisions for one in d.leaves}
    for decision in decisions:
        if decision.ticket is not None:
            for one in (*decision.ticket.participants, *decision.joins):
                if one.row and one.row not in gone:
                    rows[_person(decision.ticket.number, one)] = one.row
    if gone:
        conn.execute(delete(participant).where(participant.c.id.in_(gone)))
    written = []
    for at, (number, one) in enumerate(new):
        if _person(number, one) not in rows or one.row:
            rows[_person(number, one)] = first + at
            written.append(participant_row(one, first + at, number))
    _insert_new(conn, participant, written)
    for _, one in joins:
        if one.row:
            confirmed = update(participant).where(participant.c.id == one.row)
            conn.execute(confirmed.values(verified=one.verified, mode=str(one.mode)))
    return rows


def _write_events(conn: Connection, pairs: Sequence[tuple[Decided, Decision]]) -> None:
    rows = []
    for owner, decision in pairs:
        if decision.ticket is not None:
            first = decision.ticket.last_event - len(decision.events) + 1
            mail = owner.mail or (owner.again if first == 1 else 0) or None
            mail = None if decision.beside else mail
            moved = decision.moved.mail if decision.moved is not None else 0
            rows += [
                event_row(
                    one, first + at, decision.ticket.number, moved if moved and not at else mail
                )
                for at, one in enumerate(decision.events)
            ]
    if rows:
        conn.execute(insert(event), rows)


def _write_rest(conn: Connection, decisions: Sequence[Decision]) -> None:
    steps = [
        (decision.ticket.number if decision.ticket and one.per_ticket else 0, one)
        for decision in decisions
        for one in decision.reminders
    ]
    take_turn(conn, [f"step {number} {one.step} {one.detail}" for number, one in steps])
    for number, one in steps:
        _keep_reminder(conn, number, one)
    for decision in (d for d in decisions if d.failed_row):
        conn.execute(
            update(outbox)
            .where(outbox.c.id == decision.failed_row, outbox.c.state.in_(("sent", "claimed")))
            .values(state="failed", last_error=decision.failed_why, claimed_by=None)
        )


def _keep_reminder(conn: Connection, number: int, one: Reminder) -> None:
    """Keep a step; one that is kept already is only brought forward."""
    same = (
        reminder.c.ticket == number,
        reminder.c.step == one.step,
        reminder.c.detail == one.detail,
        reminder.c.done_at.is_(None),
    )
    due_at = literal(one.due_at, UtcTime())  # or it would be written as the database's own time
    earlier = case((reminder.c.due_at > due_at, due_at), else_=reminder.c.due_at)
    if conn.execute(update(reminder).where(*same).values(due_at=earlier)).rowcount == 0:
        row = {"ticket": number, "step": one.step, "detail": one.detail, "due_at": one.due_at}
        conn.execute(insert(reminder).values(row))


def _tickets_of(decisions: Iterable[Decision]) -> tuple[int, ...]:
    numbers: list[int] = []
    for decision in decisions:
        if decision.ticket is not None and not decision.beside:
            numbers.append(decision.ticket.number)
        numbers += decision.about
    return tuple(dict.fromkeys(numbers))


def _insert_new(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        conn.execute(upsert(conn, table).on_conflict_do_nothing(), list(rows))


def _person(number: int, one: Participant) -> tuple[int, str, str]:
    return (number, str(one.role), one.address.lower())
