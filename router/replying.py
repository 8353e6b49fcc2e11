"""A reply of a person: its text is kept, its lines are followed, and everybody is told.

Never loses a text: what may not be done is answered, and all that was written is in the history.
"""

from dataclasses import replace
from datetime import datetime

from parsers.heard import Automatic
from router.acting import actors_of
from router.addresses import LANE_REPLY
from router.alarming import alarm_mails
from router.decision import Decision, Outgoing, Reminder
from router.followed import answer, what_was_done
from router.holding import why_no_answer
from router.joined import Joined
from router.lines.rules import steer
from router.lines.status import moved
from router.noted import noted
from router.notices import Story
from router.opening import HELD_DIGEST_AFTER
from router.people import copied_on, new_ones
from router.steering import Steering
from router.telling import Telling, mails, split
from router.ticket import Change, Participant, Ticket, TicketEvent
from router.transitions import Actor, move
from router.words import EventKind, MailKind, Outcome, Reason, Role, Status

FOR_ANOTHER = (
    "What is signed of this mail names another ticket, so its lines were not followed here."
)
NOT_AS_SENT = (
    "It came back without a word above it, but not word for word as it was sent, so it verifies "
    'nothing. What does is "Verify: yes" as the first line of an answer; "Reopen: yes" says that '
    "it is not solved."
)
MAX_COPIES = 50  # beyond these nobody joins by standing in To or Cc; whoever writes, does
MAX_PARTICIPANTS = 200  # strangers beyond are heard, but get no row


def reply(
    joined: Joined, now_in: Ticket, changes: tuple[Change, ...], by_site: tuple[Reason, ...]
) -> Decision:
    """Return what a mail does to its ticket.

    `now_in` is the ticket after what the mail does by being there, `changes` and `by_site` are what
    that was.
    """
    mail, ticket, may, policy = joined.mail, joined.ticket, joined.may, joined.policy
    unverified = not may.comment
    steered = steer(_steering(joined, now_in, changes))
    if _accepts(joined, steered):
        steered = moved(steered, Status.VERIFIED).because(Reason.SOLUTION_ACCEPTED)
    elif mail.heard.returned and not mail.heard.block.fields and _may_accept(joined, steered):
        steered = replace(steered, refusals=(*steered.refusals, NOT_AS_SENT))
    silent = why_no_answer(mail, joined.facts, policy, may)
    answers = bool(steered.refusals or what_was_done(steered))
    if answers and silent is Reason.RECEIPT_CAP:
        steered = steered.because(silent)
    reasons = tuple(dict.fromkeys((joined.clue.reason, may.reason, *by_site, *steered.reasons)))
    kind = EventKind.UNVERIFIED if unverified else EventKind.COMMENT
    event = joined.event(kind, verified=not unverified, reasons=reasons)
    if Reason.SOLUTION_ACCEPTED in reasons:  # its text is ours
        event = replace(event, text="")
    event = noted(event, (*steered.notes, *event.notes), steered.refusals)
    events = split(event, steered, turned=bool(by_site or steered.pages))
    changed, heard = steered.ticket, mail.heard
    own = Story(
        changed,
        replace(event, changes=steered.changes),
        policy,
        mail_id=mail.mail_id,
        answers=heard.message_id,
    )
    note = replace(own, event=_as_said(events[0], steered)) if events[0].internal else None
    public = None
    if not events[-1].internal:
        said = _as_said(events[-1], steered) if note is None else events[-1]
        public = replace(own, event=said)
    outgoing: list[Outgoing] = []
    if public is not None:
        outgoing += alarm_mails(public, steered.pages)
    if not (ticket.held and unverified):  # those wait for the digest
        speaks = joined.says_something and Reason.SOLUTION_ACCEPTED not in reasons
        told = Telling(ticket, steered, note, public, speaks and note is None, unverified)
        outgoing += mails(told)
    if steered.refusals and silent is None:
        me = Participant(Role.SUBMITTER, joined.address)
        outgoing.append(replace(own.to(me, MailKind.REFUSAL, LANE_REPLY), role=None, token=None))
    elif silent is None:
        outgoing += answer(own, steered, outgoing)
    return Decision(
        Outcome.UNVERIFIED if unverified else Outcome.COMMENT,
        reasons,
        ticket=replace(changed, updated_at=joined.now),
        joins=(*_joins(joined, steered), *steered.joins),
        leaves=steered.leaves,
        events=events,
        outgoing=tuple(outgoing),
        reminders=(*((_digest(joined.now),) if ticket.held else ()), *steered.reminders),
        thread_ids=(heard.message_id,) if heard.message_id else (),
        ties=steered.ties,
        unties=steered.unties,
        words=steered.words,
    )


def _as_said(event: TicketEvent, steered: Steering) -> TicketEvent:
    """Return what is told of a reply: its text below the lines, if all of them were followed.

    They are told as what they have changed.
    """
    block = steered.block
    if not event.text or not block.fields or block.unknown or steered.refusals:
        return event
    return replace(event, text=steered.text)


def _steering(joined: Joined, ticket: Ticket, changes: tuple[Change, ...]) -> Steering:
    """Return the lines of a mail; they steer nothing in one that a machine has marked.

    Nor in one that was signed for another ticket.
    """
    mail, facts, policy = joined.mail, joined.facts, joined.policy
    actors = actors_of(mail, joined.sender, joined.ticket, facts, policy)
    if mail.heard.automatic is not Automatic.NO:
        actors = frozenset()
    steering = Steering(
        mail.heard.block,
        joined.address,
        actors,
        facts,
        policy,
        joined.now,
        ticket,
        mail,
        joined.sender,
        changes,
    )
    if not joined.for_another or not mail.heard.block.fields:
        return steering if not joined.for_another else replace(steering, actors=frozenset())
    steering = replace(steering, actors=frozenset(), refusals=(FOR_ANOTHER,))
    return steering.because(Reason.SIGNED_FOR_ANOTHER)


def _accepts(joined: Joined, steered: Steering) -> bool:
    """Whether this is an unchanged answer to the solution, by one who may verify it.

    What a ticket was told before it was merged into this one is not this one's solution.
    """
    is_its_own = joined.facts.solution_of == joined.ticket.number and not joined.clue.led_from
    return is_its_own and _may_accept(joined, steered)


def _may_accept(joined: Joined, steered: Steering) -> bool:
    found = move(joined.ticket.status, Status.VERIFIED, steered.actors)
    return not joined.ticket.held and found is not None


def _digest(now: datetime) -> Reminder:
    return Reminder("held-digest", now + HELD_DIGEST_AFTER, per_ticket=False)


def _copies(joined: Joined, steered: Steering) -> tuple[Participant, ...]:
    """Return who else joins: those in copy, while there are not too many.

    Each of them is mailed whatever is said from now on, and a mail may bring ten; a few mails of
    one proven stranger would make a flood of each word.
    """
    people = (*joined.ticket.participants, *steered.joins)
    if sum(one.role is Role.CC for one in people) >= MAX_COPIES:
        return ()
    return copied_on(joined.mail.heard, joined.sender.signed, joined.policy)


def _joins(joined: Joined, steered: Steering) -> tuple[Participant, ...]:
    """Return who joins by writing, or by being written to; a supporter reads the unit's list."""
    mail, ticket, policy, may = joined.mail, joined.ticket, joined.policy, joined.may
    sender = mail.heard.sender
    if sender is None or policy.addresses.is_ours(sender.address) or joined.for_another:
        return ()
    if may.act_as_submitter:
        me = Participant(Role.CC, sender.address, sender.name)
        people = new_ones(ticket, (me, *_copies(joined, steered)))
        there = {one.address.lower() for one in (*steered.joins, *steered.leaves)}
        leaving = any(one.key == "unsubscribe" for one in steered.block.fields)
        if Actor.SUPPORTER in steered.actors or leaving:
            there.add(sender.address.lower())
        return tuple(one for one in people if one.row or one.address.lower() not in there)
    if may.comment:  # by token: the address was given to a participant, who need not be this one
        return ()
    if len(ticket.participants) >= MAX_PARTICIPANTS:
        return ()
    return new_ones(
        ticket, (Participant(Role.STRANGER, sender.address, sender.name, verified=False),)
    )
