"""When the next working day begins, by a table that was worked out with a wall calendar."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from router.calendars import Calendar, Week
from router.working_time import next_day_begins
from tests.router.weeks import ALL, EVERY_NIGHT, LUNCH, NIGHT, OFFICE, sundays

BERLIN, JOHNS, APIA = "Europe/Berlin", "America/St_Johns", "Pacific/Apia"
NEW_YEAR = frozenset({date(2026, 1, 1)})
NONE: frozenset[date] = frozenset()

DAYS = [  # zone, week, holidays, from, the beginning of the next working day; all in UTC
    ("UTC", OFFICE, NONE, "2026-03-02 09:00", "2026-03-03 09:00"),
    ("UTC", OFFICE, NONE, "2026-03-02 08:59", "2026-03-02 09:00"),
    ("UTC", OFFICE, NONE, "2026-03-02 17:00", "2026-03-03 09:00"),
    ("UTC", OFFICE, NONE, "2026-03-06 12:00", "2026-03-09 09:00"),  # over a weekend
    ("UTC", OFFICE, NONE, "2026-03-07 12:00", "2026-03-09 09:00"),
    ("UTC", OFFICE, NEW_YEAR, "2025-12-31 12:00", "2026-01-02 09:00"),  # over a year's end
    ("UTC", LUNCH, NONE, "2026-03-02 12:45", "2026-03-03 09:00"),  # a break ends no day
    ("UTC", LUNCH, NONE, "2026-03-02 14:00", "2026-03-03 09:00"),
    ("UTC", ALL, NONE, "2026-03-02 00:00", "2026-03-03 00:00"),
    ("UTC", ALL, NONE, "2026-03-02 23:59", "2026-03-03 00:00"),
    ("UTC", NIGHT, NONE, "2026-03-02 23:00", "2026-03-03 22:00"),
    ("UTC", NIGHT, NONE, "2026-03-03 05:00", "2026-03-03 22:00"),  # still Monday's shift
    ("UTC", EVERY_NIGHT, NONE, "2025-12-31 23:30", "2026-01-01 22:00"),
    ("UTC", sundays("0:00", "24:00"), NONE, "2026-03-01 12:00", "2026-03-08 00:00"),
    (BERLIN, OFFICE, NONE, "2026-03-27 12:00", "2026-03-30 07:00"),  # summer time by then
    (BERLIN, OFFICE, NONE, "2026-10-23 12:00", "2026-10-26 08:00"),
    (BERLIN, sundays("2:30", "4:00"), NONE, "2026-03-28 12:00", "2026-03-29 01:00"),  # the jump
    (JOHNS, OFFICE, NONE, "2028-02-28 20:00", "2028-02-29 12:30"),
    (APIA, OFFICE, NONE, "2011-12-29 20:00", "2012-01-01 19:00"),  # no 30 December there
]


@pytest.mark.parametrize(("zone", "week", "holidays", "start", "expected"), DAYS)
def test_the_next_working_day_begins(
    zone: str, week: Week, holidays: frozenset[date], start: str, expected: str
) -> None:
    calendar = Calendar(ZoneInfo(zone), week, holidays)
    found = next_day_begins(calendar, _at(start))
    assert f"{found.astimezone(UTC):%Y-%m-%d %H:%M}" == expected


def _at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
