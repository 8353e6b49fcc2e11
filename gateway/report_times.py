"""Which days a report is about: a month, from a day to a day, or what is usual; month by month.

Days and months are those of the helpdesk's own time zone, [clock] timezone. Pure: `today` is given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from parsers.errors import Malformed
from router.zones import first_instant

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
USUAL_MONTHS = 12
MAX_MONTHS = 120
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, both with all their hours, in `zone`.

    `until_now` says that the last one is today, so that more may happen in it.
    """

    first: date
    last: date
    zone: tzinfo
    until_now: bool = False

    @property
    def since(self) -> datetime:
        """Return the instant at which the first day begins, in UTC."""
        return first_instant(self.zone, self.first, timedelta()).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """Return the instant at which the last day is over, in UTC."""
        return first_instant(self.zone, self.last + DAY, timedelta()).astimezone(UTC)

    def months(self) -> Iterator[tuple[str, "Days"]]:
        """Give each month with its name, `2026-03`; the first and the last may be parts of one."""
        first = self.first
        while first <= self.last:
            last = min(_last_of(first), self.last)
            yield f"{first:%Y-%m}", Days(first, last, self.zone)
            first = last + DAY


def days_of(
    month: str, since: str, until: str, today: date, zone: tzinfo, *, by_month: bool
) -> Days:
    """Return the days that were asked for, "" for what was not said; raises Malformed.

    Usual are the last whole month, or by month the last twelve; from a day on, until today. What
    has not come yet is refused: a table of zeros would look like an answer.
    """
    if month and (since or until):
        raise Malformed("either --month or --from and --to, not both")
    if month:
        first = _first_of(month)
        _require_come(month, first, today)
        return _until(first, min(_last_of(first), today), today, zone)
    if not since and until:
        raise Malformed("--to needs --from")
    if since:
        first, last = _day(since), _day(until) if until else today
        if until and last < first:
            raise Malformed(f"--to {last} is before --from {first}")
        for day in (first, last):
            _require_come(str(day), day, today)
        if (last - first).days > MAX_MONTHS * 31:
            raise Malformed(f"more than {MAX_MONTHS // 12} years")
        return _until(first, last, today, zone)
    last = today.replace(day=1) - DAY
    first = last.replace(day=1)
    for _ in range(USUAL_MONTHS - 1 if by_month else 0):
        first = (first - DAY).replace(day=1)
    return Days(first, last, zone)


def _until(first: date, last: date, today: date, zone: tzinfo) -> Days:
    return Days(first, last, zone, until_now=last == today)


def _require_come(said: str, day: date, today: date) -> None:
    if day > today:
        raise Malformed(f"{said} has not come yet: today is {today}")


def _first_of(month: str) -> date:
    match = _MONTH.fullmatch(month)
    if match is None:
        raise Malformed(f"{month!r} is no month, such as 2026-03")
    try:
        return _day(f"{month}-01")
    except Malformed:
        raise Malformed(f"{month!r} is no month, such as 2026-03") from None


def _last_of(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - DAY


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{text!r} is no day, such as 2026-03-02") from None
    if not date(1970, 1, 2) <= day <= date(9990, 1, 1):
        raise Malformed(f"{text!r} is too far away")
    return day
