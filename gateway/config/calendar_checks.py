"""Rules for working time: calendars and levels that must exist, holidays that must be known.

They read the document as written, like all rules that span keys.
"""

from collections.abc import Iterator
from typing import Any

from gateway.config.calendars import PLACE
from gateway.config.faults import Finding, Location
from gateway.public_holidays import UnknownHolidays, public_holidays
from parsers.text import folded
from router.limits import LEVELS

Document = dict[str, Any]


def check_calendars(document: Document) -> Iterator[Finding]:
    """Find names that nothing has, and places whose holidays nobody knows."""
    for key, built_in in (("calendar", ()), ("support_level", tuple(LEVELS))):
        known = {*built_in, *(_folded(one.get("name")) for _, one in _entries(document, key))}
        for section in ("unit", "roc"):
            for index, entry in _entries(document, section):
                name = entry.get(key)
                if isinstance(name, str) and name and _folded(name) not in known:
                    yield Finding((section, index, key), f"there is no [[{key}]] named {name!r}")
    clock = document.get("clock")
    if isinstance(clock, dict):
        yield from _holidays(clock, ("clock",))
    for index, entry in _entries(document, "calendar"):
        yield from _holidays(entry, ("calendar", index))


def _holidays(entry: Document, loc: Location) -> Iterator[Finding]:
    named = entry.get("holidays")
    for place, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and PLACE.fullmatch(name):
            try:
                public_holidays(name, ())
            except UnknownHolidays as error:
                yield Finding((*loc, "holidays", place), str(error))


def _entries(document: Document, section: str) -> Iterator[tuple[int, Document]]:
    entries = document.get(section)
    if isinstance(entries, list):
        yield from ((i, entry) for i, entry in enumerate(entries) if isinstance(entry, dict))


def _folded(name: Any) -> str:
    return folded(name) if isinstance(name, str) else ""
