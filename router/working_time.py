"""Working time: when a calendar is open, what lies between two moments, and when some has passed.

Rule: an instant is working when the clocks of the calendar's zone show a time within a span, on a
day that is no holiday; how much time that is, is counted in UTC. So an hour that does not exist
counts nothing and an hour that comes twice counts twice. A bound of a span that does not exist is
the moment at which the clocks jump over it; one that comes twice is the first. A span over midnight
belongs, whole, to the day on which it begins, and so does its holiday.

A year of a calendar is worked out once and remembered; every answer is a search in it. Never is
anything counted in steps of minutes or days. Nothing here knows what time it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache

from router.calendars import Calendar, Span
from router.zones import first_instant, shown

YEARS_REMEMBERED = 256  # calendars times years
_NOTHING = timedelta()


def next_working(calendar: Calendar, at: datetime) -> datetime:
    """Return the first working instant that is not before `at`, in UTC.

    The end of a span is not working any more. Raises ValueError if `at` is naive.
    """
    at = _utc(at)
    year, place = _ahead(calendar, at)
    return max(at, year.starts[place])


def working_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time from `start` to `end`; none when `end` is not after `start`.

    Raises ValueError if either is naive.
    """
    start, end = _utc(start), _utc(end)
    if end <= start:
        return _NOTHING
    years = range(_first_year(calendar, start), end.astimezone(calendar.zone).year + 1)
    tables = [_year(calendar, year) for year in years]
    return sum((one.until(end) - one.until(start) for one in tables), _NOTHING)


def add_working(calendar: Calendar, start: datetime, working_time: timedelta) -> datetime:
    """Return the first instant, in UTC, at which that much working time has passed since `start`.

    So eight hours from the beginning of a working day end when it ends, not when the next begins;
    no time at all ends at `start`. Raises ValueError if `start` is naive or the time negative.
    """
    start = _utc(start)
    if working_time < _NOTHING:
        raise ValueError("working time is not negative")
    if not working_time:
        return start
    for year in _years_from(calendar, start):
        wanted = year.until(start) + working_time
        if wanted <= year.total:
            place = bisect_left(year.before, wanted) - 1
            return year.starts[place] + (wanted - year.before[place])
        working_time -= year.total - year.until(start)
    raise AssertionError("years do not end")  # pragma: no cover - _years_from raises first


def add_working_days(calendar: Calendar, start: datetime, days: int) -> datetime:
    """Return the working instant, in UTC, at the same time of the day, so many working days later.

    A working day is one with working time of its own, however long. Outside of working time the
    count begins where work does. When that day has other hours, it is the next working instant.
    Raises ValueError if `start` is naive or `days` negative.
    """
    if days < 0:
        raise ValueError("working days are not negative")
    at = next_working(calendar, start)
    if days == 0:
        return at
    year, place = _ahead(calendar, at)
    day = year.days[place]
    into_day = shown(calendar.zone, at) - datetime.combine(day, time())
    for later in _years_from(calendar, at):
        first = bisect_right(later.distinct_days, day)
        if first + days <= len(later.distinct_days):
            target = later.distinct_days[first + days - 1]
            return next_working(calendar, first_instant(calendar.zone, target, into_day))
        days -= len(later.distinct_days) - first
    raise AssertionError("years do not end")  # pragma: no cover - _years_from raises first


def next_day_begins(calendar: Calendar, at: datetime) -> datetime:
    """Return the instant, in UTC, at which the first working day after that of `at` begins.

    A break in a day does not end it; before a day's work has begun, that day is the next one.
    Raises ValueError if `at` is naive.
    """
    at = _utc(at)
    for year in _years_from(calendar, at):
        for place in range(bisect_right(year.starts, at), len(year.starts)):
            if place == 0 or year.days[place - 1] != year.days[place]:
                return year.starts[place]
    raise AssertionError("years do not end")  # pragma: no cover - _years_from raises first


@dataclass(frozen=True, slots=True)
class _Year:
    """The spans that begin in one year, as instants in their order; `days` are theirs.

    `before` is the working time of the year before each span, `total` that of the whole year.
    """

    days: tuple[date, ...]
    distinct_days: tuple[date, ...]
    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    before: tuple[timedelta, ...]
    total: timedelta

    def until(self, at: datetime) -> timedelta:
        """Return the working time of this year that lies before `at`."""
        place = bisect_right(self.starts, at) - 1
        if place < 0:
            return _NOTHING
        return self.before[place] + (min(at, self.ends[place]) - self.starts[place])


@lru_cache(maxsize=YEARS_REMEMBERED)
def _year(calendar: Calendar, year: int) -> _Year:
    days: list[date] = []
    starts: list[datetime] = []
    ends: list[datetime] = []
    before: list[timedelta] = []
    total = _NOTHING
    for day, span in _spans(calendar, year):
        start = first_instant(calendar.zone, day, timedelta(minutes=span.start))
        end = first_instant(calendar.zone, day, timedelta(minutes=span.end))
        if start < end:  # not all of it fell into an hour, or a day, that does not exist
            days.append(day)
            starts.append(start)
            ends.append(end)
            before.append(total)
            total += end - start
    distinct = tuple(dict.fromkeys(days))
    return _Year(tuple(days), distinct, tuple(starts), tuple(ends), tuple(before), total)


def _spans(calendar: Calendar, year: int) -> Iterator[tuple[date, Span]]:
    day = date(year, 1, 1)
    while day.year == year:
        if day not in calendar.holidays:
            yield from ((day, span) for span in calendar.week[day.weekday()])
        day += timedelta(days=1)


def _first_year(calendar: Calendar, at: datetime) -> int:
    """Return the first year whose spans may reach `at`: the one before, by a span over midnight."""
    return max(MINYEAR, at.astimezone(calendar.zone).year - 1)


def _years_from(calendar: Calendar, at: datetime) -> Iterator[_Year]:
    """Give the years from `at` on; raises OverflowError where time ends."""
    year = _first_year(calendar, at)
    while True:
        yield _year(calendar, year)
        year += 1


def _ahead(calendar: Calendar, at: datetime) -> tuple[_Year, int]:
    """Return the first span that ends after `at`: its year and its place there."""
    for year in _years_from(calendar, at):
        place = bisect_right(year.ends, at)
        if place < len(year.ends):
            return year, place
    raise AssertionError("years do not end")  # pragma: no cover - _years_from raises first


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at.astimezone(UTC)
