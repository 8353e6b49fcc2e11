"""A mail that belongs to a ticket: a comment, a stranger's remark, a machine's note.

A clue is only a hint until somebody may use it: a ticket number in a subject lets nobody in who is
not known, and a stranger who matches a reference is heard but stays unverified.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from parsers.alarm import AlarmStatus
from parsers.heard import Automatic
from router.acting import actors_of
from router.addresses import LANE_REPLY, Intent
from router.alarming import alarm_mails, alarm_status
from router.answering import answered
from router.authority import Sender, sender_of
from router.confirming import confirmed
from router.decision import Clue, Decision, Facts, Mail, Outgoing, Policy, Reminder
from router.holding import why_no_answer
from router.lines.rules import steer
from router.lines.status import moved
from router.notices import Story, operator_notice
from router.opening import HELD_DIGEST_AFTER, open_tickets
from router.people import (
    author_of,
    copied_on,
    listed_attachments,
    new_ones,
    same_address,
)
from router.rights import Rights
from router.steering import Steering
from router.telling import Telling, mails, split
from router.ticket import Change, Paging, Participant, Ticket, TicketEvent
from router.transitions import Actor, move
from router.words import FINAL, EventKind, MailKind, Outcome, Reason, Role, Status

FIRING = AlarmStatus.FIRING
MAX_PARTICIPANTS = 200  # strangers beyond are heard, but get no row


@dataclass(frozen=True, slots=True)
class Joined:
    """A mail, the ticket that it belongs to, by which clue, and what its sender may do."""

    mail: Mail
    facts: Facts
    policy: Policy
    now: datetime
    clue: Clue
    ticket: Ticket
    sender: Sender

    @property
    def may(self) -> Rights:
        """Return what the sender may do."""
        return self.sender.may

    def author(self) -> str:
        """Return who wrote, as shown; a token's holder who signs with another name is said so."""
        name = author_of(self.mail)
        if self.clue.reason is not Reason.THREAD_TOKEN or self.may.act_as_submitter:
            return name
        row = self.clue.token_row
        holder = next((p for p in self.ticket.participants if p.row == row), None)
        if holder is None or same_address(holder.address, _sender(self.mail)):
            return name
        return f"{name}, by the reply address of {holder.address},"

    def event(self, kind: EventKind, *, verified: bool, reasons: tuple[Reason, ...]) -> TicketEvent:
        """Return the history entry for this mail."""
        return TicketEvent(
            kind,
            self.author(),
            self.now,
            self.mail.heard.visible,
            verified=verified,
            reasons=reasons,
            attachments=listed_attachments(self.mail),
        )


def comment_on(
    mail: Mail, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...] | None:
    """Return what a mail does to the ticket it belongs to, None when it belongs to none."""
    known = sender_of(mail, facts.roster, policy, replayed=facts.replayed)
    chosen = _choose(mail, facts, known.may)
    if chosen is None:
        return None
    clue, ticket = chosen
    by_token = clue.reason is Reason.THREAD_TOKEN
    sender = sender_of(mail, facts.roster, policy, by_token=by_token, replayed=facts.replayed)
    joined = Joined(mail, facts, policy, now, clue, ticket, sender)
    said = answered(mail, clue, ticket, facts, policy, now)
    if said is not None:
        return (said,)
    if _is_a_machines(mail, clue):
        return (_automatic(joined),)
    if ticket.status in FINAL:
        return open_tickets(mail, facts, policy, now, follows=ticket)
    if facts.counts.mails_to_ticket >= policy.loop_mails:
        return (_frozen(joined),)
    return (confirmed(mail, sender, ticket, facts, policy, now) or _comment(joined),)


def _choose(mail: Mail, facts: Facts, may: Rights) -> tuple[Clue, Ticket] | None:
    """Return the strongest believable clue and its ticket.

    A Message-ID may stand in several tickets, because anybody can write one: then the ticket in
    which the sender takes part comes first, then one that is not held, then the older one.
    """
    believed = [
        (clue, ticket) for clue, ticket in facts.found if _believed(mail, clue, ticket, may)
    ]
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


def _comment(joined: Joined) -> Decision:
    mail, ticket, may, policy = joined.mail, joined.ticket, joined.may, joined.policy
    unverified = not may.comment
    now_in, changes = _answered(mail, ticket, may)
    now_in, by_site = _by_the_site(joined, now_in)
    steered = steer(_steering(joined, now_in, changes))
    if _accepts(joined, steered):
        steered = moved(steered, Status.VERIFIED).because(Reason.SOLUTION_ACCEPTED)
    reasons = tuple(dict.fromkeys((joined.clue.reason, may.reason, *by_site, *steered.reasons)))
    kind = EventKind.UNVERIFIED if unverified else EventKind.COMMENT
    event = joined.event(kind, verified=not unverified, reasons=reasons)
    events = split(event, steered, turned=bool(by_site or steered.pages))
    notes = (*steered.notes, *map(str, mail.heard.notes))
    changed, heard = steered.ticket, mail.heard
    own = Story(
        changed,
        replace(event, changes=steered.changes),
        policy,
        notes,
        mail_id=mail.mail_id,
        answers=heard.message_id,
    )
    note = replace(own, event=events[0]) if events[0].internal else None
    public = replace(own, event=events[-1]) if not events[-1].internal else None
    if note is not None and public is not None:
        public = replace(public, notes=())
    outgoing: list[Outgoing] = []
    if public is not None:
        outgoing += alarm_mails(public, steered.pages)
    if not (ticket.held and unverified):  # those wait for the digest
        speaks = bool(steered.text) or not steered.changes
        speaks = speaks and Reason.SOLUTION_ACCEPTED not in reasons
        told = Telling(ticket, steered, note, public, speaks and note is None, unverified)
        outgoing += mails(told)
    outgoing += _answer(joined, own)
    return Decision(
        Outcome.UNVERIFIED if unverified else Outcome.COMMENT,
        reasons,
        ticket=replace(changed, updated_at=joined.now),
        joins=(*_joins(joined, steered), *steered.joins),
        leaves=steered.leaves,
        events=events,
        outgoing=tuple(outgoing),
        reminders=(*((_digest(joined.now),) if ticket.held else ()), *steered.reminders),
        notes=notes,
        thread_ids=(heard.message_id,) if heard.message_id else (),
    )


def _steering(joined: Joined, ticket: Ticket, changes: tuple[Change, ...]) -> Steering:
    """Return the lines of a mail; in one that a machine has marked they steer nothing."""
    mail, facts, policy = joined.mail, joined.facts, joined.policy
    actors = actors_of(mail, joined.sender, joined.ticket, facts, policy)
    if mail.heard.automatic is not Automatic.NO:
        actors = frozenset()
    return Steering(
        mail.heard.block,
        _sender(mail),
        actors,
        facts,
        policy,
        joined.now,
        ticket,
        mail,
        joined.sender,
        changes,
    )


def _accepts(joined: Joined, steered: Steering) -> bool:
    """Whether this is an unchanged answer to the solution, by one who may verify it."""
    found = move(joined.ticket.status, Status.VERIFIED, steered.actors)
    return joined.facts.answers_solution and not joined.ticket.held and found is not None


def _answer(joined: Joined, story: Story) -> tuple[Outgoing, ...]:
    """Return the answer to lines that were not followed, if the sender may get one."""
    mail, may = joined.mail, joined.may
    refused = {Reason.LINE_NOT_ALLOWED, Reason.LINE_NOT_UNDERSTOOD} & set(story.event.reasons)
    if not refused or why_no_answer(mail, joined.facts, joined.policy, may) is not None:
        return ()
    me = Participant(Role.SUBMITTER, _sender(mail))
    return (replace(story.to(me, MailKind.REFUSAL, LANE_REPLY), role=None, token=None),)


def _digest(now: datetime) -> Reminder:
    return Reminder("held-digest", now + HELD_DIGEST_AFTER, per_ticket=False)


def _answered(mail: Mail, ticket: Ticket, may: Rights) -> tuple[Ticket, tuple[Change, ...]]:
    """Take a ticket out of "waiting for reply" when its submitter has replied."""
    is_submitter = may.act_as_submitter and same_address(ticket.submitter, _sender(mail))
    if ticket.status is not Status.WAITING or not is_submitter:
        return ticket, ()
    change = Change("status", str(ticket.status), str(Status.IN_PROGRESS))
    return replace(ticket, status=Status.IN_PROGRESS), (change,)


def _by_the_site(joined: Joined, ticket: Ticket) -> tuple[Ticket, tuple[Reason, ...]]:
    """Note that a person at the site has answered the alarm, in whatever words."""
    clue = joined.clue
    holder = next((one for one in ticket.participants if one.row == clue.token_row), None)
    at_site = holder is not None and holder.role in {Role.ALARM, Role.SITE}
    if clue.reason is not Reason.THREAD_TOKEN or not at_site or alarm_status(ticket) is not FIRING:
        return ticket, ()
    far = ticket.paging or Paging()
    far = replace(far, answered_at=joined.now, answered_by=joined.author())
    return replace(ticket, paging=far), (Reason.BY_THE_SITE,)


def _joins(joined: Joined, steered: Steering) -> tuple[Participant, ...]:
    """Return who joins by writing, or by being written to; a supporter reads the unit's list."""
    mail, ticket, policy, may = joined.mail, joined.ticket, joined.policy, joined.may
    sender = mail.heard.sender
    if sender is None or policy.addresses.is_ours(sender.address):
        return ()
    if may.act_as_submitter:
        me = Participant(Role.CC, sender.address, sender.name)
        people = new_ones(ticket, (me, *copied_on(mail.heard, joined.sender.signed, policy)))
        there = {one.address.lower() for one in steered.joins}
        if Actor.SUPPORTER in steered.actors:
            there.add(sender.address.lower())
        return tuple(one for one in people if one.row or one.address.lower() not in there)
    if may.comment:  # by token: the address was given to a participant, who need not be this one
        return ()
    if len(ticket.participants) >= MAX_PARTICIPANTS:
        return ()
    return new_ones(
        ticket, (Participant(Role.STRANGER, sender.address, sender.name, verified=False),)
    )


def _automatic(joined: Joined) -> Decision:
    """Keep a machine's answer in the history; it tells nobody and changes nothing."""
    reasons = (joined.clue.reason, Reason.MACHINE_ANSWER)
    event = joined.event(EventKind.AUTOMATIC, verified=False, reasons=reasons)
    return Decision(Outcome.AUTOMATIC, reasons, ticket=joined.ticket, events=(event,))


def _frozen(joined: Joined) -> Decision:
    """Keep what may be a loop without answering it, and tell the operator once."""
    policy, ticket = joined.policy, joined.ticket
    reasons = (joined.clue.reason, Reason.LOOP)
    event = joined.event(EventKind.COMMENT, verified=joined.may.comment, reasons=reasons)
    where = f"{policy.ticket_tag}: #{ticket.number}"
    minutes = policy.loop_window_s // 60
    lines = [
        f"{event.by} sent more than {policy.loop_mails} mails to {where} in {minutes} minutes.",
        "They are kept in the ticket, but nobody is told of them until it is quiet again.",
    ]
    announced = joined.facts.counts.loop_announced
    message_id = joined.mail.heard.message_id
    return Decision(
        Outcome.COMMENT,
        reasons,
        ticket=ticket,
        events=(event,),
        outgoing=() if announced else operator_notice(policy, f"A mail loop in {where}?", lines),
        thread_ids=(message_id,) if message_id else (),
    )


def _sender(mail: Mail) -> str:
    return mail.heard.sender.address if mail.heard.sender else ""
