"""A mail of ours that did not arrive: the history says so, and a person is told.

Never silent, and an alarm goes on to its next step at once; once for each address, because a step
writes to those that failed before, too, and each would be followed by the next. Only a notice about
a notice is not written, or two dead addresses would chase each other for ever. What failed stays
visible in the outbox.
"""

from dataclasses import replace
from datetime import datetime

from router.decision import Decision, Facts, Policy
from router.found import SentRow
from router.notices import operator_notice
from router.ticket import Ticket, TicketEvent
from router.unanswered import next_step
from router.words import EventKind, MailKind, Outcome, Reason


def undelivered(sent: SentRow, facts: Facts, policy: Policy, now: datetime, why: str) -> Decision:
    """Return what follows from a mail that was given up; `why` ends the sentence about it."""
    lines = [f"The {sent.kind} to {sent.recipient} could not be delivered: {why}."]
    if sent.ticket:
        lines.append(f"It is about {policy.ticket_tag}: #{sent.ticket}.")
    ticket = next((found for _, found in facts.found if found.number == sent.ticket), None)
    event = TicketEvent(EventKind.UNDELIVERED, "ticketgate", now, lines[0], internal=True)
    tell = operator_notice(
        policy, f"Mail to {sent.recipient} was not delivered", lines, null_sender=True
    )
    decision = Decision(
        Outcome.BOUNCE,
        (Reason.BOUNCED,),
        ticket=ticket,
        events=(event,) if ticket else (),
        outgoing=() if sent.kind is MailKind.OPERATOR_NOTICE else tell,
        failed_row=sent.row,
        failed_why=why,
        about=(sent.ticket,) if sent.ticket else (),
    )
    if sent.kind is not MailKind.ALARM or ticket is None or _is_known(sent, ticket):
        return decision
    step = next_step(ticket, Reason.ALARM_BOUNCED, facts, policy, now)[0]
    if step.ticket is None:
        return decision
    return replace(
        decision,
        reasons=(*decision.reasons, *step.reasons),
        ticket=step.ticket,
        joins=step.joins,
        events=(*decision.events, *step.events),
        outgoing=(*step.outgoing, *decision.outgoing),
        reminders=step.reminders,
    )


def _is_known(sent: SentRow, ticket: Ticket) -> bool:
    """Whether this address has failed before in this round of the alarm."""
    paged_at = ticket.paging.paged_at if ticket.paging is not None else None
    before = sent.failed_before
    return before is not None and (paged_at is None or before >= paged_at)
