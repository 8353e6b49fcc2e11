"""What a site answers to an alarm, by the address that only the alarm mail named.

Rule: whoever holds the address may acknowledge, report, comment on and resolve this one alarm, and
nothing else. Saying it twice changes nothing, machines may say it, and a receipt tells nobody:
so a monitoring system and the helpdesk can never answer each other for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.alarm import AlarmStatus
from parsers.alarm_answer import Answer, AnswerEvent, hear_answer
from router.addresses import LANE_REPLY
from router.alarming import alarm_status
from router.decision import Clue, Decision, Facts, Mail, Policy
from router.notices import SOLUTION, Story
from router.paging import pagers
from router.people import author_of, listed_attachments, readers
from router.relations import open_children
from router.ticket import Change, Paging, Ticket, TicketEvent
from router.tokens import TokenClass
from router.unanswered import next_step
from router.words import EventKind, MailKind, Outcome, Reason, Status

SOLVES = "solve"  # the word of `[[site]] resolve`
_OF_PROGRAMS = frozenset({AnswerEvent.RECEIPT, AnswerEvent.UNREACHABLE})
_UNTOUCHED = frozenset({Status.NEW, Status.ASSIGNED, Status.REOPENED})


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, with all that deciding on it needs. `by` is who is shown in the history."""

    answer: Answer
    by: str
    mail: Mail
    ticket: Ticket
    facts: Facts
    policy: Policy
    now: datetime

    @property
    def paging(self) -> Paging:
        """Return how far the alarm has come."""
        return self.ticket.paging or Paging()

    @property
    def is_of_the_past(self) -> bool:
        """Whether it answers a document of before the alarm was raised anew."""
        return 0 < self.answer.seq < self.paging.since


def answered(  # noqa: PLR0917 - a mail, its ticket, and what every decision takes
    mail: Mail, clue: Clue, ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> Decision | None:
    """Return what a site's answer does; None for a mail that is no such answer.

    Without a line "Event:" it is an ordinary comment, of a person or a machine; and so is what
    comes from one whom the alarm no longer concerns, since the site has left.
    """
    if clue.token_class is not TokenClass.SITE or alarm_status(ticket) is None:
        return None
    holds = any(one.row == clue.token_row for one in pagers(ticket))
    answer = hear_answer(mail.heard.visible) if holds else None
    if answer is None:
        return None
    by = f"{answer.by} at {ticket.notified_site}" if answer.by else author_of(mail)
    said = Said(answer, by, mail, ticket, facts, policy, now)
    decision = (_late if said.is_of_the_past else _RULES[answer.event])(said)
    return replace(decision, hook_of=ticket.notified_site if _is_a_hooks(answer) else "")


def _receipt(said: Said) -> Decision:
    if said.paging.receipt_at is not None:
        return _nothing(said, Reason.SAID_BEFORE)
    changed = _with(said, receipt_at=said.now)
    text = f"The monitoring of {said.ticket.notified_site} has the alarm."
    if said.answer.comment:
        text += f"\n\n{said.answer.comment}"
    return _written(said, changed, EventKind.RECEIVED, text, Reason.SITE_RECEIPT, internal=True)


def _unreachable(said: Said) -> Decision:
    """Go on to the next step at once: nobody at the site sees this alarm.

    Once: the page of that step finds the same monitoring down, and its hook says so again.
    """
    firing = alarm_status(said.ticket) is AlarmStatus.FIRING
    if not firing or said.paging.unreachable_at is not None:
        return _nothing(said, Reason.SAID_BEFORE)
    ticket = _with(said, unreachable_at=said.now)
    step = next_step(ticket, Reason.SITE_UNREACHABLE, said.facts, said.policy, said.now)[0]
    if step.ticket is None:
        return _nothing(said, Reason.SAID_BEFORE)
    event = _event(
        said, EventKind.RECEIVED, said.answer.comment, Reason.SITE_UNREACHABLE, internal=True
    )
    return replace(
        step,
        outcome=Outcome.ANSWER,
        reasons=(Reason.THREAD_TOKEN, Reason.SITE_UNREACHABLE),
        events=(event, *step.events),
    )


def _ack(said: Said) -> Decision:
    if alarm_status(said.ticket) is AlarmStatus.RESOLVED:
        return _late(said)
    if alarm_status(said.ticket) is AlarmStatus.ACKNOWLEDGED:
        return _comment(said) if said.answer.comment else _nothing(said, Reason.SAID_BEFORE)
    changed = _in_progress(_with(said, answered_at=said.now, answered_by=said.by))
    return _told(said, changed, EventKind.ACKNOWLEDGED, said.answer.comment)


def _resolve(said: Said) -> Decision:
    """Note that the site's monitoring is well again; solved only where the site asked for that."""
    if alarm_status(said.ticket) is AlarmStatus.RESOLVED:
        return _late(said)
    if said.paging.recovered_at is not None:
        return _comment(said) if said.answer.comment else _nothing(said, Reason.SAID_BEFORE)
    text = said.answer.comment or "The monitoring of the site shows that it is over."
    changed = _with(said, recovered_at=said.now)
    if said.paging.answered_at is None:
        changed = _in_progress(replace(changed, paging=_answered(changed, said)))
    site = next(iter(said.facts.registry.find_sites(said.ticket.notified_site)), None)
    waits = open_children(said.ticket, said.facts)
    if site is not None and site.resolve == SOLVES and not waits:
        changed = replace(changed, status=Status.SOLVED, solution=text)
    return _told(said, changed, EventKind.RECOVERED, text)


def _comment(said: Said) -> Decision:
    return _told(said, said.ticket, EventKind.COMMENT, said.answer.comment)


def _late(said: Said) -> Decision:
    """Keep what comes when the alarm is over, or was raised anew; it turns nothing."""
    over = alarm_status(said.ticket) is AlarmStatus.RESOLVED
    why = Reason.ALARM_OVER if over else Reason.ROUND_OVER
    if not said.answer.comment or said.answer.event in _OF_PROGRAMS:
        return _nothing(said, why)
    if not over:
        return _comment(said)
    return _written(said, said.ticket, EventKind.COMMENT, said.answer.comment, why)


def _told(said: Said, changed: Ticket, kind: EventKind, text: str) -> Decision:
    """Return a decision that everybody who takes part is told of."""
    decision = _written(said, changed, kind, text, Reason.BY_THE_SITE)
    story = Story(changed, decision.events[0], said.policy, mail_id=said.mail.mail_id)
    told = readers(said.ticket, _sender(said.mail), said.policy.addresses)
    solved = changed.status is Status.SOLVED and said.ticket.status is not Status.SOLVED
    if solved:  # the solution is the text
        story = replace(story, event=replace(story.event, text=""))
    of = MailKind.SOLUTION if solved else MailKind.UPDATE
    return replace(decision, outgoing=story.to_all(told, of, LANE_REPLY))


def _written(
    said: Said,
    changed: Ticket,
    kind: EventKind,
    text: str,
    reason: Reason,
    *,
    internal: bool = False,
) -> Decision:
    event = _event(said, kind, text, reason, internal=internal)
    old = said.ticket
    pairs = (
        ("status", str(old.status), str(changed.status)),
        (SOLUTION, old.solution, changed.solution),
    )
    event = replace(event, changes=tuple(Change(*pair) for pair in pairs if pair[1] != pair[2]))
    heard = said.mail.heard
    return Decision(
        Outcome.ANSWER,
        event.reasons,
        ticket=replace(changed, updated_at=said.now),
        events=(event,),
        thread_ids=(heard.message_id,) if heard.message_id else (),
    )


def _event(
    said: Said, kind: EventKind, text: str, reason: Reason, *, internal: bool = False
) -> TicketEvent:
    return TicketEvent(
        kind,
        said.by,
        said.now,
        text,
        internal=internal,
        reasons=(Reason.THREAD_TOKEN, reason),
        attachments=listed_attachments(said.mail),
    )


def _nothing(said: Said, reason: Reason) -> Decision:
    return Decision(Outcome.ANSWER, (Reason.THREAD_TOKEN, reason), about=(said.ticket.number,))


def _with(said: Said, **changed: object) -> Ticket:
    return replace(said.ticket, paging=replace(said.paging, **changed))  # type: ignore[arg-type] # fields of Paging, given by name


def _answered(ticket: Ticket, said: Said) -> Paging:
    return replace(ticket.paging or Paging(), answered_at=said.now, answered_by=said.by)


def _in_progress(ticket: Ticket) -> Ticket:
    return replace(ticket, status=Status.IN_PROGRESS) if ticket.status in _UNTOUCHED else ticket


def _sender(mail: Mail) -> str:
    return mail.heard.sender.address if mail.heard.sender else mail.envelope.mail_from


def _is_a_hooks(answer: Answer) -> bool:
    """Whether only a program says so: then its silence means something from now on."""
    return answer.event in _OF_PROGRAMS


_RULES: Mapping[AnswerEvent, Callable[[Said], Decision]] = {
    AnswerEvent.RECEIPT: _receipt,
    AnswerEvent.UNREACHABLE: _unreachable,
    AnswerEvent.ACK: _ack,
    AnswerEvent.RESOLVE: _resolve,
    AnswerEvent.COMMENT: _comment,
}
