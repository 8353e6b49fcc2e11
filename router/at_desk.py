"""Steering a ticket without a mail: an operator at the terminal.

An operator's lines are a supporter's (`router.lines`), but all or none: who stands at the terminal
sees at once what is wrong, and nothing has been written.
"""

from dataclasses import replace
from datetime import datetime

from parsers.block import FieldBlock
from parsers.errors import Refused
from router.decision import Command, Decision, Facts, Policy
from router.lines.noting import wants_internal
from router.lines.rules import steer
from router.noted import noted
from router.notices import Story
from router.steering import Steering
from router.telling import Telling, mails, split
from router.ticket import TicketEvent
from router.transitions import Actor
from router.typed import at_terminal
from router.words import FINAL, EventKind, Outcome, Reason

OPERATOR = frozenset({Actor.SUPPORTER})
INTERNAL_IN_COMMENT = (
    'The comment has a line like "Internal: yes". Please add --internal, or take that line out.\n'
    "Nothing was changed."
)


def command(asked: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Follow an operator's lines. Raises Refused with what is wrong; then nothing happens."""
    ticket = next((found for _, found in facts.found), None)
    if ticket is None:
        raise Refused(f"There is no ticket {asked.ticket}.")
    if ticket.status in FINAL:
        raise Refused(f"Ticket {ticket.number} is {ticket.status}, for good.")
    block = FieldBlock(asked.lines, (), asked.text)
    if not block.fields and not block.rest.strip():
        raise Refused("There is nothing to do.")
    if wants_internal(block)[1]:
        raise Refused(INTERNAL_IN_COMMENT)
    steered = steer(Steering(block, "", OPERATOR, facts, policy, now, ticket))
    if steered.refusals:
        raise Refused("\n".join((*map(at_terminal, steered.refusals), "Nothing was changed.")))
    reasons = tuple(dict.fromkeys((*steered.reasons, Reason.BY_AN_OPERATOR)))
    event = TicketEvent(EventKind.COMMENT, asked.by, now, asked.text, reasons=reasons)
    events = split(noted(event, steered.notes), steered, turned=False)
    own = Story(steered.ticket, events[-1], policy)
    note = replace(own, event=events[0]) if events[0].internal else None
    public = own if not own.event.internal else None
    speaks = note is None and bool(steered.text)
    outgoing = mails(Telling(ticket, steered, note, public, speaks))
    return (
        Decision(
            Outcome.COMMAND,
            reasons,
            ticket=replace(steered.ticket, updated_at=now),
            joins=steered.joins,
            leaves=steered.leaves,
            events=events,
            outgoing=outgoing,
            reminders=steered.reminders,
            ties=steered.ties,
            unties=steered.unties,
            words=steered.words,
        ),
    )
