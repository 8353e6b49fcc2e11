"""Reading what `decide` needs to know about one ticket, for requests that are not mails.

A command, a step of the clock, a mail that was proven again, a mail of ours that a courier holds.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from router.decision import Clue, Command, Facts, Mail
from router.words import Reason
from store.evidence import replayed_mails
from store.facts import Known
from store.paging import hook_known
from store.related_facts import stories_of
from store.relations import named_in, read_entry, read_related
from store.rows import read_comments, read_event, read_opening, read_tickets
from store.sent_rows import sent_rows
from store.tables import inbox, outbox


def read_command_facts(conn: Connection, asked: Command, known: Known) -> Facts:
    """Return the facts for a command: about its ticket, and those that it names."""
    facts = read_ticket_facts(conn, asked.ticket, known, named_in(asked))
    entry = read_entry(conn, asked.ticket, asked.entry, read_event) if asked.entry else None
    return replace(facts, entry=entry, stories=stories_of(conn, asked.lines, facts.related))


def read_ticket_facts(
    conn: Connection, number: int, known: Known, named: Sequence[int] = ()
) -> Facts:
    """Return the facts for a request about one ticket; `named` are others that it is about."""
    found = tuple(
        (Clue(Reason.THREAD_TAG, ticket=number), ticket)
        for ticket in read_tickets(conn, [number]).values()
    )
    opening, mail = read_opening(conn, found[0][1]) if found else (None, 0)
    return Facts(
        known.registry,
        known.roster,
        found=found,
        opening=opening,
        opening_mail=mail,
        later=read_comments(conn, number),
        related=read_related(conn, [one for _, one in found], named, read_tickets),
        hook_known=any(one.paging and hook_known(conn, one.notified_site) for _, one in found),
    )


def read_mail_ticket_facts(conn: Connection, mail: Mail, number: int, known: Known) -> Facts:
    """Return the facts about a ticket and the mail that opened it, which was proven again."""
    same = select(inbox.c.message_id, inbox.c.content).where(inbox.c.mail == mail.mail_id)
    identity = conn.execute(same).first()
    facts = read_ticket_facts(conn, number, known)
    if identity is None:
        return facts
    replayed = replayed_mails(conn, [(mail, (identity[0], identity[1]))], again=True)
    return replace(facts, replayed=mail.mail_id in replayed)


def read_sent_facts(conn: Connection, row: int, known: Known) -> Facts:
    """Return the facts about an outgoing mail in a courier's hand, and its ticket if it has one.

    A row that is in nobody's hand was followed up before: then there are none.
    """
    held = select(outbox.c.id).where(outbox.c.id == row, outbox.c.state == "claimed")
    about = sent_rows(conn, [row]).get(row) if conn.execute(held).first() else None
    numbers = [about.ticket] if about is not None and about.ticket else []
    found = tuple(
        (Clue(Reason.BOUNCED, ticket=number), ticket)
        for number, ticket in read_tickets(conn, numbers).items()
    )
    opening, mail = read_opening(conn, found[0][1]) if found else (None, 0)
    return Facts(
        known.registry, known.roster, found=found, sent=about, opening=opening, opening_mail=mail
    )
