"""Calendars: on which days and at which hours somebody works, and whose calendar is whose.

Rule: a calendar that has no working time at all, or counts some of it twice, cannot be made. Here
are values only; what time they come to is counted in working_time.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from itertools import pairwise

from parsers.errors import Malformed
from parsers.text import folded

DAY_MIN = 24 * 60
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a day, in minutes from its midnight; `end` is past 1440 for one over midnight."""

    start: int
    end: int


Week = tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works. `week` has the spans of seven days, Monday first, each in order.

    `holidays` are days in `zone`. Raises Malformed when the week has no working time, when a span
    is empty or longer than 24 hours, or when spans overlap, Sunday's with Monday's too.
    """

    zone: tzinfo
    week: Week
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a week that cannot be worked."""
        check_week(self.week)


def check_week(week: Week) -> None:
    """Raise Malformed for a week that no calendar can have."""
    spans = [
        (day * DAY_MIN + span.start, day * DAY_MIN + span.end)
        for day, of_day in enumerate(week)
        for span in of_day
    ]
    if len(week) != WEEK_DAYS or not spans:
        raise Malformed("there is no working time in the week")
    for span in (span for of_day in week for span in of_day):
        if not 0 <= span.start < DAY_MIN or not span.start < span.end <= span.start + DAY_MIN:
            raise Malformed("a span begins on its day, is not empty, and ends within 24 hours")
    first = spans[0]
    again = (first[0] + WEEK_DAYS * DAY_MIN, first[1] + WEEK_DAYS * DAY_MIN)
    if any(before[1] > after[0] for before, after in pairwise([*spans, again])):
        raise Malformed("two spans of the week overlap")


ALWAYS = Calendar(UTC, ((Span(0, DAY_MIN),),) * WEEK_DAYS)  # 24 hours on 7 days


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendar of each support unit that has one of its own, by its name; others: `default`."""

    default: Calendar = ALWAYS
    by_unit: Mapping[str, Calendar] = field(default_factory=dict)

    def of(self, unit: str) -> Calendar:
        """Return the calendar of a unit, whatever the case and spacing of its name."""
        return self.by_unit.get(folded(unit), self.default)
