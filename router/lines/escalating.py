"""The line `Escalate: yes`: its submitter finds that nobody helps.

Rule: three levels, one by one. The first tells the responsible unit again, the second first line,
too, the third those who run the helpdesk, too. Source: EGI-USER (docs/sources.md).
"""

from dataclasses import replace

from parsers.block import Field
from router.steering import Steering
from router.words import CLOSED, Reason

LEVELS = 3


def escalate(steering: Steering, line: Field) -> Steering:
    """Raise the ticket to the next level."""
    old = steering.ticket
    if line.value.strip().lower() not in {"", "yes"}:
        return steering.refused(line.line, "each line raises it by one level; allowed is: yes.")
    if old.status in CLOSED:
        return steering.refused(line.line, 'the ticket is not open; "Reopen: yes" opens it again.')
    if old.escalation >= LEVELS:
        return steering.refused(line.line, f"it has reached the highest level, {LEVELS}.")
    level = old.escalation + 1
    ticket = replace(old, escalation=level)
    steering = steering.changed("escalation level", ticket, str(old.escalation), str(level))
    return steering.because(Reason.ESCALATED)
