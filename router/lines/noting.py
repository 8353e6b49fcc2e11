"""The lines that add something beside the text: a reminder, a related issue, a note for supporters.

Source: EGI-STAFF (docs/sources.md).
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from parsers.block import Field
from router.decision import Reminder
from router.steering import Steering
from router.ticket import Change
from router.words import FINAL, Status

REMIND = "remind"
REMINDED_AT = time(7, 0, tzinfo=UTC)  # office hours begin (EGI-PRIORITY)
REMIND_WITHIN = timedelta(days=730)
MAX_RELATED_CHARS = 125
_NO = frozenset({"no", "false", "off"})


def remind_on(steering: Steering, line: Field) -> Steering:
    """Remind the supporter who asks, once, in the morning of that day."""
    if steering.ticket.status in FINAL | {Status.SOLVED, Status.UNSOLVED}:
        return steering.refused(line.line, "the ticket is not open.")
    if not steering.me:
        return steering.refused(line.line, "only a mail names who is to be reminded.")
    try:
        day = datetime.strptime(line.value.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return steering.refused(line.line, "please write the day as YYYY-MM-DD.")
    due_at = datetime.combine(day, REMINDED_AT)
    if not steering.now < due_at <= steering.now + REMIND_WITHIN:
        days = f"{REMIND_WITHIN.days} days"
        return steering.refused(line.line, f"it takes a day to come, within {days}.")
    reminder = Reminder(REMIND, due_at, detail=f"{day} {steering.me}")
    return _noted(
        replace(steering, reminders=(*steering.reminders, reminder)), "remind on", str(day)
    )


def related(steering: Steering, line: Field) -> Steering:
    """Note a related issue elsewhere, such as its URL, as it is."""
    value = " ".join(line.value.split())
    if not value or len(value) > MAX_RELATED_CHARS:
        return steering.refused(line.line, f"it takes 1 to {MAX_RELATED_CHARS} characters.")
    return _noted(steering, "related issue", value)


def internal(steering: Steering, line: Field) -> Steering:
    """Keep the text among supporters. Anybody may ask for that, and a doubt means yes.

    A supporter whose proof was lost on the way must not find the note with the submitter.
    """
    if line.value.strip().lower() in _NO:
        return steering
    return replace(steering, internal=True)


def solution(steering: Steering, line: Field) -> Steering:
    """Say that a solution needs its status; with it, `status` has read it."""
    if any(one.field == "solution" for one in steering.changes):
        return steering
    words = '"Status: solved" or "Status: unsolved"'
    if steering.ticket.status in {Status.SOLVED, Status.UNSOLVED}:
        words = '"Status: reopened", and then "Status: solved" in a second mail'
    return steering.refused(line.line, f"a solution goes with {words}.")


def _noted(steering: Steering, field: str, new: str) -> Steering:
    return replace(steering, changes=(*steering.changes, Change(field, "", new)))
