"""Reading what `decide` needs to know about a batch of mails, a few queries for all of them.

Never decides: it looks up what the clues name. What the policy limits: `store.counts`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from parsers.block import Field
from parsers.registry import Registry
from parsers.roster import Roster
from router.addresses import Intent
from router.authority import Sender, sender_of
from router.comment import choose
from router.decision import Clue, Facts, Mail, Policy
from router.found import Earlier
from router.lines.contradicting import wanted_status
from router.thread import sent_row, thread
from router.ticket import Ticket, TicketEvent, TicketKind
from router.tokens import TokenClass
from router.words import Outcome, Reason, Status
from store.counts import answers_to, counted
from store.evidence import replayed_mails
from store.questions import answered_solutions, asked_of
from store.related_facts import related_to, stories_of, to_survivors
from store.rows import read_comments, read_opening, read_tickets
from store.sent_rows import sent_rows
from store.tables import inbox, mail_ticket, thread_id
from store.tables import ticket as ticket_table
from store.waiting import is_one_of

SAME_WORDS = timedelta(hours=1)  # without a Message-ID
SAME_ID = timedelta(days=30)
_BRINGS = frozenset({"assign_to", "site", "merge_into", "cc", "involve", "escalate", "reopen"})
MADE_A_TICKET = frozenset(
    {
        Outcome.NEW,
        Outcome.COMMENT,
        Outcome.UNVERIFIED,
        Outcome.COMMAND,
        Outcome.ANSWER,
        Outcome.HELD,
    }
)


@dataclass(frozen=True, slots=True)
class Question:
    """A mail, its identity (Message-ID and content digest), and the clues to its ticket."""

    mail: Mail
    identity: tuple[str, str]
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The directories as they are now."""

    registry: Registry
    roster: Roster


def questions(
    mails: Sequence[tuple[Mail, tuple[str, str]]], policy: Policy, now: datetime
) -> tuple[Question, ...]:
    """Return what to look up for mails given with their identity."""
    return tuple(Question(mail, identity, thread(mail, policy, now)) for mail, identity in mails)


def read_facts(
    conn: Connection, asked: Sequence[Question], known: Known, policy: Policy, now: datetime
) -> tuple[Facts, ...]:
    """Return the facts for each question, in order."""
    by_id = _tickets_by_message_id(conn, asked)
    rows = {one.mail.mail_id: sent_row(one.mail, policy, now) for one in asked}
    sent = sent_rows(conn, [row for row in rows.values() if row])
    numbers = [n for one in asked for clue in one.clues for n in _named(clue, by_id)]
    tickets = read_tickets(conn, [*numbers, *(s.ticket for s in sent.values() if s.ticket)])
    earlier = _earlier(conn, asked, now)
    receipts = answers_to(conn, [one.mail for one in asked], now)
    replayed = replayed_mails(conn, [(one.mail, one.identity) for one in asked])
    solutions = answered_solutions(conn, [one.mail for one in asked], policy)
    facts = []
    for one in asked:
        found = [
            (clue, tickets[number])
            for clue in one.clues
            for number in _named(clue, by_id)
            if number in tickets
        ]
        found = to_survivors(conn, found)
        about = sent.get(rows[one.mail.mail_id])
        if about is not None and about.ticket in tickets:
            bounced = Clue(Reason.BOUNCED, ticket=about.ticket)
            found.append((bounced, tickets[about.ticket]))
        wanted = asked_of(conn, one.mail)
        again = one.mail.mail_id in replayed
        sender = partial(sender_of, one.mail, known.roster, policy, replayed=again)
        opening, opening_mail, later = _told_again(conn, one.mail, found, sender)
        related = related_to(conn, one.mail, found)
        facts.append(
            Facts(
                known.registry,
                known.roster,
                found=tuple(found),
                earlier=earlier.get(one.mail.mail_id),
                replayed=again,
                opening=opening,
                opening_mail=opening_mail,
                later=later,
                listed=wanted.listed,
                listed_total=wanted.listed_total,
                assigned=wanted.assigned,
                assigned_total=wanted.assigned_total,
                sent=about,
                solution_of=solutions.get(one.mail.mail_id, 0),
                related=related,
                stories=stories_of(conn, one.mail.heard.block.fields, related),
                counts=counted(
                    conn,
                    one.mail,
                    found,
                    policy,
                    now,
                    sender=sender,
                    receipts=receipts.get(one.mail.mail_id, 0),
                ),
            )
        )
    return tuple(facts)


def _told_again(
    conn: Connection,
    mail: Mail,
    found: Sequence[tuple[Clue, Ticket]],
    sender: Callable[[], Sender],
) -> tuple[TicketEvent | None, int, tuple[TicketEvent, ...]]:
    """Return how a ticket began, for a mail because of which others may be told it.

    It gives a ticket on or merges it, brings somebody in, confirms a held one, or makes an alarm go
    on: a bounce, or the word of a hook. It is the ticket that is decided on, never another one that
    the mail names.
    """
    bounced = next((ticket for clue, ticket in found if clue.reason is Reason.BOUNCED), None)
    if mail.heard.bounce is not None and bounced is not None and bounced.kind is TicketKind.ALARM:
        return *read_opening(conn, bounced), ()
    lines = mail.heard.block.fields
    brings = any(map(_brings_somebody, lines))
    confirms = any(one.key == "confirm" for one in lines)
    by_hook = any(clue.token_class is TokenClass.SITE for clue, _ in found)
    if not found or not (brings or confirms or by_hook):
        return None, 0, ()
    chosen = choose(mail, found, sender().may)
    if chosen is None:
        return None, 0, ()
    clue, ticket = chosen
    if brings or (ticket.held and confirms):
        return *read_opening(conn, ticket), read_comments(conn, ticket.number)
    if clue.token_class is TokenClass.SITE and ticket.kind is TicketKind.ALARM:
        return *read_opening(conn, ticket), ()
    return None, 0, ()


def _brings_somebody(line: Field) -> bool:
    """Whether a line may bring somebody to a ticket who has read nothing of it."""
    return line.key in _BRINGS or wanted_status(line) == Status.REOPENED


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


def _earlier(conn: Connection, asked: Sequence[Question], now: datetime) -> dict[int, Earlier]:
    """Find, for each mail, the same mail before it: of those with a ticket, the strongest.

    Without a Message-ID the same words may be said again after an hour.
    """
    identities = [one.identity for one in asked]
    query = select(
        inbox.c.mail,
        inbox.c.message_id,
        inbox.c.content,
        inbox.c.intent,
        inbox.c.outcome,
        inbox.c.proven,
        inbox.c.received_at,
    ).where(is_one_of(identities))
    same: dict[tuple[str, str], list[Earlier]] = {}
    for row in conn.execute(query):
        age = now - row.received_at
        if row.outcome in MADE_A_TICKET and age < (SAME_ID if row.message_id else SAME_WORDS):
            found = Earlier(row.mail, Intent(row.intent), (), row.proven)
            same.setdefault((row.message_id, row.content), []).append(found)
    chosen = {}
    for one in asked:
        others = [e for e in same.get(one.identity, ()) if e.mail_id != one.mail.mail_id]
        if others:
            best = min(others, key=lambda e: (e.intent, not e.proven, e.mail_id))
            made = _tickets_of(conn, best.mail_id)
            numbers = tuple(ticket.number for ticket in made)
            proven = best.proven or any(map(_is_granted, made))
            chosen[one.mail.mail_id] = replace(best, tickets=numbers, proven=proven)
    return chosen


def _tickets_of(conn: Connection, mail: int) -> Sequence[Row[Any]]:
    columns = (getattr(ticket_table.c, name) for name in ("number", "held", "kind", "wanted"))
    query = select(*columns).join(mail_ticket, mail_ticket.c.ticket == ticket_table.c.number)
    return conn.execute(query.where(mail_ticket.c.mail == mail)).all()


def _is_granted(row: Row[Any]) -> bool:
    """Whether a request was let go as what it asked for, by a proof or by a person."""
    return row.held is None and row.kind == row.wanted != str(TicketKind.USER)
