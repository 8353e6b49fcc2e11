"""Requests that come from a person at the desk, and from the clock."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from parsers.errors import Refused
from router.addresses import LANE_REPLY, LANE_REST
from router.decision import Command, Decision, Due, Facts, Outgoing, Policy
from router.notices import Story, operator_notice, say_route
from router.opening import tell_of_opening
from router.people import unit_of
from router.registers import alarm_addresses, directory_notice, site_gone
from router.routing import Wish, first_line, route
from router.ticket import Change, Participant, Ticket, TicketEvent, TicketKind
from router.undelivered import undelivered
from router.words import Audience, EventKind, MailKind, Outcome, Reason, Role, Status

MAX_DIGEST_ROWS = 200
MAX_LATER = 20
NO_ANSWER = frozenset({Reason.NO_ANSWER_TO_MACHINES, Reason.OWN_MAIL, Reason.NO_SENDER})


def release(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Let a held ticket go where it wanted to go, as a USER ticket.

    Raises Refused when there is no such ticket, or nothing holds it.
    """
    ticket = next((found for _, found in facts.found), None)
    if ticket is None or ticket.held is None:
        raise Refused(f"Ticket {command.ticket} is not held.")
    to = route(_wish_of(ticket), facts.registry, policy)[0]
    changed = replace(
        ticket,
        held=None,
        kind=TicketKind.USER,
        status=Status.NEW if to.unit == policy.first_line else Status.ASSIGNED,
        support_unit=to.unit,
        notified_site=to.site,
        updated_at=now,
    )
    event = TicketEvent(
        EventKind.RELEASED,
        command.by,
        now,
        command.text,
        changes=_changes(ticket, changed),
        reasons=(Reason.RELEASED, *to.reasons),
    )
    people = unit_of(to)
    submitter = [replace(p, verified=True) for p in ticket.participants if p.role is Role.SUBMITTER]
    opening = facts.opening or event
    story = Story(changed, opening, policy, to.notes, to, facts.opening_mail)
    answer = [] if set(opening.reasons) & NO_ANSWER else submitter
    later = (replace(story, event=one, notes=(), mail_id=0) for one in facts.later[:MAX_LATER])
    stay = {(one.role, one.address) for one in people}
    there = {(one.role, one.address) for one in ticket.participants}
    return (
        Decision(
            Outcome.COMMAND,
            event.reasons,
            ticket=changed,
            joins=(*submitter, *(p for p in people if (p.role, p.address) not in there)),
            leaves=tuple(
                one
                for one in ticket.participants
                if one.role is Role.SUPPORTER and (one.role, one.address) not in stay
            ),
            events=(event,),
            outgoing=(
                *tell_of_opening(story, to, LANE_REPLY),
                *(
                    mail
                    for one in later
                    for mail in one.to_all(people, MailKind.UPDATE, LANE_REPLY)
                ),
                *story.to_all(_not_ours(answer, policy), MailKind.RECEIPT, LANE_REST),
            ),
            route=to,
        ),
    )


def discard(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Put a held ticket aside as unsolved, without a mail to anybody.

    Raises Refused when there is no such ticket, or nothing holds it.
    """
    del policy
    ticket = next((found for _, found in facts.found), None)
    if ticket is None or ticket.held is None:
        raise Refused(f"Ticket {command.ticket} is not held.")
    changed = replace(ticket, held=None, status=Status.UNSOLVED, updated_at=now)
    event = TicketEvent(
        EventKind.DISCARDED,
        command.by,
        now,
        command.text,
        changes=_changes(ticket, changed),
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
                "route": say_route(route(_wish_of(ticket), facts.registry, policy)[0]),
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


COMMANDS: Mapping[str, Callable[[Command, Facts, Policy, datetime], tuple[Decision, ...]]] = {
    "release": release,
    "discard": discard,
}
DUE: Mapping[str, Callable[[Due, Facts, Policy, datetime], tuple[Decision, ...]]] = {
    "held-digest": held_digest,
    "receipt-digest": receipt_digest,
    "given-up": given_up,
    "parked": parked,
    "directory": directory_notice,
    "alarm-addresses": alarm_addresses,
    "site-gone": site_gone,
}


def _not_ours(people: list[Participant], policy: Policy) -> list[Participant]:
    return [one for one in people if not policy.addresses.is_ours(one.address)]


def _wish_of(ticket: Ticket) -> Wish:
    if ticket.notified_site:
        return Wish((ticket.notified_site,))
    return Wish(unit=ticket.wanted_unit)


def _changes(old: Ticket, new: Ticket) -> tuple[Change, ...]:
    pairs = (
        ("held", str(old.held or ""), str(new.held or "")),
        ("status", str(old.status), str(new.status)),
        ("responsible unit", old.support_unit, new.support_unit),
        ("notified site", old.notified_site, new.notified_site),
    )
    return tuple(Change(field, a, b) for field, a, b in pairs if a != b)
