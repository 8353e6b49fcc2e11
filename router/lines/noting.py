"""The lines that add something beside the text: a reminder, a related issue, a note for supporters.

Source: EGI-STAFF (docs/sources.md).
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import islice

from parsers.block import LIKE_A_KEY, STRAY_LINES, Field, FieldBlock, top_pairs
from router.decision import Reminder
from router.steering import Steering
from router.ticket import Change
from router.words import CLOSED, OPEN
from router.working_time import next_working
from router.zones import first_instant

REMIND = "remind"
REMIND_WITHIN = timedelta(days=730)
_0 = timedelta()
MAX_RELATED_CHARS = 125
_NO = frozenset({"no", "false", "off"})
_YES = frozenset({"", "yes", "y", "true", "on", "1", "ja", "oui", "si", "s\u00ed", "tak"})
_SHOWN = ", so the text was shown to supporters only."
INTERNAL_ASTRAY = (
    'A line like "Internal: yes" was seen, but mistyped, or not among the first lines of the mail'
    f"{_SHOWN}"
)
_PRIVATE = frozenset({"private", "private note", "private comment", "confidential"})
# Without its colon: "Internal = yes".
_UNMARKED = re.compile(
    r"internal(?: note| comment)?[\s=;\u2013-]+(?:yes|true|on)[.!]?", re.IGNORECASE
)
_INTERNAL = ("internal", "internal note", "internal comment", "internal diary", "internal only")


def remind_on(steering: Steering, line: Field) -> Steering:
    """Remind the supporter who asks, once, when his unit begins to work on that day, or next."""
    if steering.ticket.status not in OPEN:
        return steering.refused(line.line, "the ticket is not open.")
    if not steering.me:
        return steering.refused(line.line, "only a mail names who is to be reminded.")
    try:
        day = datetime.strptime(line.value.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return steering.refused(line.line, "please write the day as YYYY-MM-DD.")
    calendar = steering.policy.calendars.of(steering.ticket.support_unit)
    today = steering.now.astimezone(calendar.zone).date()
    is_to_come = today <= day <= today + REMIND_WITHIN
    due_at = next_working(calendar, first_instant(calendar.zone, day if is_to_come else today, _0))
    if not is_to_come or due_at <= steering.now:
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
    del line
    return replace(steering, internal=steering.internal or wants_internal(steering.block)[0])


def doubt(block: FieldBlock) -> str:
    """Return what is to be answered to whoever wrote "Internal: yse", "" when it is clear.

    Such a line is followed, or the note would be with the submitter; but nobody knows whether its
    writer wanted that.
    """
    if wants_internal(block)[1]:
        return INTERNAL_ASTRAY
    lines = [one for one in block.fields if one.key == "internal"]
    wanted = [one for one in lines if one.value.lower() not in _NO]
    unclear = next((one for one in wanted if not _is_yes(one.value)), None)
    if unclear is not None:
        return f'The line "{unclear.line}" was taken for a yes{_SHOWN} Allowed are: yes, no.'
    if wanted and len(wanted) < len(lines):
        return f'"{wanted[0].line}" was followed, though another line says otherwise{_SHOWN}'
    return ""


def _is_yes(value: str) -> bool:
    """Whether it begins with a yes, or is empty: "yes, please"."""
    first = next(iter(value.lower().split()), "")
    return first in _YES or first.rstrip(",.;!") in _YES - {""}


def wants_internal(block: FieldBlock) -> tuple[bool, bool]:
    """Whether the text below is for supporters only, and whether no line of the block says so.

    A line that stands too low, or is mistyped, counts: whoever wrote it meant it.
    """
    lines = [one for one in block.fields if one.key == "internal"]
    if any(one.value.lower() not in _NO for one in lines):
        return True, False
    said = (*map(top_pairs, block.unknown), top_pairs(block.rest))
    astray = any(_means_internal(*pair) for pairs in said for pair in pairs)
    first = islice(filter(None, map(str.strip, block.rest.splitlines())), STRAY_LINES)
    astray = astray or any(_UNMARKED.fullmatch(one) for one in first)
    return astray, astray


def _means_internal(key: str, value: str) -> bool:
    """Whether a line says it; a typo does when it says yes, "Internal server error: 500" not."""
    folded = value.lower().rstrip(".!")
    if key in _INTERNAL:
        return folded not in _NO
    if key in _PRIVATE:  # other helpdesks' word
        return folded in _YES
    return folded in _YES and bool(get_close_matches(key, _INTERNAL[:1], 1, LIKE_A_KEY))


def solution(steering: Steering, line: Field) -> Steering:
    """Say that a solution needs its status; with it, `status` has read it."""
    if any(one.field == "status" and one.new in CLOSED for one in steering.changes):
        return steering
    now, solved = steering.ticket.status, '"Status: solved"'
    why = f'a solution goes with {solved} or "Status: unsolved".'
    if now in CLOSED:
        why = f'the ticket is {now}; please write "Status: reopened" now, and {solved} after that.'
    return steering.refused(line.line, why)


def _noted(steering: Steering, field: str, new: str) -> Steering:
    return replace(steering, changes=(*steering.changes, Change(field, "", new)))
