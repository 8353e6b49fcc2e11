"""Working time by a table: every expected time was worked out by hand, with a wall calendar.

Times are UTC; what the clocks of the zone show stands behind them. Changes of clocks in 2025:
Berlin 30 March and 26 October; New York, St John's and Havana 9 March and 2 November; Sydney,
Adelaide and Lord Howe 6 April (back) and 5 October; Santiago 5 April (back) and 7 September.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.calendars import ALWAYS, Calendar, Calendars, Week
from router.working_time import add_working, add_working_days, next_working, working_between
from tests.router.weeks import (
    ALL,
    EVERY_NIGHT,
    LUNCH,
    NIGHT,
    OFFICE,
    SHORT_FRIDAY,
    saturdays,
    sundays,
)  # fmt: skip

BERLIN, YORK, SYDNEY = "Europe/Berlin", "America/New_York", "Australia/Sydney"
ADELAIDE, HOWE, JOHNS = "Australia/Adelaide", "Australia/Lord_Howe", "America/St_Johns"
HAVANA, SANTIAGO, APIA = "America/Havana", "America/Santiago", "Pacific/Apia"
CHRISTMAS = frozenset({date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1)})
NEW_YEAR, EVE = frozenset({date(2026, 1, 1)}), frozenset({date(2025, 12, 31)})
NONE: frozenset[date] = frozenset()

ADD = [  # zone, week, holidays, start, hours of work, end
    # a day, a weekend
    (BERLIN, OFFICE, NONE, "2025-01-13 08:00", 8, "2025-01-13 16:00"),  # Mon 09:00 - 17:00
    (BERLIN, OFFICE, NONE, "2025-01-17 15:00", 2, "2025-01-20 09:00"),  # Fri 16:00 - Mon 10:00
    (BERLIN, OFFICE, NONE, "2025-01-18 15:00", 2, "2025-01-20 10:00"),  # Sat - Mon 11:00
    (BERLIN, OFFICE, NONE, "2025-01-13 03:00", 2, "2025-01-13 10:00"),  # Mon 04:00 - 11:00
    (BERLIN, OFFICE, NONE, "2025-01-13 08:00", 40, "2025-01-17 16:00"),  # Mon 09:00 - Fri 17:00
    (BERLIN, OFFICE, NONE, "2025-01-13 08:00", 0, "2025-01-13 08:00"),
    (BERLIN, OFFICE, NONE, "2025-01-18 15:00", 0, "2025-01-18 15:00"),  # nothing ends at once
    (BERLIN, LUNCH, NONE, "2025-01-13 08:00", 4, "2025-01-13 13:00"),  # Mon 09:00 - 14:00
    (BERLIN, LUNCH, NONE, "2025-01-13 08:00", 3.5, "2025-01-13 11:30"),  # until the meal begins
    # the weekend on which clocks change
    (BERLIN, OFFICE, NONE, "2025-03-28 15:00", 2, "2025-03-31 08:00"),  # Fri 16:00 - Mon 10:00
    (BERLIN, OFFICE, NONE, "2025-10-24 14:00", 2, "2025-10-27 09:00"),
    (YORK, OFFICE, NONE, "2025-03-07 21:00", 2, "2025-03-10 14:00"),
    (YORK, OFFICE, NONE, "2025-10-31 20:00", 2, "2025-11-03 15:00"),
    (SYDNEY, OFFICE, NONE, "2025-04-04 05:00", 2, "2025-04-07 00:00"),
    (SYDNEY, OFFICE, NONE, "2025-10-03 06:00", 2, "2025-10-05 23:00"),
    (ADELAIDE, OFFICE, NONE, "2025-04-04 05:30", 2, "2025-04-07 00:30"),
    (ADELAIDE, OFFICE, NONE, "2025-10-03 06:30", 2, "2025-10-05 23:30"),
    (JOHNS, OFFICE, NONE, "2025-03-07 19:30", 2, "2025-03-10 12:30"),
    (JOHNS, OFFICE, NONE, "2025-10-31 18:30", 2, "2025-11-03 13:30"),
    # zones of half and quarter hours that never change
    ("Asia/Kolkata", OFFICE, NONE, "2025-01-13 03:30", 8, "2025-01-13 11:30"),
    ("Asia/Kathmandu", OFFICE, NONE, "2025-01-13 03:15", 4, "2025-01-13 07:15"),
    # the night on which clocks change: 22:00 - 06:00 is an hour (at Lord Howe half) less or more
    (BERLIN, EVERY_NIGHT, NONE, "2025-03-29 21:00", 7, "2025-03-30 04:00"),  # the end: 06:00
    (BERLIN, EVERY_NIGHT, NONE, "2025-03-29 21:00", 8, "2025-03-30 21:00"),  # Sun 23:00
    (BERLIN, EVERY_NIGHT, NONE, "2025-10-25 20:00", 9, "2025-10-26 05:00"),  # the end: 06:00
    (SYDNEY, EVERY_NIGHT, NONE, "2025-04-05 11:00", 9, "2025-04-05 20:00"),
    (SYDNEY, EVERY_NIGHT, NONE, "2025-10-04 12:00", 7, "2025-10-04 19:00"),
    (SYDNEY, EVERY_NIGHT, NONE, "2025-10-04 12:00", 8, "2025-10-05 12:00"),  # Sun 23:00
    (HOWE, EVERY_NIGHT, NONE, "2025-04-05 11:00", 8.5, "2025-04-05 19:30"),
    (HOWE, EVERY_NIGHT, NONE, "2025-10-04 11:30", 7.5, "2025-10-04 19:00"),
    (HOWE, EVERY_NIGHT, NONE, "2025-10-04 11:30", 8, "2025-10-05 11:30"),  # Sun 22:30
    # the hour that does not exist, or comes twice, by itself and at the bounds of a span
    (BERLIN, sundays("2:00", "3:00"), NONE, "2025-03-29 12:00", 0.5, "2025-04-06 00:30"),
    (BERLIN, sundays("2:00", "3:00"), NONE, "2025-10-25 12:00", 2, "2025-10-26 02:00"),
    (BERLIN, sundays("0:00", "2:30"), NONE, "2025-03-29 12:00", 2, "2025-03-30 01:00"),
    (BERLIN, sundays("0:00", "2:30"), NONE, "2025-03-29 12:00", 2.5, "2025-04-05 22:30"),
    (BERLIN, sundays("2:30", "6:00"), NONE, "2025-03-29 12:00", 3, "2025-03-30 04:00"),
    (BERLIN, sundays("0:00", "2:30"), NONE, "2025-10-25 12:00", 2.5, "2025-10-26 00:30"),
    (BERLIN, sundays("2:30", "6:00"), NONE, "2025-10-25 12:00", 4.5, "2025-10-26 05:00"),
    # clocks that change at midnight
    (HAVANA, sundays("0:00", "24:00"), NONE, "2025-03-08 12:00", 23, "2025-03-10 04:00"),
    (HAVANA, sundays("0:00", "24:00"), NONE, "2025-11-01 12:00", 25, "2025-11-03 05:00"),
    (SANTIAGO, saturdays("0:00", "24:00"), NONE, "2025-04-04 12:00", 25, "2025-04-06 04:00"),
    (SANTIAGO, sundays("0:00", "24:00"), NONE, "2025-09-06 12:00", 23, "2025-09-08 03:00"),
    # a day that does not exist: Friday, 30 December 2011; Thu 16:00 - Mon 10:00
    (APIA, OFFICE, NONE, "2011-12-30 02:00", 2, "2012-01-01 20:00"),
    # 29 February, and years without one
    ("UTC", OFFICE, NONE, "2024-02-28 16:00", 2, "2024-02-29 10:00"),  # Wed - Thu
    ("UTC", OFFICE, NONE, "2024-02-28 16:00", 10, "2024-03-01 10:00"),  # Wed - Fri
    ("UTC", OFFICE, NONE, "2028-02-28 16:00", 2, "2028-02-29 10:00"),  # Mon - Tue
    ("UTC", OFFICE, NONE, "2025-02-28 16:00", 2, "2025-03-03 10:00"),  # Fri - Mon
    ("UTC", ALL, NONE, "2024-02-28 12:00", 36, "2024-03-01 00:00"),
    # holidays and the end of the year
    ("UTC", OFFICE, CHRISTMAS, "2025-12-24 16:00", 2, "2025-12-29 10:00"),  # Wed - Mon
    ("UTC", OFFICE, CHRISTMAS, "2025-12-31 16:00", 2, "2026-01-02 10:00"),  # Wed - Fri
    ("UTC", OFFICE, NONE, "2025-12-31 16:00", 2, "2026-01-01 10:00"),
    ("UTC", EVERY_NIGHT, NONE, "2025-12-31 22:00", 4, "2026-01-01 02:00"),
    ("UTC", EVERY_NIGHT, NEW_YEAR, "2025-12-31 22:00", 9, "2026-01-02 23:00"),  # the eve's is whole
    ("UTC", EVERY_NIGHT, EVE, "2025-12-31 22:00", 1, "2026-01-01 23:00"),  # and off, whole
    ("UTC", EVERY_NIGHT, EVE, "2026-01-01 02:00", 1, "2026-01-01 23:00"),
    (BERLIN, ALL, NEW_YEAR, "2025-12-31 22:30", 1, "2026-01-01 23:30"),  # midnights are Berlin's
    # long spans: 261 working days in 2025, 262 in 2024
    ("UTC", OFFICE, NONE, "2025-01-01 00:00", 2088, "2025-12-31 17:00"),
    ("UTC", OFFICE, NONE, "2024-01-01 00:00", 2096, "2024-12-31 17:00"),
    ("UTC", OFFICE, NONE, "2024-01-01 00:00", 4185, "2026-01-01 10:00"),
]  # fmt: skip

DAYS = [  # zone, week, holidays, start, working days, the same time of that day
    ("UTC", OFFICE, NONE, "2025-01-13 10:00", 10, "2025-01-27 10:00"),
    ("UTC", OFFICE, NONE, "2025-01-13 10:00", 0, "2025-01-13 10:00"),
    ("UTC", OFFICE, NONE, "2025-01-18 12:00", 0, "2025-01-20 09:00"),  # Sat - Mon
    ("UTC", OFFICE, NONE, "2025-01-18 12:00", 5, "2025-01-27 09:00"),  # Sat - Mon
    ("UTC", OFFICE, NONE, "2025-01-17 17:00", 1, "2025-01-21 09:00"),  # Fri evening - Tue
    ("UTC", LUNCH, NONE, "2025-01-13 13:00", 1, "2025-01-14 13:30"),  # from the end of the meal
    ("UTC", SHORT_FRIDAY, NONE, "2025-01-16 16:00", 1, "2025-01-20 09:00"),  # Thu - Mon
    ("UTC", SHORT_FRIDAY, NONE, "2025-01-16 12:00", 1, "2025-01-17 12:00"),  # Thu - Fri
    ("UTC", OFFICE, CHRISTMAS, "2025-12-24 10:00", 1, "2025-12-29 10:00"),
    ("UTC", OFFICE, CHRISTMAS, "2025-12-30 10:00", 2, "2026-01-02 10:00"),
    ("UTC", OFFICE, NONE, "2024-02-28 10:00", 2, "2024-03-01 10:00"),
    ("UTC", OFFICE, NONE, "2024-02-29 10:00", 262, "2025-03-03 10:00"),  # Thu + 52 weeks, 2 days
    ("UTC", NIGHT, NONE, "2025-01-14 01:00", 1, "2025-01-15 01:00"),  # Monday's night - Tuesday's
    ("UTC", NIGHT, NONE, "2025-01-18 01:00", 1, "2025-01-21 01:00"),  # Friday's night - Monday's
    (BERLIN, OFFICE, NONE, "2025-03-28 15:00", 1, "2025-03-31 14:00"),  # Fri 16:00 - Mon 16:00
    (BERLIN, OFFICE, NONE, "2025-10-24 14:00", 5, "2025-10-31 15:00"),
    (SYDNEY, OFFICE, NONE, "2025-10-03 06:00", 1, "2025-10-06 05:00"),
    (HOWE, OFFICE, NONE, "2025-04-04 05:00", 1, "2025-04-07 05:30"),
    (BERLIN, ALL, NONE, "2025-03-29 01:30", 1, "2025-03-30 01:00"),  # 02:30 does not exist: 03:00
    (BERLIN, ALL, NONE, "2025-10-25 00:30", 1, "2025-10-26 00:30"),  # the first 02:30
    (BERLIN, ALL, NONE, "2025-10-26 00:30", 1, "2025-10-27 01:30"),  # from the first 02:30
    (BERLIN, ALL, NONE, "2025-10-26 01:30", 1, "2025-10-27 02:00"),  # from the second: 03:00
    (APIA, OFFICE, NONE, "2011-12-30 02:00", 1, "2012-01-02 02:00"),  # Thu 16:00 - Mon 16:00
]  # fmt: skip

BETWEEN = [  # zone, week, holidays, start, end, hours
    (BERLIN, ALL, NONE, "2025-03-29 23:00", "2025-03-30 22:00", 23),  # one day, by Berlin's clocks
    (BERLIN, ALL, NONE, "2025-10-25 22:00", "2025-10-26 23:00", 25),
    (BERLIN, ALL, NONE, "2024-12-31 23:00", "2025-12-31 23:00", 8760),
    ("UTC", ALL, NONE, "2024-01-01 00:00", "2025-01-01 00:00", 8784),
    ("UTC", OFFICE, NONE, "2024-01-01 00:00", "2025-01-01 00:00", 2096),
    ("UTC", OFFICE, CHRISTMAS, "2025-12-22 00:00", "2026-01-05 00:00", 56),  # 7 days of 10
    ("UTC", OFFICE, NONE, "2025-01-17 17:00", "2025-01-20 09:00", 0),
    ("UTC", OFFICE, NONE, "2025-01-20 16:00", "2025-01-20 10:00", 0),  # a clock was set back
    ("UTC", NIGHT, NONE, "2025-01-18 03:00", "2025-01-20 23:30", 4.5),  # 3 of Friday's, 1.5
    (HAVANA, ALL, NONE, "2025-11-02 04:00", "2025-11-03 05:00", 25),
    (SYDNEY, OFFICE, NONE, "2025-12-31 21:00", "2025-12-31 23:00", 1),  # Thu, 1 January, from 09:00
]  # fmt: skip

NEXT = [  # zone, week, holidays, at, the next working instant
    ("UTC", OFFICE, NONE, "2025-01-13 10:00", "2025-01-13 10:00"),
    ("UTC", OFFICE, NONE, "2025-01-13 08:59", "2025-01-13 09:00"),
    ("UTC", OFFICE, NONE, "2025-01-17 17:00", "2025-01-20 09:00"),
    ("UTC", OFFICE, CHRISTMAS, "2025-12-31 17:00", "2026-01-02 09:00"),
    ("UTC", EVERY_NIGHT, NEW_YEAR, "2026-01-01 05:00", "2026-01-01 05:00"),
    (BERLIN, sundays("2:00", "3:00"), NONE, "2025-03-30 00:00", "2025-04-06 00:00"),
    (BERLIN, sundays("2:30", "6:00"), NONE, "2025-03-30 00:00", "2025-03-30 01:00"),
    (HAVANA, sundays("0:00", "24:00"), NONE, "2025-03-08 12:00", "2025-03-09 05:00"),
]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def calendar(zone: str, week: Week, holidays: frozenset[date] = NONE) -> Calendar:
    return Calendar(ZoneInfo(zone), week, holidays)


@pytest.mark.parametrize("row", ADD, ids=lambda row: f"{row[0]} {row[3]} {row[4]}")
def test_working_time_ends_when_the_table_says(
    row: tuple[str, Week, frozenset[date], str, float, str],
) -> None:
    zone, week, holidays, start, hours, end = row
    worked = calendar(zone, week, holidays)
    assert add_working(worked, at(start), timedelta(hours=hours)) == at(end)
    assert working_between(worked, at(start), at(end)) == timedelta(hours=hours)


@pytest.mark.parametrize("row", DAYS, ids=lambda row: f"{row[0]} {row[3]} {row[4]}")
def test_working_days_end_when_the_table_says(
    row: tuple[str, Week, frozenset[date], str, int, str],
) -> None:
    zone, week, holidays, start, days, end = row
    assert add_working_days(calendar(zone, week, holidays), at(start), days) == at(end)


@pytest.mark.parametrize("row", BETWEEN, ids=lambda row: f"{row[0]} {row[3]}")
def test_as_much_working_time_lies_between_as_the_table_says(
    row: tuple[str, Week, frozenset[date], str, str, float],
) -> None:
    zone, week, holidays, start, end, hours = row
    lies_between = working_between(calendar(zone, week, holidays), at(start), at(end))
    assert lies_between == timedelta(hours=hours)


@pytest.mark.parametrize("row", NEXT, ids=lambda row: f"{row[0]} {row[3]}")
def test_work_begins_again_when_the_table_says(
    row: tuple[str, Week, frozenset[date], str, str],
) -> None:
    zone, week, holidays, start, begins = row
    assert next_working(calendar(zone, week, holidays), at(start)) == at(begins)


def test_around_the_clock_working_time_is_time() -> None:
    start = at("2025-03-29 21:07")
    assert add_working(ALWAYS, start, timedelta(days=400)) == start + timedelta(days=400)
    assert add_working_days(ALWAYS, start, 400) == start + timedelta(days=400)


def test_clocks_change_on_the_second_however_odd_the_time_of_the_question() -> None:
    always, odd = calendar(BERLIN, ALL), timedelta(seconds=7, microseconds=500_001)
    assert add_working_days(always, at("2025-03-29 01:30") + odd, 1) == at("2025-03-30 01:00")
    assert add_working_days(always, at("2025-10-26 01:30") + odd, 1) == at("2025-10-27 02:00")


def test_answers_are_in_utc_whatever_the_zone_of_the_question() -> None:
    asked = at("2025-01-17 15:00").astimezone(ZoneInfo(SYDNEY))
    answer = add_working(calendar(BERLIN, OFFICE), asked, timedelta(hours=2))
    assert (answer, answer.tzinfo) == (at("2025-01-20 09:00"), UTC)


def test_a_time_without_zone_and_a_negative_time_are_faults_of_the_caller() -> None:
    naive = at("2025-01-13 10:00").replace(tzinfo=None)
    with pytest.raises(ValueError, match="without its zone"):
        next_working(ALWAYS, naive)
    with pytest.raises(ValueError, match="not negative"):
        add_working(ALWAYS, at("2025-01-13 10:00"), timedelta(seconds=-1))
    with pytest.raises(ValueError, match="not negative"):
        add_working_days(ALWAYS, at("2025-01-13 10:00"), -1)


def test_a_unit_without_a_calendar_of_its_own_has_the_default() -> None:
    night = calendar("UTC", NIGHT)
    known = Calendars(calendar("UTC", OFFICE), {"network operations": night})
    assert known.of("Network  Operations") == night
    assert known.of("TPM").week == OFFICE
