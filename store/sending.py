"""Outgoing mails become outbox rows: here they get their Message-ID, date and tokens.

A row holds all that its mail needs, so that a retry says the same bytes and reads no ticket again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, insert, select

from parsers.alarm import VALID_FOR
from router.decision import Decision, Outgoing, Policy
from router.tokens import TokenClass, write_alarm_id, write_message_id, write_token
from router.words import MailKind, Role
from store.numbers import take
from store.tables import outbox, participant

GIVE_UP_AFTER = timedelta(days=5)
People = Mapping[tuple[int, str, str], int]


def write_outgoing(
    conn: Connection,
    decisions: Sequence[Decision],
    people: People,
    policy: Policy,
    now: datetime,
) -> None:
    """Write the outgoing mails of numbered decisions; `people` are the participants' rows.

    Those of tickets that are only listed are read.
    """
    people = {**_people_of_lists(conn, decisions, people), **people}
    total = sum(len(decision.outgoing) for decision in decisions)
    row_id = take(conn, "outbox", total)
    rows = []
    for decision in decisions:
        number = decision.ticket.number if decision.ticket else 0
        last_event = decision.ticket.last_event if decision.ticket else 0
        for one in decision.outgoing:
            rows.append(_outbox_row(one, row_id, number, last_event, people, policy, now))
            row_id += 1
    if rows:
        conn.execute(insert(outbox), rows)


def _people_of_lists(
    conn: Connection, decisions: Sequence[Decision], people: People
) -> dict[tuple[int, str, str], int]:
    """Return the rows of the readers of lists in tickets that their decisions do not write."""
    known = {number for number, _, _ in people}
    mails = [one for decision in decisions for one in decision.outgoing if one.lists]
    numbers = {number for one in mails for number, _ in one.lists} - known
    if not numbers:
        return {}
    readers = {one.recipient.lower() for one in mails}
    query = select(
        participant.c.id, participant.c.ticket, participant.c.role, participant.c.address
    )
    rows = conn.execute(query.where(participant.c.ticket.in_(numbers)))
    return {
        (ticket, role, address.lower()): row
        for row, ticket, role, address in rows
        if address.lower() in readers
    }


def _outbox_row(  # noqa: PLR0917 - one row's worth of plain arguments
    one: Outgoing,
    row_id: int,
    number: int,
    last_event: int,
    people: People,
    policy: Policy,
    now: datetime,
) -> dict[str, Any]:
    keys, domain, token = policy.keys, policy.addresses.domain, ""
    person = people.get((number, str(one.role), one.recipient.lower()), 0)
    if one.token is not None and number and person:
        token = write_token(keys, one.token, number, person, now)
    if one.kind is MailKind.ALARM and one.token is not None and not number:
        token = write_token(keys, one.token, 0, row_id, now)  # a heartbeat's
    is_alarm = one.kind is MailKind.ALARM
    bounce = "" if one.null_sender else write_token(keys, TokenClass.BOUNCE, number, row_id, now)
    return {
        "id": row_id,
        "ticket": number,
        "event": last_event,
        "kind": str(one.kind),
        "audience": str(one.audience),
        "recipient": one.recipient,
        "lane": one.lane,
        "message_id": write_alarm_id(keys, number, last_event, one.recipient, domain)
        if is_alarm and number
        else write_message_id(keys, number, row_id, domain),
        "date": now,
        "reply_token": token,
        "bounce_token": bounce,
        "in_reply_to": list(one.in_reply_to),
        "attachments_of": one.attachments_of,
        "values": _values(one, people, policy, now),
        "state": "waiting",
        "due_at": now,
        "give_up_at": now + (VALID_FOR if is_alarm else GIVE_UP_AFTER),
    }


def _values(one: Outgoing, people: People, policy: Policy, now: datetime) -> dict[str, Any]:
    """Return the values of a mail; each ticket of a list gets its reply address, "" for none."""
    values = dict(one.values)
    if one.lists:
        listed = cast("list[dict[str, object]]", values["tickets"])
        values["tickets"] = [
            {**each, "reply_to": _reply_to(one, number, role, people, policy, now)}
            for each, (number, role) in zip(listed, one.lists, strict=True)
        ]
    return values


def _reply_to(  # noqa: PLR0917 - one address's worth of plain arguments
    one: Outgoing, number: int, role: Role, people: People, policy: Policy, now: datetime
) -> str:
    row = people.get((number, str(role), one.recipient.lower()), 0)
    if not row:
        return ""
    token = write_token(policy.keys, TokenClass.PERSON, number, row, now)
    return policy.addresses.reply_to(token)
