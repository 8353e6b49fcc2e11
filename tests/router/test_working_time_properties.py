"""What holds for working time in every zone, week and year, and a count of minutes beside it."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import Malformed
from router.calendars import Calendar, Span, Week
from router.working_time import add_working, add_working_days, next_working, working_between
from tests.router.weeks import ALL, EVERY_NIGHT, LUNCH, OFFICE, span, sundays

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns",
    "America/Havana", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia",
)  # fmt: skip
HOLIDAYS = frozenset({date(2024, 2, 29), date(2024, 12, 31), date(2025, 1, 1), date(2025, 3, 31)})
AT_TWO = sundays("1:30", "2:30")
CALENDARS = tuple(
    Calendar(ZoneInfo(zone), week, holidays)
    for zone, (week, holidays) in product(
        ZONES,
        ((OFFICE, HOLIDAYS), (LUNCH, frozenset()), (EVERY_NIGHT, HOLIDAYS), (ALL, HOLIDAYS),
         (AT_TWO, frozenset())),
    )
)  # fmt: skip
calendars = st.sampled_from(CALENDARS)
START = datetime(2023, 12, 1, tzinfo=UTC)
instants = st.timedeltas(timedelta(), timedelta(days=800)).map(START.__add__)
NIGHTS = (  # in which clocks change: Berlin, New York and Havana, Santiago, Lord Howe, Berlin
    datetime(2025, 10, 25, 20, tzinfo=UTC),
    datetime(2025, 11, 2, 3, tzinfo=UTC),
    datetime(2025, 4, 5, 22, tzinfo=UTC),
    datetime(2025, 4, 5, 10, tzinfo=UTC),
    datetime(2025, 3, 29, 20, tzinfo=UTC),
)
minutes = st.integers(0, 720)
times = st.timedeltas(timedelta(), timedelta(days=40))
days = st.integers(0, 60)


@given(calendars, instants, times)
def test_between_is_the_inverse_of_add(
    calendar: Calendar, start: datetime, time: timedelta
) -> None:
    end = add_working(calendar, start, time)
    assert working_between(calendar, start, end) == time
    assert (
        time == timedelta() or working_between(calendar, start, end - timedelta.resolution) < time
    )


@given(calendars, instants, instants)
def test_add_never_passes_the_moment_between_which_it_was_counted(
    calendar: Calendar, one: datetime, other: datetime
) -> None:
    start, end = sorted((one, other))
    again = add_working(calendar, start, working_between(calendar, start, end))
    assert start <= again <= end
    assert working_between(calendar, again, end) == timedelta()


@given(calendars, instants, times, times)
def test_two_times_one_after_the_other_are_their_sum(
    calendar: Calendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    together = add_working(calendar, start, one + other)
    assert add_working(calendar, add_working(calendar, start, one), other) == together


@given(calendars, instants, instants, instants)
def test_what_lies_between_adds_up(
    calendar: Calendar, one: datetime, two: datetime, three: datetime
) -> None:
    start, middle, end = sorted((one, two, three))
    halves = working_between(calendar, start, middle) + working_between(calendar, middle, end)
    assert working_between(calendar, start, end) == halves
    assert timedelta() <= halves <= end - start


@given(calendars, instants, instants, times, days)
def test_what_begins_later_never_ends_earlier(
    calendar: Calendar, one: datetime, other: datetime, time: timedelta, count: int
) -> None:
    early, late = sorted((one, other))
    assert add_working(calendar, early, time) <= add_working(calendar, late, time)
    assert add_working_days(calendar, early, count) <= add_working_days(calendar, late, count)
    assert next_working(calendar, early) <= next_working(calendar, late)


@given(calendars, st.sampled_from(NIGHTS), minutes, minutes, days)
def test_nor_does_it_while_clocks_change(
    calendar: Calendar, night: datetime, one: int, other: int, count: int
) -> None:
    early, late = sorted(night + timedelta(minutes=passed) for passed in (one, other))
    assert add_working_days(calendar, early, count) <= add_working_days(calendar, late, count)
    assert next_working(calendar, early) <= next_working(calendar, late)


@given(calendars, instants, days)
def test_more_days_end_later_and_always_at_work(
    calendar: Calendar, start: datetime, count: int
) -> None:
    end = add_working_days(calendar, start, count)
    assert next_working(calendar, end) == end
    assert end < add_working_days(calendar, start, count + 1)


@given(calendars, instants)
def test_nothing_is_worked_until_work_begins(calendar: Calendar, at: datetime) -> None:
    begins = next_working(calendar, at)
    assert begins >= at
    assert working_between(calendar, at, begins) == timedelta()
    soon = begins + timedelta(seconds=1)
    assert working_between(calendar, at, soon) > timedelta()


SHIFTS: Week = ((span("4:00", "8:00"), span("12:00", "16:00"), span("20:00", "28:00")),) * 7
CHANGES = (  # zone, midnights in UTC of the days around a change of its clocks
    ("Europe/Berlin", datetime(2025, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2025, 10, 25, tzinfo=UTC)),
    ("America/St_Johns", datetime(2025, 3, 8, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 4, 5, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 10, 4, tzinfo=UTC)),
    ("America/Santiago", datetime(2025, 9, 6, tzinfo=UTC)),
)


@pytest.mark.parametrize(("zone", "around"), CHANGES)
@given(first=st.integers(0, 2 * 1440), length=st.integers(0, 1440))
def test_it_is_what_counting_each_minute_on_the_wall_clock_comes_to(
    zone: str, around: datetime, first: int, length: int
) -> None:
    """These shifts have no bound in an hour that comes twice, where the count would differ."""
    start = around + timedelta(minutes=first)
    hours = [
        (start + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).hour
        for minute in range(length)
    ]
    at_work = sum(4 <= hour < 8 or 12 <= hour < 16 or hour >= 20 or hour < 4 for hour in hours)
    shifts = Calendar(ZoneInfo(zone), SHIFTS)
    worked = working_between(shifts, start, start + timedelta(minutes=length))
    assert worked == timedelta(minutes=at_work)


NOT_WEEKS = [
    ((),) * 7,
    OFFICE[:6],
    ((Span(540, 540),), *OFFICE[1:]),
    ((Span(540, 480),), *OFFICE[1:]),
    ((Span(540, 1981),), *((),) * 6),
    ((Span(1440, 1500),), *OFFICE[1:]),
    ((Span(-60, 60),), *OFFICE[1:]),
    ((Span(540, 700), Span(699, 800)), *OFFICE[1:]),
    ((Span(800, 900), Span(540, 700)), *OFFICE[1:]),
    ((Span(1320, 1800), Span(1300, 1310)), *OFFICE[1:]),
    ((Span(1320, 1440 + 541),), *OFFICE[1:]),  # into Tuesday's office hours
    (*OFFICE[:6], (Span(1320, 1440 + 541),)),  # Sunday's into Monday's
    ((Span(0, 1440),), *((),) * 5, (Span(720, 1441),)),
]


@pytest.mark.parametrize("week", NOT_WEEKS)
def test_a_week_that_cannot_be_worked_is_no_calendar(week: Week) -> None:
    with pytest.raises(Malformed):
        Calendar(UTC, week)
    Calendar(UTC, (*((),) * 6, (Span(1320, 1440 + 540),)))  # alone it may
