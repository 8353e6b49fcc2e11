"""A mail that belongs to a ticket: a comment, a stranger's remark, a machine's note.

A clue is only a hint until somebody may use it: a ticket number in a subject lets nobody in who is
not known, and a stranger who matches a reference is heard but stays unverified.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from parsers.heard import Automatic
from router.addresses import LANE_REPLY, Intent
from router.authority import Rights, rights
from router.decision import Clue, Decision, Facts, Mail, Outgoing, Policy
from router.kinds import KINDS
from router.notices import Story, operator_notice
from router.opening import author_of, listed_attachments, open_tickets, why_no_answer
from router.people import copied_on, new_ones, readers, same_address
from router.thread import strongest_intent
from router.ticket import Change, Participant, Ticket, TicketEvent
from router.words import FINAL, EventKind, MailKind, Outcome, Reason, Role, Status


@dataclass(frozen=True, slots=True)
class Joined:
    """A mail, the ticket that it belongs to, by which clue, and what its sender may do."""

    mail: Mail
    facts: Facts
    policy: Policy
    now: datetime
    clue: Clue
    ticket: Ticket
    may: Rights

    def event(self, kind: EventKind, *, verified: bool, reasons: tuple[Reason, ...]) -> TicketEvent:
        """Return the history entry for this mail."""
        return TicketEvent(
            kind,
            author_of(self.mail),
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
    chosen = next((f for f in facts.found if _believed(mail, *f, policy)), None)
    if chosen is None:
        return None
    clue, ticket = chosen
    may = rights(mail, by_token=clue.reason is Reason.THREAD_TOKEN)
    joined = Joined(mail, facts, policy, now, clue, ticket, may)
    if mail.heard.automatic is not Automatic.NO:
        return (_automatic(joined),)
    if ticket.status in FINAL:
        return open_tickets(mail, facts, policy, now, follows=ticket)
    if facts.counts.mails_to_ticket >= policy.loop_mails:
        return (_frozen(joined),)
    return (_comment(joined),)


def _believed(mail: Mail, clue: Clue, ticket: Ticket, policy: Policy) -> bool:
    intent = strongest_intent(mail, policy)
    if intent in {Intent.ALARM, Intent.TEAM} and ticket.wanted is not KINDS[intent].kind:
        return False  # an alarm is not swallowed by the thread that it was typed into
    if clue.reason is Reason.THREAD_TAG:
        known = any(
            one.verified and mail.heard.sender and same_address(one.address, _sender(mail))
            for one in ticket.participants
        )
        return known and rights(mail, by_token=False).act_as_submitter
    return True


def _comment(joined: Joined) -> Decision:
    mail, ticket, may, policy = joined.mail, joined.ticket, joined.may, joined.policy
    unverified = not may.comment
    lines = [field.line for field in mail.heard.block.fields]
    clue = joined.clue
    reasons = (clue.reason, may.reason, *((Reason.LINE_NOT_ALLOWED,) if lines else ()))
    changed, changes = _answered(mail, ticket, may)
    kind = EventKind.UNVERIFIED if unverified else EventKind.COMMENT
    event = replace(joined.event(kind, verified=not unverified, reasons=reasons), changes=changes)
    notes = tuple(f'The line "{line}" was not followed: it needs a proven right.' for line in lines)
    story = Story(
        changed,
        event,
        policy,
        (*notes, *map(str, mail.heard.notes)),
        mail_id=mail.mail_id,
        answers=mail.heard.message_id,
    )
    outgoing: list[Outgoing] = []
    if not (ticket.held and unverified):  # those wait for the digest
        told = readers(ticket, _sender(mail), unverified=unverified)
        outgoing += story.to_all(told, MailKind.UPDATE, LANE_REPLY)
    if lines and why_no_answer(mail, joined.facts, policy, may) is None:
        me = Participant(Role.SUBMITTER, _sender(mail))
        outgoing.append(replace(story.to(me, MailKind.REFUSAL, LANE_REPLY), role=None, token=None))
    heard = mail.heard
    return Decision(
        Outcome.UNVERIFIED if unverified else Outcome.COMMENT,
        tuple(dict.fromkeys(reasons)),
        ticket=replace(changed, updated_at=joined.now),
        joins=_joins(mail, ticket, may, policy),
        events=(event,),
        outgoing=tuple(outgoing),
        thread_ids=(heard.message_id,) if heard.message_id else (),
    )


def _answered(mail: Mail, ticket: Ticket, may: Rights) -> tuple[Ticket, tuple[Change, ...]]:
    """Take a ticket out of "waiting for reply" when its submitter has replied."""
    is_submitter = may.act_as_submitter and same_address(ticket.submitter, _sender(mail))
    if ticket.status is not Status.WAITING or not is_submitter:
        return ticket, ()
    change = Change("status", str(ticket.status), str(Status.IN_PROGRESS))
    return replace(ticket, status=Status.IN_PROGRESS), (change,)


def _joins(mail: Mail, ticket: Ticket, may: Rights, policy: Policy) -> tuple[Participant, ...]:
    sender = mail.heard.sender
    if sender is None or policy.addresses.is_ours(sender.address):
        return ()
    if may.act_as_submitter:
        me = Participant(Role.CC, sender.address, sender.name)
        return new_ones(ticket, (me, *copied_on(mail.heard, policy)))
    if may.comment:  # by token: the address was given to a participant, who need not be this one
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
    event = joined.event(EventKind.COMMENT, verified=False, reasons=reasons)
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
