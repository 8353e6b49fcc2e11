"""Counting what the policy limits: answers to an address, held requests, mails to one ticket.

Rule: what is not proven never counts against who is. Never decides.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from parsers.text import folded
from router.authority import Sender
from router.decision import Clue, Mail, Policy
from router.found import Counts
from router.kinds import kind_for
from router.looping import is_proven_person, most_mails, title_of_notice
from router.notices import ANSWERS
from router.people import author_of
from router.rights import PROVEN
from router.ticket import Ticket
from router.tokens import TokenClass
from router.words import MailKind, Reason
from store.tables import event, evidence, outbox
from store.tables import ticket as ticket_table

HOUR = timedelta(hours=1)
MOST_ENTRIES = 2_000  # looked at, so that a flood costs the same for each of its mails
MOST_TICKETS = 200  # a statement holds some hundred conditions; one Message-ID may be in any number
_IS_PROVEN = exists().where(evidence.c.mail == event.c.mail, evidence.c.standing.in_(PROVEN))


def answers_to(conn: Connection, mails: Sequence[Mail], now: datetime) -> dict[int, int]:
    """Count, for each mail with a sender, the answers of the last hour to that address."""
    senders = {
        mail.mail_id: mail.heard.sender.address for mail in mails if mail.heard.sender is not None
    }
    if not senders:
        return {}
    query = (
        select(outbox.c.recipient, func.count())
        .where(
            outbox.c.recipient.in_(set(senders.values())),
            outbox.c.kind.in_(ANSWERS),
            outbox.c.date > now - HOUR,
        )
        .group_by(outbox.c.recipient)
    )
    counted = {row[0]: row[1] for row in conn.execute(query)}
    return {mail: counted.get(address, 0) for mail, address in senders.items()}


def counted(
    conn: Connection,
    mail: Mail,
    found: Sequence[tuple[Clue, Ticket]],
    policy: Policy,
    now: datetime,
    *,
    sender: Callable[..., Sender],
    receipts: int,
) -> Counts:
    """Return what was counted for a mail; `sender` says whose it is, `by_token` or not."""
    kind = kind_for(mail.intent)
    held = 0
    if kind.restricted:
        held = how_many(
            conn,
            ticket_table,
            ticket_table.c.held > "",  # what is not held is null; said so, an index serves
            ticket_table.c.wanted == str(kind.kind),
            ticket_table.c.opened_at > now - HOUR,
        )
    if not found:
        return Counts(receipts, held)
    token = any(clue.reason is Reason.THREAD_TOKEN for clue, _ in found)
    whose = sender(by_token=token)
    window = now - timedelta(seconds=policy.loop_window_s)
    numbers = [ticket.number for _, ticket in found]
    same_sender = (*_same_sender(mail, found, whose), event.c.at > window)
    query = select(func.count(event.c.mail.distinct())).where(*same_sender)
    mails = conn.execute(query).scalar_one()  # one counts once, however many entries it has made
    if mails < policy.loop_mails:
        return Counts(receipts, held, mails)
    same_words = 0
    if is_proven_person(mail, whose) and mails < most_mails(mail, whose, policy):
        same_words = _same_words(conn, mail, same_sender)
    of_ticket = (outbox.c.ticket.in_(numbers), outbox.c.date > window)
    notices = select(outbox.c["values"]).where(
        *of_ticket, outbox.c.kind == str(MailKind.OPERATOR_NOTICE)
    )
    titles = {title_of_notice(number, policy) for number in numbers}
    announced = any(one["title"] in titles for one in conn.execute(notices).scalars())
    told = how_many(
        conn,
        outbox,
        *of_ticket,
        outbox.c.kind == str(MailKind.TOO_MANY),
        outbox.c.recipient == (mail.heard.sender.address if mail.heard.sender else ""),
    )
    return Counts(
        receipts,
        held,
        mails,
        loop_announced=announced,
        same_words=same_words,
        sender_told=told > 0,
    )


def _same_sender(
    mail: Mail, found: Sequence[tuple[Clue, Ticket]], whose: Sender
) -> tuple[ColumnElement[bool], ...]:
    """Return what holds for the entries of the same sender, as far as this one is known.

    A name is anybody's to write, so what counts together is known equally well: by a proof, by
    a reply address or a submission network, or not at all.
    """
    address = mail.heard.sender.address if mail.heard.sender else author_of(mail)
    alone, shown = address.lower(), f" <{address.lower()}>"  # the name before it is anybody's
    by = func.lower(event.c.by)
    names = [event.c.by == author_of(mail), by == alone, by.endswith(shown, autoescape=True)]
    if not whose.may.act_as_submitter:  # others are shown by their own name alone (router.joined)
        names.append(by.startswith(f"{alone}, by the ", autoescape=True))
        names.append(by.contains(f"{shown}, by the ", autoescape=True))
    # What a site answers is shown as said by whomever its line "By:" names, at that site.
    at = [f" at {t.notified_site}" for c, t in found if c.token_class is TokenClass.SITE]
    names += [event.c.by.endswith(one, autoescape=True) for one in at]
    return (
        _newest(found),
        or_(*names),
        event.c.verified == whose.may.comment,
        _IS_PROVEN if whose.standing in PROVEN else ~_IS_PROVEN,
    )


def _newest(found: Sequence[tuple[Clue, Ticket]]) -> ColumnElement[bool]:
    """Return what holds for the newest entries of tickets: names are compared one by one."""
    first = {ticket.number: ticket.last_event - MOST_ENTRIES for _, ticket in found}
    if len(first) > MOST_TICKETS:
        return event.c.ticket.in_(first)
    each = (and_(event.c.ticket == one, event.c.number > at) for one, at in first.items())
    return or_(*each)


def _same_words(conn: Connection, mail: Mail, same_sender: Sequence[ColumnElement[bool]]) -> int:
    """Count the mails before this one that say the same; without a word none does."""
    words = folded(mail.heard.visible)
    if not words:
        return 0
    query = select(event.c.mail, event.c.text).where(*same_sender, event.c.mail.is_not(None))
    return len({row.mail for row in conn.execute(query) if folded(row.text) == words})


def how_many(conn: Connection, table: Any, *conditions: Any) -> int:
    """Return how many rows of a table fulfil all conditions."""
    query = select(func.count()).select_from(table).where(*conditions)
    return conn.execute(query).scalar_one()
