"""A mail that belongs to a ticket: a comment, a stranger's remark, a machine's note.

A clue is only a hint until somebody may use it: a ticket number in a subject lets nobody in who is
not known, and a stranger who matches a reference is heard but stays unverified.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from parsers.alarm import AlarmStatus
from parsers.heard import Automatic
from router.addresses import Intent
from router.alarming import alarm_status
from router.answering import answered
from router.authority import sender_of
from router.confirming import confirmed
from router.decision import Clue, Decision, Facts, Mail, Policy
from router.joined import Joined
from router.lines.noting import wants_internal
from router.looping import frozen, why_too_many
from router.opening import open_tickets
from router.people import same_address
from router.replying import reply
from router.rights import Rights
from router.ticket import Change, Paging, Ticket
from router.words import FINAL, EventKind, Outcome, Reason, Role, Status

FIRING = AlarmStatus.FIRING


def comment_on(
    mail: Mail, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...] | None:
    """Return what a mail does to the ticket it belongs to, None when it belongs to none."""
    known = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    chosen = choose(mail, facts.found, known.may)
    if chosen is None:
        return None
    clue, ticket = chosen
    by_token = clue.reason is Reason.THREAD_TOKEN
    sender = sender_of(mail, facts.roster, policy, by_token=by_token, replayed=facts.replayed)
    joined = Joined(mail, facts, policy, now, clue, ticket, sender)
    led = (Reason.LED_ON,) if clue.led_from else ()
    return tuple(_because(one, led) for one in _joins(joined))


def _because(decision: Decision, more: tuple[Reason, ...]) -> Decision:
    """Return it with more reasons, in the first entry of the history, too."""
    if not more:
        return decision
    first, *later = decision.events or (None,)
    if first is not None:
        first = replace(first, reasons=(*first.reasons, *more))
    events = (first, *later) if first is not None else ()
    return replace(decision, reasons=(*decision.reasons, *more), events=events)


def _joins(joined: Joined) -> tuple[Decision, ...]:
    mail, facts, policy, now = joined.mail, joined.facts, joined.policy, joined.now
    clue, ticket, sender = joined.clue, joined.ticket, joined.sender
    too_many = why_too_many(joined)
    said = answered(mail, clue, ticket, facts, policy, now)
    if said is not None:
        turned = said.ticket is None or _standing(said.ticket) != _standing(ticket)
        return (said if turned or too_many is None else frozen(joined, too_many),)
    if _is_a_machines(mail, clue):
        return (_automatic(joined),)
    if ticket.status in FINAL and not _stays(joined):
        return open_tickets(mail, facts, policy, now, follows=ticket)
    if too_many is not None and not _by_the_site(joined, ticket)[1]:
        return (frozen(joined, too_many),)
    granted = confirmed(mail, sender, ticket, facts, policy, now)
    return (granted if granted is not None and not joined.for_another else _comment(joined),)


def _standing(ticket: Ticket) -> tuple[object, ...]:
    """Return what an answer to an alarm may change; one that does always counts."""
    return (ticket.status, ticket.paging)


def choose(
    mail: Mail, found: Sequence[tuple[Clue, Ticket]], may: Rights
) -> tuple[Clue, Ticket] | None:
    """Return the strongest believable clue and its ticket.

    A Message-ID may stand in several tickets, because anybody can write one: then the ticket in
    which the sender takes part comes first, then one that is not held, then the older one.
    """
    believed = [(clue, ticket) for clue, ticket in found if _believed(mail, clue, ticket, may)]
    if not believed:
        return None
    best = believed[0][0]
    same = [pair for pair in believed if pair[0] == best]
    return min(same, key=lambda pair: (not _takes_part(mail, pair[1]), bool(pair[1].held)))


def _believed(mail: Mail, clue: Clue, ticket: Ticket, may: Rights) -> bool:
    if clue.reason is Reason.BOUNCED:
        return False
    if mail.intent in {Intent.ALARM, Intent.TEAM}:
        return False  # a request is not swallowed by the thread that it was typed into
    if clue.reason is Reason.THREAD_TAG:
        return _takes_part(mail, ticket) and may.act_as_submitter
    return True


def _takes_part(mail: Mail, ticket: Ticket) -> bool:
    return any(
        one.verified and same_address(one.address, _sender(mail)) for one in ticket.participants
    )


def _is_a_machines(mail: Mail, clue: Clue) -> bool:
    """Whether nobody is to be told: a machine wrote it.

    Helpdesks and lists mark people's mail as bulk, too; with a reply token it is a person's.
    """
    if mail.heard.automatic is Automatic.BULK:
        return clue.reason is not Reason.THREAD_TOKEN
    return mail.heard.automatic is not Automatic.NO


def _stays(joined: Joined) -> bool:
    """Whether a mail makes no other ticket: it says nothing but lines, or is for supporters only.

    Two members of a team verify one ticket, and the second must not open another.
    """
    return not joined.says_something or wants_internal(joined.mail.heard.block)[0]


def _comment(joined: Joined) -> Decision:
    ticket, changes = _answered(joined)
    ticket, by_site = _by_the_site(joined, ticket)
    return reply(joined, ticket, changes, by_site)


def _answered(joined: Joined) -> tuple[Ticket, tuple[Change, ...]]:
    """Take a ticket out of "waiting for reply" when its submitter has replied, in person."""
    ticket = joined.ticket
    is_submitter = joined.may.act_as_submitter and same_address(ticket.submitter, joined.address)
    by_person = joined.mail.heard.automatic is Automatic.NO and joined.says_something
    answers = is_submitter and by_person and not joined.for_another
    if ticket.status is not Status.WAITING or not answers:
        return ticket, ()
    change = Change("status", str(ticket.status), str(Status.IN_PROGRESS))
    return replace(ticket, status=Status.IN_PROGRESS), (change,)


def _by_the_site(joined: Joined, ticket: Ticket) -> tuple[Ticket, tuple[Reason, ...]]:
    """Note that a person at the site has answered the alarm, in whatever words.

    A mail marked as bulk may be a person's, and is heard; but it does not end the alarm.
    """
    clue = joined.clue
    holder = next((one for one in ticket.participants if one.row == clue.token_row), None)
    at_site = holder is not None and holder.role in {Role.ALARM, Role.SITE}
    by_person = joined.mail.heard.automatic is Automatic.NO
    by_site = clue.reason is Reason.THREAD_TOKEN and at_site and by_person
    if not by_site or alarm_status(ticket) is not FIRING:
        return ticket, ()
    far = ticket.paging or Paging()
    far = replace(far, answered_at=joined.now, answered_by=joined.author())
    return replace(ticket, paging=far), (Reason.BY_THE_SITE,)


def _automatic(joined: Joined) -> Decision:
    """Keep a machine's answer in the history; it tells nobody and changes nothing."""
    reasons = (joined.clue.reason, Reason.MACHINE_ANSWER)
    event = joined.event(EventKind.AUTOMATIC, verified=False, reasons=reasons)
    return Decision(Outcome.AUTOMATIC, reasons, ticket=joined.ticket, events=(event,))


def _sender(mail: Mail) -> str:
    return mail.heard.sender.address if mail.heard.sender else ""
