"""The block of `UPPERCASE WORDS: value` lines at the end of each mail about a ticket.

Programs of the regions read these lines, so the labels are fixed: new ones may be added, none may
change. Every value is one line; one that is not set reads `none`. `RELATED TICKETS` stands there
only where there are some.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from router.said import say_added

NONE = "none"
# label -> name in the values; the ticket's number comes before them and the date after them
_LABELS = {
    "TICKET TYPE": "kind",
    "NOTIFIED SITE": "notified_site",
    "CONCERNED VO": "vo",
    "AFFECTED SITE": "affected_site",
    "TYPE OF ISSUE": "type_of_issue",
    "MOU AREA": "mou_area",
    "CATEGORY": "category",
    "PRIORITY": "priority",
    "STATUS": "status",
    "RESPONSIBLE UNIT": "unit",
    "SUBMITTER": "submitter",
    "SUBJECT": "subject",
    "OPENED": "opened_at",
}


def facts(values: Mapping[str, Any], ticket: int, date: datetime) -> list[tuple[str, str]]:
    """Return the lines of the block as (label, value); empty for a mail about no ticket."""
    if not ticket:
        return []
    lines = [("TICKET ID", str(ticket))]
    for label, name in _LABELS.items():
        value = str(values.get(name) or NONE)
        lines.append((label, moment(value) if name == "opened_at" else value))
    if values.get("relations"):
        lines.append(("RELATED TICKETS", str(values["relations"])))
    lines.append(("DATE", time_text(date)))
    return lines


def added(change: Mapping[str, Any]) -> str:
    """Return what a change has added or ended, such as a relation; "" for another value."""
    return say_added(*(str(change.get(name) or "") for name in ("field", "old", "new")))


def time_text(time: datetime) -> str:
    """Return a time as it is shown in mails: `2026-11-24 09:30 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M UTC")


def moment(iso: str) -> str:
    """Return an ISO time as it is shown in mails; what is none stays as it is."""
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return time_text(time.astimezone(UTC)) if time.tzinfo else iso
