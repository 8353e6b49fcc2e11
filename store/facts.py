"""Reading what `decide` needs to know about a batch of mails, a few queries for all of them.

Never decides: it looks up what the clues name and counts what the policy limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, tuple_

from parsers.registry import Registry
from parsers.roster import Roster
from router.addresses import Intent
from router.decision import Clue, Counts, Earlier, Facts, Mail, Policy, SentRow
from router.opening import author_of
from router.thread import bounce_token_row, strongest_intent, thread
from router.ticket import Ticket
from router.words import MailKind, Reason
from store.rows import read_opening, read_tickets
from store.tables import event, inbox, mail_ticket, outbox, thread_id
from store.tables import ticket as ticket_table

ANSWERS = (MailKind.RECEIPT, MailKind.HELD, MailKind.REFUSAL)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """A mail, its identity, and the clues that `router.thread` gave for it."""

    mail: Mail
    content: str
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The directories as they are now."""

    registry: Registry
    roster: Roster


def questions(
    mails: Sequence[tuple[Mail, str]], policy: Policy, now: datetime
) -> tuple[Question, ...]:
    """Return what to look up for mails given with their content digest."""
    return tuple(Question(mail, content, thread(mail, policy, now)) for mail, content in mails)


def read_facts(
    conn: Connection, asked: Sequence[Question], known: Known, policy: Policy, now: datetime
) -> tuple[Facts, ...]:
    """Return the facts for each question, in order."""
    by_id = _tickets_by_message_id(conn, asked)
    rows = {one.mail.mail_id: bounce_token_row(one.mail, policy, now) for one in asked}
    sent = _sent_rows(conn, [row for row in rows.values() if row])
    numbers = [n for one in asked for clue in one.clues for n in _named(clue, by_id)]
    tickets = read_tickets(conn, [*numbers, *(s.ticket for s in sent.values() if s.ticket)])
    earlier = _earlier(conn, asked)
    facts = []
    for one in asked:
        found = [
            (clue, tickets[number])
            for clue in one.clues
            for number in _named(clue, by_id)
            if number in tickets
        ]
        about = sent.get(rows[one.mail.mail_id])
        if about is not None and about.ticket in tickets:
            bounced = Clue(Reason.BOUNCED, ticket=about.ticket)
            found.append((bounced, tickets[about.ticket]))
        facts.append(
            Facts(
                known.registry,
                known.roster,
                found=tuple(found),
                earlier=earlier.get(one.mail.mail_id),
                sent=about,
                counts=_counts(conn, one.mail, found, policy, now),
            )
        )
    return tuple(facts)


def read_ticket_facts(conn: Connection, number: int, known: Known) -> Facts:
    """Return the facts for a command about one ticket."""
    found = tuple(
        (Clue(Reason.THREAD_TAG, ticket=number), ticket)
        for ticket in read_tickets(conn, [number]).values()
    )
    opening, mail = read_opening(conn, number)
    return Facts(known.registry, known.roster, found=found, opening=opening, opening_mail=mail)


def read_sent_facts(conn: Connection, row: int, known: Known) -> Facts:
    """Return the facts about an outgoing mail in a courier's hand, and its ticket if it has one.

    A row that is in nobody's hand was followed up before: then there are none.
    """
    held = select(outbox.c.id).where(outbox.c.id == row, outbox.c.state == "claimed")
    about = _sent_rows(conn, [row]).get(row) if conn.execute(held).first() else None
    numbers = [about.ticket] if about is not None and about.ticket else []
    found = tuple(
        (Clue(Reason.BOUNCED, ticket=number), ticket)
        for number, ticket in read_tickets(conn, numbers).items()
    )
    return Facts(known.registry, known.roster, found=found, sent=about)


def read_held_facts(conn: Connection, known: Known) -> Facts:
    """Return the facts for a digest of all that is held."""
    query = select(ticket_table.c.number).where(ticket_table.c.held.is_not(None)).limit(1_000)
    tickets = read_tickets(conn, conn.execute(query).scalars().all())
    return Facts(known.registry, known.roster, listed=tuple(tickets.values()))


def read_unanswered_facts(conn: Connection, address: str, known: Known, now: datetime) -> Facts:
    """Return the facts for a digest of the tickets of one address that got no receipt lately."""
    answered = select(outbox.c.ticket).where(
        outbox.c.recipient == address, outbox.c.kind.in_(ANSWERS), outbox.c.date > now - 3 * HOUR
    )
    query = select(ticket_table.c.number).where(
        ticket_table.c.submitter == address,
        ticket_table.c.opened_at > now - 2 * HOUR,
        ticket_table.c.number.not_in(answered),
    )
    tickets = read_tickets(conn, conn.execute(query.limit(1_000)).scalars().all())
    return Facts(known.registry, known.roster, listed=tuple(tickets.values()))


def _named(clue: Clue, by_id: Mapping[tuple[str, bool], tuple[int, ...]]) -> tuple[int, ...]:
    if clue.ticket:
        return (clue.ticket,)
    return by_id.get((clue.message_id, clue.reason is Reason.THREAD_LATE_PARENT), ())


def _tickets_by_message_id(
    conn: Connection, asked: Sequence[Question]
) -> dict[tuple[str, bool], tuple[int, ...]]:
    wanted = {clue.message_id for one in asked for clue in one.clues if clue.message_id}
    if not wanted:
        return {}
    found: dict[tuple[str, bool], tuple[int, ...]] = {}
    query = select(thread_id).where(thread_id.c.message_id.in_(wanted)).order_by(thread_id.c.ticket)
    for row in conn.execute(query):
        key = (row.message_id, bool(row.late_parent))
        found[key] = (*found.get(key, ()), row.ticket)
    return found


def _sent_rows(conn: Connection, rows: Sequence[int]) -> dict[int, SentRow]:
    if not rows:
        return {}
    query = select(outbox.c.id, outbox.c.ticket, outbox.c.recipient, outbox.c.kind)
    return {
        row.id: SentRow(row.id, row.ticket, row.recipient, MailKind(row.kind))
        for row in conn.execute(query.where(outbox.c.id.in_(rows)))
    }


def _earlier(conn: Connection, asked: Sequence[Question]) -> dict[int, Earlier]:
    """Find, for each mail, the same mail accepted before: the one that asked for the most."""
    identities = [(one.mail.heard.message_id, one.content) for one in asked]
    query = (
        select(inbox.c.mail, inbox.c.message_id, inbox.c.content, inbox.c.intent)
        .where(tuple_(inbox.c.message_id, inbox.c.content).in_(identities))
        .where(inbox.c.state == "done")
        .order_by(inbox.c.intent, inbox.c.mail)
    )
    same: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in conn.execute(query):
        same.setdefault((row.message_id, row.content), []).append((row.mail, row.intent))
    found = {}
    for one in asked:
        for mail, intent in same.get((one.mail.heard.message_id, one.content), ()):
            if mail != one.mail.mail_id:
                numbers = select(mail_ticket.c.ticket).where(mail_ticket.c.mail == mail)
                tickets = tuple(conn.execute(numbers).scalars())
                found[one.mail.mail_id] = Earlier(mail, Intent(intent), tickets)
                break
    return found


def _counts(
    conn: Connection,
    mail: Mail,
    found: Sequence[tuple[Clue, Ticket]],
    policy: Policy,
    now: datetime,
) -> Counts:
    sender = mail.heard.sender
    window = now - timedelta(seconds=policy.loop_window_s)
    receipts = held = mails = announced = 0
    if sender is not None and mail.envelope.submitted:
        receipts = _number(
            conn,
            outbox,
            outbox.c.recipient == sender.address,
            outbox.c.kind.in_(ANSWERS),
            outbox.c.date > now - HOUR,
        )
    if strongest_intent(mail, policy) in {Intent.ALARM, Intent.TEAM}:
        wanted = (str(Reason.ALARM_NOT_PROVEN), str(Reason.TEAM_NOT_PROVEN))
        held = _number(
            conn,
            ticket_table,
            ticket_table.c.held.in_(wanted),
            ticket_table.c.opened_at > now - HOUR,
        )
    if found:
        numbers = [ticket.number for _, ticket in found]
        mails = _number(
            conn,
            event,
            event.c.ticket.in_(numbers),
            event.c.by == author_of(mail),
            event.c.at > window,
        )
    if mails >= policy.loop_mails:
        announced = _number(
            conn,
            outbox,
            outbox.c.ticket.in_(numbers),
            outbox.c.kind == str(MailKind.OPERATOR_NOTICE),
            outbox.c.date > window,
        )
    return Counts(receipts, held, mails, announced > 0)


def _number(conn: Connection, table: object, *conditions: object) -> int:
    query = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type] # columns and tables, given loosely
    return conn.execute(query).scalar_one()
