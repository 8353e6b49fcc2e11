"""The turns of an alarm: raised, answered, over, raised anew. Its site is told of each of them.

Rule: one place sees every decision, so it does not matter who turned the alarm, or how. A turn that
raises it starts the timers; what follows when they run out: `unanswered`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from parsers.alarm import AlarmEvent, AlarmStatus
from router.alarming import alarm_mails, alarm_status
from router.decision import Decision, Facts, Policy, Reminder
from router.notices import Story
from router.ticket import Paging, Participant, Ticket, TicketEvent
from router.words import Role, Status

RECEIPT = "alarm-receipt"
ANSWER = "alarm-answer"
_TURNS: Mapping[tuple[AlarmStatus | None, AlarmStatus], AlarmEvent] = {
    (None, AlarmStatus.FIRING): AlarmEvent.OPEN,
    (None, AlarmStatus.ACKNOWLEDGED): AlarmEvent.OPEN,
    (AlarmStatus.FIRING, AlarmStatus.ACKNOWLEDGED): AlarmEvent.ACK,
    (AlarmStatus.FIRING, AlarmStatus.RESOLVED): AlarmEvent.RESOLVE,
    (AlarmStatus.ACKNOWLEDGED, AlarmStatus.RESOLVED): AlarmEvent.RESOLVE,
    (AlarmStatus.RESOLVED, AlarmStatus.FIRING): AlarmEvent.REOPEN,
    (AlarmStatus.RESOLVED, AlarmStatus.ACKNOWLEDGED): AlarmEvent.REOPEN,
}


def tell_the_site(decision: Decision, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """Return the decision with what its turn of an alarm brings: mails to the site, and timers.

    The mails of an alarm that begins are there already: they tell the story of its opening.
    """
    ticket = decision.ticket
    status = alarm_status(ticket) if ticket is not None else None
    if ticket is None or status is None or not decision.events:
        return decision
    before = facts.ticket(ticket.number)
    was = alarm_status(before) if before is not None and ticket.number else None
    if before is not None and was is not None and before.notified_site != ticket.notified_site:
        return _left_alone(decision, before, policy)
    event = _TURNS.get((was, status))
    if event is None:
        return decision
    paging = _turned(ticket, event, status, decision.events[-1], now)
    if event in {AlarmEvent.OPEN, AlarmEvent.REOPEN}:
        paging = replace(paging, since=ticket.last_event + len(decision.events))
    ticket = replace(ticket, paging=paging)
    if event is AlarmEvent.RESOLVE and ticket.status is Status.UNSOLVED:
        event = AlarmEvent.CANCEL
    decision = replace(decision, ticket=ticket)
    if event in {AlarmEvent.OPEN, AlarmEvent.REOPEN} and status is AlarmStatus.FIRING:
        timers = _timers(paging, now, policy)
        decision = replace(decision, reminders=(*decision.reminders, *timers))
    if event is AlarmEvent.OPEN:
        return decision
    story = Story(ticket, decision.events[-1], policy)
    mails = alarm_mails(story, pagers(ticket), event)
    return replace(decision, outgoing=(*mails, *decision.outgoing))


def _turned(
    ticket: Ticket, event: AlarmEvent, status: AlarmStatus, by: TicketEvent, now: datetime
) -> Paging:
    """Return how far the alarm has come after a turn; raised anew, its steps begin again."""
    paging = ticket.paging or Paging()
    if event is AlarmEvent.OPEN:
        paging = replace(paging, paged_at=now)
        return paging if status is AlarmStatus.FIRING else _answered(paging, by, now)
    if event is AlarmEvent.REOPEN:
        again = replace(paging, round=paging.round + 1, steps=0, paged_at=now, receipt_at=None)
        again = replace(again, over_at=None, recovered_at=None, unreachable_at=None)
        return again if status is AlarmStatus.ACKNOWLEDGED else _unanswered(again)
    if status is AlarmStatus.RESOLVED:
        return replace(paging, over_at=now)
    return _answered(paging, by, now) if paging.answered_at is None else paging


def _answered(paging: Paging, by: TicketEvent, now: datetime) -> Paging:
    return replace(paging, answered_at=now, answered_by=by.by)


def _left_alone(decision: Decision, before: Ticket, policy: Policy) -> Decision:
    """Tell a site that an alarm no longer is its own."""
    story = Story(before, decision.events[-1], policy)
    pages = pagers(before)
    mails = alarm_mails(story, pages, AlarmEvent.CANCEL, AlarmStatus.RESOLVED)
    return replace(
        decision,
        leaves=(*decision.leaves, *pages),
        outgoing=(*(replace(one, token=None) for one in mails), *decision.outgoing),
    )


def _unanswered(paging: Paging) -> Paging:
    return replace(paging, answered_at=None, answered_by="")


def pagers(ticket: Ticket) -> tuple[Participant, ...]:
    """Return whom this alarm has woken; they hear of each of its turns."""
    return tuple(one for one in ticket.participants if one.role is Role.ALARM)


def stage(paging: Paging) -> str:
    """Return the word by which a timer knows whether it is still meant."""
    return f"{paging.round}.{paging.steps}"


def timer(step: str, paging: Paging, now: datetime, after_s: int) -> Reminder:
    """Return a timer that is meant for this stage of the alarm only."""
    return Reminder(step, now + timedelta(seconds=after_s), detail=stage(paging))


def _timers(paging: Paging, now: datetime, policy: Policy) -> tuple[Reminder, ...]:
    return (
        timer(RECEIPT, paging, now, policy.alarm_receipt_s),
        timer(ANSWER, paging, now, policy.alarm_answer_s),
    )
