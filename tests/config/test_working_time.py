"""Calendars, holidays and limits in the configuration: each fault at its line, what comes out."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.config.hours import read_hours
from gateway.config.load import Fault, Severity, load, policy
from gateway.config.working import calendars, limit_table, years_around
from gateway.public_holidays import public_holidays
from router.calendars import Calendars
from router.limits import LEVELS
from router.words import Priority
from router.working_time import add_working
from tests.config.good import GOOD
from tests.router.weeks import ALL, EVERY_NIGHT, LUNCH, NIGHT, OFFICE, span

Check = Callable[[str], tuple[Fault, ...]]
LESS, URGENT, VERY, TOP = Priority
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def with_sections(text: str) -> str:
    """The good configuration with something before its first [[vo]], at line 9."""
    return GOOD.replace("[[vo]]", f"{text}\n\n[[vo]]", 1)


def with_unit(*lines: str) -> str:
    """The good configuration with lines of the unit TPM, the first at line 19."""
    return GOOD.replace(
        '["tpm@helpdesk.example"]\n', '["tpm@helpdesk.example"]\n' + "\n".join(lines)
    )


HOURS = [
    (["mon-fri 09:00-17:00"], OFFICE),
    (["Mon-Fri 09:00-17:00"], OFFICE),
    (["mon-fri 13:30-17:00", "mon-fri 09:00-12:30"], LUNCH),
    (["mon-fri 22:00-06:00"], NIGHT),
    (["fri-thu 22:00-06:00"], EVERY_NIGHT),  # a range over the end of the week
    (["mon-sun 00:00-24:00"], ALL),
    (["sun 18:00-24:00"], ((),) * 6 + ((span("18:00", "24:00"),),)),
    (["sun 18:00-00:00"], ((),) * 6 + ((span("18:00", "24:00"),),)),
    (["sat-mon,wed 08:00-09:00"],
     tuple((span("8:00", "9:00"),) if day in {0, 2, 5, 6} else () for day in range(7))),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "week"), HOURS, ids=str)
def test_hours_are_read_into_a_week(texts: list[str], week: object) -> None:
    assert read_hours(texts) == week


CALENDAR = '[[calendar]]\nname = "North"\n'
FAULTS = [  # the section, the line of the fault, its key, a part of its sentence
    (CALENDAR + "hours = []", 11, "calendar.hours", "no working time in the week"),
    (CALENDAR + 'hours = "mon 09:00-17:00"', 11, "calendar.hours", "must be a list"),
    (CALENDAR + 'hours = ["9-17"]', 11, "calendar.hours", "is not like"),
    (CALENDAR + 'hours = [\n"tue 09:00-17:00",\n"mon 09:00-25:00"]', 13, "calendar.hours",
     "25:00 is not a time of the day"),
    (CALENDAR + 'hours = ["mon 09:00-24:30"]', 11, "calendar.hours", "not a time of the day"),
    (CALENDAR + 'hours = ["mon 09:60-17:00"]', 11, "calendar.hours", "not a time of the day"),
    (CALENDAR + 'hours = ["mon-fre 09:00-17:00"]', 11, "calendar.hours", "'fre' is not a day"),
    (CALENDAR + 'hours = ["mon 09:00-09:00"]', 11, "calendar.hours", "a whole day is"),
    (CALENDAR + 'hours = ["mon 24:00-06:00"]', 11, "calendar.hours", "no time at all"),
    (CALENDAR + 'hours = ["mon-fri 09:00-17:00", "fri 16:00-18:00"]', 11, "calendar.hours",
     "overlap"),
    (CALENDAR + 'hours = ["sun 22:00-06:00", "mon 05:00-09:00"]', 11, "calendar.hours", "overlap"),
    (CALENDAR + 'timezone = "Europe/Nowhere"', 11, "calendar.timezone", "not a time zone"),
    (CALENDAR + 'holidays = [\n"2026-12-24",\n"2026-02-29"]', 13, "calendar.holidays",
     "must be a country"),
    (CALENDAR + "holidays = [2026-12-24T10:00:00Z]", 11, "calendar.holidays", "must be a country"),
    (CALENDAR + 'holidays = ["de"]', 11, "calendar.holidays", "must be a country"),
    (CALENDAR + 'holidays = [\n"DE",\n"XX"]', 13, "calendar.holidays", "'XX' is no place"),
    (CALENDAR + 'holidays = ["DE/Atlantis"]', 11, "calendar.holidays", "'DE/Atlantis' is no place"),
    (CALENDAR + 'holidays = "DE"', 11, "calendar.holidays", "must be a list"),
    (CALENDAR + CALENDAR.replace("North", "NORTH"), 12, "calendar.name", "is there twice"),
    ("[[calendar]]", 9, "calendar.name", "is missing"),
    ('[clock]\nhours = ["mon"]', 10, "clock.hours", "is not like"),
    ('[clock]\nholidays = ["XX"]', 10, "clock.holidays", "'XX' is no place"),
    ('[clock]\noffice_start = "09:00"', 10, "clock.office_start", "is not a key"),
    *[(f'[[support_level]]\nname = "gold"\n{line}', 11, f"support_level.{key}", sentence)
      for line, key, sentence in (
          ('response = { "urgent" = "5 d" }', "response.urgent", "working time with its unit"),
          ('response = { "urgent" = "0 h" }', "response.urgent", "working time with its unit"),
          ('response = { "urgent" = 5 }', "response.urgent", "working time with its unit"),
          ('solution = { "asap" = "5 h" }', "solution.asap.[key]", "'top priority'"),
          ('response = "5 wd"', "response", "must be"),
      )],
    ('[[support_level]]\nname = "Base"\n[[support_level]]\nname = "base"', 12,
     "support_level.name", "is there twice"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "key", "sentence"), FAULTS, ids=lambda one: str(one)[-40:]
)
def test_a_fault_is_said_at_its_line(
    faults_of: Check, text: str, line: int, key: str, sentence: str
) -> None:
    faults = [one for one in faults_of(with_sections(text)) if one.severity is Severity.ERROR]
    assert [(one.line, one.key) for one in faults] == [(line, key)]
    assert sentence in faults[0].message


@pytest.mark.parametrize(
    ("line", "key", "sentence"),
    [
        ('calendar = "Nrth"', "unit.calendar", "there is no [[calendar]] named 'Nrth'"),
        ('support_level = "gold"', "unit.support_level", "no [[support_level]] named 'gold'"),
        ('support_level = ""', "unit.support_level", "must not be empty"),
    ],
)
def test_a_unit_names_what_there_is(faults_of: Check, line: str, key: str, sentence: str) -> None:
    (fault,) = faults_of(with_unit(line + "\n"))
    assert (fault.line, fault.key) == (19, key)
    assert sentence in fault.message


def test_without_its_package_a_country_is_a_fault_that_says_what_to_do(
    faults_of: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    text = with_sections('[clock]\nholidays = ["2026-12-24", "DE"]')
    errors = [one for one in faults_of(text) if one.severity is Severity.ERROR]
    assert [(one.line, one.key) for one in errors] == [(10, "clock.holidays")]
    assert "make install EXTRAS=holidays" in errors[0].message


def test_dates_need_no_package(faults_of: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    assert faults_of(with_sections(CALENDAR + "holidays = [2026-12-24]")) == ()


def made(folder: Path, text: str) -> Calendars:
    (folder / "config.toml").write_text(text)
    return calendars(load(folder / "config.toml"), years_around(NOW))


def test_a_unit_works_by_its_calendar_and_others_by_the_clock(folder: Path) -> None:
    text = with_unit('calendar = "north"\n').replace(
        "[[vo]]",
        '[clock]\ntimezone = "Asia/Kolkata"\nholidays = ["2026-03-03"]\n'
        f'{CALENDAR}timezone = "Europe/Berlin"\nhours = ["mon-fri 22:00-06:00"]\n'
        'holidays = [2026-03-04, "2026-03-05"]\n\n[[vo]]',
    )
    found = made(folder, text)
    assert found.of("TPM").zone == ZoneInfo("Europe/Berlin")
    assert found.of("tpm").week == NIGHT
    assert found.of("tpm").holidays == {date(2026, 3, 4), date(2026, 3, 5)}
    for name in ("NGI_NORTH", "somebody of a directory"):
        assert found.of(name).zone == ZoneInfo("Asia/Kolkata")
        assert found.of(name).week == OFFICE
        assert found.of(name).holidays == {date(2026, 3, 3)}


def test_a_roc_has_a_calendar_and_a_level_too(folder: Path) -> None:
    text = with_sections(CALENDAR + 'hours = ["mon-sun 00:00-24:00"]').replace(
        'address = "desk@north.example"',
        'address = "desk@north.example"\ncalendar = "North"\nsupport_level = "Advanced"',
    )
    assert made(folder, text).of("NGI_NORTH").week == ALL
    limits = limit_table(load(folder / "config.toml"))
    assert limits.of("ngi_north") == LEVELS["advanced"]
    assert limits.of("TPM") == LEVELS["default"]


def test_a_digest_is_switched_off_for_one_unit_or_for_all(folder: Path) -> None:
    path = folder / "config.toml"
    path.write_text(with_unit("digest = false"))
    assert (policy(load(path)).digest, policy(load(path)).no_digest) == (True, frozenset({"tpm"}))
    path.write_text(with_sections("[clock]\ndigest = false"))
    assert (policy(load(path)).digest, policy(load(path)).no_digest) == (False, frozenset())


def test_a_level_is_changed_where_it_is_named_and_made_where_it_is_new(folder: Path) -> None:
    text = with_unit('support_level = "gold"\n').replace(
        "[[vo]]",
        '[[support_level]]\nname = "DEFAULT"\nresponse = { "top priority" = "90 min" }\n'
        'solution = { "urgent" = "2 wd" }\n[[support_level]]\nname = "Gold"\n'
        'response = { "urgent" = "1 h" }\n\n[[vo]]',
    )
    (folder / "config.toml").write_text(text)
    limits = limit_table(load(folder / "config.toml"))
    assert limits.of("TPM").response == {URGENT: timedelta(hours=1)}
    for name in ("NGI_NORTH", "somebody of a directory"):
        assert limits.of(name).response == {
            LESS: timedelta(hours=40),
            URGENT: timedelta(hours=40),
            VERY: timedelta(hours=32),
            TOP: timedelta(minutes=90),
        }
        assert limits.of(name).solution == {URGENT: timedelta(hours=16)}


PUBLIC = [  # a place, a day, whether it is a holiday there
    ("DE", "2026-10-03", True),
    ("DE", "2026-06-04", False),  # Corpus Christi is one in some Länder
    ("DE/BW", "2026-06-04", True),
    ("DE/BE", "2026-06-04", False),
    ("FR", "2026-07-14", True),
    ("US", "2027-07-04", True),  # a Sunday,
    ("US", "2027-07-05", True),  # so that Monday is free
    ("DE/BW", "2021-04-05", True),  # Easter Monday, five years back
    ("DE/BW", "2031-04-14", True),  # and ahead
    ("DE/BW", "2033-01-01", False),  # which is as far as years_around goes
]


@pytest.mark.parametrize(("place", "day", "free"), PUBLIC)
def test_the_holidays_of_a_place_are_those_of_the_wall_calendar(
    place: str, day: str, *, free: bool
) -> None:
    assert (date.fromisoformat(day) in public_holidays(place, years_around(NOW))) == free


def test_a_change_of_holidays_counts_from_the_next_evaluation_on(folder: Path) -> None:
    start, work = datetime(2026, 10, 2, 14, tzinfo=UTC), timedelta(hours=4)  # Friday, 16:00
    text = with_sections('[clock]\ntimezone = "Europe/Berlin"')
    holiday = text.replace('Berlin"', 'Berlin"\nholidays = ["2026-10-05"]')
    before = add_working(made(folder, text).of("TPM"), start, work)
    after = add_working(made(folder, holiday).of("TPM"), start, work)
    assert before == datetime(2026, 10, 5, 10, tzinfo=UTC)  # Monday 12:00 in Berlin
    assert after == datetime(2026, 10, 6, 10, tzinfo=UTC)  # Tuesday 12:00 in Berlin
