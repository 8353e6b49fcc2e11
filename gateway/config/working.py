"""From the configuration to working time and limits, as the lower floors take them.

Rule: holidays are dates when they leave here. A timer is counted with the calendars of the moment
in which it is looked at, so a holiday that is added or taken away counts from then on.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from gateway.config import calendars as sections
from gateway.config.federation import Roc, Unit
from gateway.config.hours import read_hours
from gateway.config.root import Config
from gateway.public_holidays import public_holidays
from parsers.text import folded
from router.calendars import Calendar, Calendars
from router.limits import DEFAULT, LEVELS, Limits, LimitTable
from router.words import Priority

YEARS_BACK, YEARS_AHEAD = 5, 5  # how far the holidays of countries are worked out


def years_around(now: datetime) -> range:
    """Return the years whose holidays are needed at `now`: of old tickets, and of all timers."""
    return range(now.year - YEARS_BACK, now.year + YEARS_AHEAD + 1)


def calendars(config: Config, years: Iterable[int]) -> Calendars:
    """Return the calendar of each unit and ROC, with the holidays of these years.

    Dates that are named one by one are holidays in any year. A unit that names no calendar has the
    hours of [clock]. Raises UnknownHolidays, of which check_calendars has warned.
    """
    years = tuple(years)
    named = {folded(one.name): _calendar(one, years) for one in config.calendar}
    return Calendars(
        default=_calendar(config.clock, years),
        by_unit={
            folded(one.name): named[folded(one.calendar)] for one in _units(config) if one.calendar
        },
    )


def limit_table(config: Config) -> LimitTable:
    """Return the limits of each unit and ROC by its level of support."""
    levels = dict(LEVELS)
    for one in config.support_level:
        built_in = levels.get(folded(one.name), Limits({}))
        levels[folded(one.name)] = Limits(
            {**built_in.response, **_by_priority(one.response)},
            {**built_in.solution, **_by_priority(one.solution)},
        )
    return LimitTable(
        default=levels[DEFAULT],
        by_unit={folded(one.name): levels[folded(one.support_level)] for one in _units(config)},
    )


def no_digest(config: Config) -> frozenset[str]:
    """Return the units and ROCs that get no daily digest, in lower case."""
    return frozenset(folded(one.name) for one in _units(config) if not one.digest)


def _units(config: Config) -> tuple[Roc | Unit, ...]:
    return (*config.roc, *config.unit)


def _calendar(hours: sections.WorkingHours, years: Iterable[int]) -> Calendar:
    days: set[date] = set()
    for one in hours.holidays:
        days |= {one} if isinstance(one, date) else public_holidays(one, years)
    return Calendar(zone_of(hours.timezone), read_hours(hours.hours), frozenset(days))


def zone_of(name: str) -> tzinfo:
    """Return a time zone of the configuration."""
    return UTC if name == "UTC" else ZoneInfo(name)  # known even where no zones are installed


def _by_priority(limits: sections.Limits) -> dict[Priority, timedelta]:
    return {Priority(name): limit for name, limit in limits.items()}
