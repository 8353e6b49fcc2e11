"""Reading what a mail asks of us, or answers of ours: its sender's tickets, a solution.

Only for mails that need it; never decides.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from router.asking import MAX_TICKETS, question
from router.decision import Mail
from router.ticket import Ticket
from router.words import OPEN, MailKind
from store.rows import read_tickets
from store.tables import outbox
from store.tables import ticket as ticket_table


def asked_of(conn: Connection, mail: Mail) -> tuple[tuple[Ticket, ...], int]:
    """Return the tickets that a mail asks for, newest first, and how many there are in all.

    The one that it names, or else those of its sender that are open. Whether they may be told is
    for `decide` to say.
    """
    asked = question(mail)
    if asked is None or asked.word != "status" or mail.heard.sender is None:
        return (), 0
    if asked.ticket:
        return tuple(read_tickets(conn, [asked.ticket]).values()), 1
    theirs = (
        ticket_table.c.submitter == mail.heard.sender.address,
        ticket_table.c.status.in_(sorted(OPEN)),
    )
    total = conn.execute(select(func.count()).select_from(ticket_table).where(*theirs))
    newest = select(ticket_table.c.number).where(*theirs).order_by(ticket_table.c.number.desc())
    numbers = conn.execute(newest.limit(MAX_TICKETS)).scalars().all()
    tickets = read_tickets(conn, numbers)
    return tuple(tickets[one] for one in numbers), total.scalar_one()


def newest_solutions(conn: Connection, rows: Sequence[int]) -> frozenset[int]:
    """Return those of these outgoing mails that tell a solution after which none was told."""
    if not rows:
        return frozenset()
    is_one, later = outbox.c.kind == str(MailKind.SOLUTION), outbox.alias()
    newer = (
        select(later.c.id)
        .where(later.c.ticket == outbox.c.ticket, later.c.kind == outbox.c.kind)
        .where(later.c.event > outbox.c.event)
    )
    query = select(outbox.c.id).where(outbox.c.id.in_(rows), is_one, ~newer.exists())
    return frozenset(conn.execute(query).scalars())
