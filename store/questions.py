"""Reading what a mail asks of us, or answers of ours: its sender's tickets, a solution.

Only for mails that need it; never decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from router.asking import MAX_TICKETS, question
from router.decision import Mail, Policy
from router.sent_back import SentWords, answered_row, is_sent_back
from router.ticket import Ticket
from router.words import OPEN, MailKind
from store.queue import units_with_tickets
from store.rows import read_tickets
from store.tables import outbox
from store.tables import ticket as ticket_table


@dataclass(frozen=True, slots=True)
class Asked:
    """The tickets that a mail asks for, newest first, and how many there are in all.

    `assigned` are those that its sender has.
    """

    listed: tuple[Ticket, ...] = ()
    listed_total: int = 0
    assigned: tuple[Ticket, ...] = ()
    assigned_total: int = 0


def asked_of(conn: Connection, mail: Mail) -> Asked:
    """Return the ticket that a mail names, or else those of its sender that are open.

    Whether they may be told is for `decide` to say. What has ended is never read: each search goes
    by an index, the one for who has a ticket by that of the units.
    """
    asked = question(mail)
    if asked is None or asked.word != "status" or mail.heard.sender is None:
        return Asked()
    if asked.ticket:
        return Asked(tuple(read_tickets(conn, [asked.ticket]).values()), 1)
    me = mail.heard.sender.address
    units = ticket_table.c.support_unit.in_(list(units_with_tickets(conn)))
    has_it = func.lower(ticket_table.c.assigned_to) == me.lower()
    own = _newest(conn, ticket_table.c.submitter == me)
    return Asked(*own, *_newest(conn, units, has_it))


def _newest(conn: Connection, *where: ColumnElement[bool]) -> tuple[tuple[Ticket, ...], int]:
    """Return the newest open tickets of this sort, and how many there are."""
    theirs = (*where, ticket_table.c.status.in_(sorted(OPEN)))
    total = conn.execute(select(func.count()).select_from(ticket_table).where(*theirs))
    newest = select(ticket_table.c.number).where(*theirs).order_by(ticket_table.c.number.desc())
    numbers = conn.execute(newest.limit(MAX_TICKETS)).scalars().all()
    tickets = read_tickets(conn, numbers)
    return tuple(tickets[one] for one in numbers), total.scalar_one()


def answered_solutions(conn: Connection, mails: Sequence[Mail], policy: Policy) -> dict[int, int]:
    """Return, by mail, the ticket of the solution that it answers without a word of its own.

    Only of a solution after which none was told. Reads nothing for mails that say something.
    """
    rows = {mail.mail_id: row for mail in mails if (row := answered_row(mail, policy))}
    if not rows:
        return {}
    is_one, later = outbox.c.kind == str(MailKind.SOLUTION), outbox.alias()
    newer = (
        select(later.c.id)
        .where(later.c.ticket == outbox.c.ticket, later.c.kind == outbox.c.kind)
        .where(later.c.event > outbox.c.event)
    )
    columns = (outbox.c[name] for name in ("id", "ticket", "recipient", "words"))
    query = select(*columns).where(outbox.c.id.in_(rows.values()), is_one, ~newer.exists())
    sent = {one.id: one for one in conn.execute(query)}
    answered = [
        (mail, sent[rows[mail.mail_id]]) for mail in mails if rows.get(mail.mail_id) in sent
    ]
    return {
        mail.mail_id: one.ticket
        for mail, one in answered
        if is_sent_back(mail, SentWords(one.recipient, frozenset(one.words.split())), policy)
    }
