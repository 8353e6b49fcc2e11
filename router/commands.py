"""Requests that come from a person at the desk, and from the clock."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from parsers.errors import Refused
from router import at_desk, paging, unanswered
from router.addresses import LANE_REST
from router.decision import Command, Decision, Due, Facts, Outgoing, Policy
from router.drilling import drill, end_drill
from router.granting import Grant, changes, let_go, wish_of_ticket
from router.heartbeat import STEP as HEARTBEAT
from router.heartbeat import heartbeat
from router.lines.noting import REMIND
from router.moving import move
from router.notices import operator_notice, say_route
from router.proving_again import proven_again
from router.registers import (
    ALARM_ADDRESSES,
    ANCHORS,
    STOPPED,
    alarm_addresses,
    clock_stopped,
    directory_notice,
    site_gone,
    trust_anchors,
)
from router.reminding import remind
from router.reproof import STEP as REPROVE
from router.routing import first_line, route
from router.ticket import Ticket, TicketEvent, TicketKind
from router.ticking import RECOUNT, TICK, recount, tick
from router.undelivered import undelivered
from router.unit_digest import STEP as UNIT_DIGEST
from router.unit_digest import unit_digest
from router.words import Audience, EventKind, MailKind, Outcome, Reason, Status

MAX_DIGEST_ROWS = 200


def release(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Let a held ticket go where it wanted to go, as a USER ticket.

    Raises Refused when there is no such ticket, or nothing holds it.
    """
    grant = Grant(command.by, EventKind.RELEASED, Reason.RELEASED, TicketKind.USER, command.text)
    return let_go(_held_ticket(command, facts), grant, facts, policy, now)


def confirm(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Let a held ticket go as what was wanted: an alarm wakes its site.

    Raises Refused when there is no such ticket, when nothing holds it, or when an alarm names no
    site to wake, or one that may no longer be woken.
    """
    ticket = _held_ticket(command, facts)
    if ticket.wanted is TicketKind.USER:
        raise Refused(f"Ticket {ticket.number} asks for nothing to confirm; release it instead.")
    if not ticket.notified_site:
        raise Refused(
            f"Ticket {ticket.number} names no site that could be told; release it instead."
        )
    to = route(wish_of_ticket(ticket), facts.registry, policy)[0]
    if ticket.wanted is TicketKind.ALARM and not to.site:
        raise Refused(" ".join((*to.notes, f"Nobody would be woken; release {ticket.number}.")))
    grant = Grant(command.by, EventKind.CONFIRMED, Reason.CONFIRMED, ticket.wanted, command.text)
    return let_go(ticket, grant, facts, policy, now)


def discard(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Put a held ticket aside as unsolved, without a mail to anybody.

    Raises Refused when there is no such ticket, or nothing holds it.
    """
    del policy
    ticket = _held_ticket(command, facts)
    changed = replace(ticket, held=None, status=Status.UNSOLVED, updated_at=now)
    event = TicketEvent(
        EventKind.DISCARDED,
        command.by,
        now,
        command.text,
        changes=changes(ticket, changed),
        reasons=(Reason.DISCARDED,),
    )
    return (Decision(Outcome.COMMAND, event.reasons, ticket=changed, events=(event,)),)


def held_digest(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell first line what is held, alarms first, then the newest; nothing when nothing is held."""
    del due, now
    rows = facts.listed
    if not rows:
        return (Decision(Outcome.COMMAND, ()),)
    values: Mapping[str, object] = {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "total": max(facts.listed_total, len(rows)),
        "tickets": [
            {
                "ticket": ticket.number,
                "later": ticket.last_event - 1,
                "subject": ticket.subject[: policy.subject_chars] or "(no subject)",
                "submitter": ticket.submitter,
                "held": str(ticket.held),
                "route": say_route(route(wish_of_ticket(ticket), facts.registry, policy)[0]),
                "opened_at": ticket.opened_at.isoformat(timespec="seconds"),
            }
            for ticket in rows[:MAX_DIGEST_ROWS]
        ],
    }
    desk = first_line(facts.registry, policy, ())
    outgoing = tuple(
        Outgoing(MailKind.HELD_DIGEST, Audience.UNIT, address, values, token=None, lane=LANE_REST)
        for address in desk.unit_addresses
    )
    return (Decision(Outcome.COMMAND, (), outgoing=outgoing),)


def receipt_digest(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell a sender of the tickets that got no receipt; `detail` is the address."""
    del now
    rows = sorted(facts.listed, key=lambda t: t.number)
    if not rows:
        return (Decision(Outcome.COMMAND, ()),)
    values: Mapping[str, object] = {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "total": len(rows),
        "tickets": [
            {
                "ticket": ticket.number,
                "subject": ticket.subject[: policy.subject_chars],
                "opened_at": ticket.opened_at.isoformat(timespec="seconds"),
            }
            for ticket in rows[:MAX_DIGEST_ROWS]
        ],
    }
    kind = MailKind.RECEIPT_DIGEST
    tell = Outgoing(kind, Audience.SUBMITTER, due.detail, values, token=None, lane=LANE_REST)
    return (Decision(Outcome.COMMAND, (), outgoing=(tell,)),)


def given_up(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Follow up a mail of ours that the courier gave up; `detail` says why."""
    if facts.sent is None:
        return (Decision(Outcome.COMMAND, ()),)
    return (undelivered(facts.sent, facts, policy, now, due.detail),)


def parked(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell the operator of mails that were set aside; `detail` names them."""
    del facts, now
    lines = (
        f"Mails set aside after three attempts: {due.detail}.",
        "Nothing of them is lost. To try one again: ticketgate replay MAIL",
    )
    tell = operator_notice(policy, "Mails could not be worked on", lines)
    return (Decision(Outcome.COMMAND, (), outgoing=tell),)


def reprove(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Look again at a held ticket whose sender could not be proven for lack of an answer."""
    ticket = next((found for _, found in facts.found), None)
    if ticket is None or ticket.held is None or due.mail is None:
        return (Decision(Outcome.COMMAND, ()),)
    return proven_again(due.mail, ticket, facts, policy, now)


COMMANDS: Mapping[str, Callable[[Command, Facts, Policy, datetime], tuple[Decision, ...]]] = {
    "release": release,
    "confirm": confirm,
    "discard": discard,
    "drill": drill,
    "end-drill": end_drill,
    "steer": at_desk.command,
    "move": move,
}
DUE: Mapping[str, Callable[[Due, Facts, Policy, datetime], tuple[Decision, ...]]] = {
    "held-digest": held_digest,
    "receipt-digest": receipt_digest,
    "given-up": given_up,
    "parked": parked,
    REPROVE: reprove,
    paging.RECEIPT: unanswered.no_receipt,
    paging.ANSWER: unanswered.no_answer,
    HEARTBEAT: heartbeat,
    "directory": directory_notice,
    ALARM_ADDRESSES: alarm_addresses,
    ANCHORS: trust_anchors,
    "site-gone": site_gone,
    REMIND: remind,
    STOPPED: clock_stopped,
    TICK: tick,
    RECOUNT: recount,
    UNIT_DIGEST: unit_digest,
}


def _held_ticket(command: Command, facts: Facts) -> Ticket:
    ticket = next((found for _, found in facts.found), None)
    if ticket is None or ticket.held is None:
        raise Refused(f"Ticket {command.ticket} is not held.")
    return ticket
