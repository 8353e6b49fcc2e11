"""Hours of work as an operator writes them, `mon-fri 09:00-17:00`, read into a week of spans.

Rule: days are one, a range, or several with commas; an end that is not after its beginning is on
the next day. Whether the week can be worked at all is judged in router/calendars.py.
"""

import re
from collections.abc import Iterable, Iterator

from gateway.config.secrets import fault
from parsers.errors import Malformed
from router.calendars import DAY_MIN, WEEK_DAYS, Span, Week, check_week

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([a-z]{3}(?:[,-][a-z]{3})*) ([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


def read_hours(texts: Iterable[str]) -> Week:
    """Return the week of some hours; raises a validation error."""
    spans: list[list[Span]] = [[] for _ in range(WEEK_DAYS)]
    for text in texts:
        days, span = _read(text)
        for day in days:
            spans[day].append(span)
    week = tuple(tuple(sorted(of_day)) for of_day in spans)
    try:
        check_week(week)
    except Malformed as error:
        raise fault(error.public) from None
    return week


def check_hours(text: str) -> str:
    """Return one entry as it is; raises a validation error."""
    _read(text)
    return text


def check_all_hours(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return all entries as they are when they make a week; raises a validation error."""
    read_hours(texts)
    return texts


def _read(text: str) -> tuple[set[int], Span]:
    match = _HOURS.fullmatch(text.lower())
    if match is None:
        raise fault(f'{text!r} is not like "mon-fri 09:00-17:00" or "sat,sun 22:00-06:00"')
    start, end = (_minutes(*match.group(at, at + 1)) for at in (2, 4))
    if start in {DAY_MIN, end}:
        raise fault(f'{text!r} is no time at all: a whole day is "00:00-24:00"')
    return set(_days(match[1])), Span(start, end if end > start else end + DAY_MIN)


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) >= 60 or total > DAY_MIN:
        raise fault(f"{hours}:{minutes} is not a time of the day")
    return total


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in DAYS:
                raise fault(f"{name!r} is not a day: {' '.join(DAYS)}")
        day, end = DAYS.index(first), DAYS.index(last or first)
        yield day
        while day != end:  # sat-mon goes over the end of the week
            day = (day + 1) % WEEK_DAYS
            yield day
