"""Working time, minute by minute: slow, and obvious.

Every minute from before the run until long after it is asked what the clocks of a zone show; it is
working when that lies in a shift that began on a day that is no holiday. The answers are added up
one after the other, and that is all. Nothing of the program's own arithmetic is used.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from simulation.world import BEGIN, Unit

FIRST = BEGIN - timedelta(days=10)
BEYOND = timedelta(days=60)  # the end of the run: what is not due before then is not asked
MINUTE = timedelta(minutes=1)
DAY_MIN = 24 * 60
NO_DAY = 0
_MARGIN = 3 * DAY_MIN  # of local time before and after


@cache
def clocks(zone: str, minutes: int) -> "array[int]":
    """Return for every minute what the clocks show: minutes since the first, as if in UTC."""
    place = ZoneInfo(zone)
    shown = array("i")
    for minute in range(minutes):
        offset = (FIRST + minute * MINUTE).astimezone(place).utcoffset()
        assert offset is not None
        shown.append(minute + offset // MINUTE)
    return shown


class Hours:
    """The working time of a unit with some holidays, until a while after `end`."""

    def __init__(self, unit: Unit, holidays: Iterable[date], end: datetime) -> None:
        minutes = (end + BEYOND - FIRST) // MINUTE
        self.zone = ZoneInfo(unit.zone)
        self.shown = clocks(unit.zone, minutes)
        holidays = frozenset(holidays)
        day_of = array("i", bytes(4 * (minutes + 2 * _MARGIN)))  # by what clocks show
        for number in range(-2, minutes // DAY_MIN + 2):
            day = FIRST.date() + timedelta(days=number)
            if day in holidays:
                continue
            for days, begins, ends in unit.shifts:
                if day.weekday() in days:
                    for minute in range(begins, ends):
                        day_of[number * DAY_MIN + minute + _MARGIN] = day.toordinal()
        self.day = array("i", (day_of[shown + _MARGIN] for shown in self.shown))
        self.worked = array("i", accumulate((1 if day else 0 for day in self.day), initial=0))
        self.days = frozenset(self.day) - {NO_DAY}

    def is_open(self, at: datetime) -> bool:
        """Whether somebody works at that moment."""
        return self.day[(at - FIRST) // MINUTE] != NO_DAY

    def opens(self, at: datetime) -> datetime:
        """Return the first moment of work that is not before."""
        if self.is_open(at):
            return at
        minute = (at - FIRST) // MINUTE
        while self.day[minute] == NO_DAY:
            minute += 1
        return FIRST + minute * MINUTE

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from one moment to another."""
        return max(timedelta(), self._until(end) - self._until(start))

    def after(self, start: datetime, work: timedelta) -> datetime:
        """Return the first moment at which that much work was done since `start`."""
        if not work:
            return start
        wanted = self._until(start) + work
        minutes = -(-wanted // MINUTE)  # rounded up
        minute = bisect_left(self.worked, minutes)  # so many whole minutes are full before it
        return FIRST + minute * MINUTE - (minutes * MINUTE - wanted)

    def days_after(self, start: datetime, days: int) -> datetime:
        """Return the same time of the day, so many days with work later, then the next work."""
        begin = self.opens(start)
        minute = (begin - FIRST) // MINUTE
        day = self.day[minute]
        seconds = begin - (FIRST + minute * MINUTE)
        if begin.astimezone(self.zone).fold:  # the second time: taken as its end
            seconds = timedelta()
            while (FIRST + minute * MINUTE).astimezone(self.zone).fold:
                minute += 1
        into_day = self.shown[minute] - (day - FIRST.toordinal()) * DAY_MIN
        while days:
            day += 1
            days -= day in self.days
        wanted = (day - FIRST.toordinal()) * DAY_MIN + into_day
        minute = wanted - _MARGIN // 2
        while self.shown[minute] < wanted:
            minute += 1
        if self.shown[minute] > wanted:  # clocks jump over it
            seconds = timedelta()
        return self.opens(FIRST + minute * MINUTE + seconds)

    def _until(self, at: datetime) -> timedelta:
        minute = min(
            (at - FIRST) // MINUTE, len(self.day) - 1
        )  # beyond it, far more than any limit
        begun = at - (FIRST + minute * MINUTE) if self.day[minute] else timedelta()
        return self.worked[minute] * MINUTE + begun


@cache
def hours(unit: Unit, phase: int, end: datetime) -> Hours:
    """Return the hours of a unit in a phase of the configuration."""
    return Hours(unit, unit.holidays[phase], end)


def in_utc(at: datetime) -> str:
    """Return a time as a report shows it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
