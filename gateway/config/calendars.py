"""The sections about working time: hours, holidays, and what each level of support promises.

As in config_sections, the fields are the manual. What time it comes to is counted in router.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator

from gateway.config.federation import Name
from gateway.config.hours import check_all_hours, check_hours
from gateway.config.secrets import fault
from gateway.config.sections import Section
from gateway.config.values import AsTuple, TimeZone
from router.limits import WORKING_DAY

PLACE = re.compile(r"[A-Z]{2}(?:/[^/]{1,60})?")  # ISO 3166: a country, and a part of it
_WORK = re.compile(r"([0-9]{1,5}) ?(min|h|wd)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "wd": WORKING_DAY}


def _holiday(value: Any) -> date | str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and PLACE.fullmatch(value):
        return value
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except (TypeError, ValueError):
        told = 'must be a country such as "DE", a part of it such as "DE/BW", or a "YYYY-MM-DD"'
        raise fault(told) from None


def _work_time(value: Any) -> timedelta:
    match = _WORK.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        told = 'must be working time with its unit, such as "90 min", "4 h" or "5 wd" of 8 hours'
        raise fault(told)
    return int(match[1]) * _UNITS[match[2]]


Hours = Annotated[
    tuple[Annotated[str, AfterValidator(check_hours)], ...],
    AfterValidator(check_all_hours),
    AsTuple,
]
Holidays = Annotated[tuple[Annotated[date | str, PlainValidator(_holiday)], ...], AsTuple]
WorkTime = Annotated[timedelta, PlainValidator(_work_time)]
PriorityName = Literal["less urgent", "urgent", "very urgent", "top priority"]
Limits = Mapping[PriorityName, WorkTime]


class WorkingHours(Section):
    """What [clock] and [[calendar]] have in common."""

    timezone: TimeZone = Field(default="UTC", description="The zone of the hours and the days.")
    hours: Hours = Field(
        default=("mon-fri 09:00-17:00",),
        description='When people work: "mon-fri 09:00-17:00"; over midnight "sat,sun 22:00-06:00".',
    )
    holidays: Holidays = Field(
        default=(),
        description="Days without work: countries and parts of them (the extra `holidays`), dates.",
    )


class Calendar(WorkingHours):
    """[[calendar]]: the working time of some units and ROCs."""

    name: Name = Field(description="Its name, as in `calendar` of a unit or ROC.")


class SupportLevel(Section):
    """[[support_level]]: how soon units of this level respond and solve."""

    name: Name = Field(
        description="Its name, as in `support_level` of a unit; default, base, medium and advanced"
        " are built in."
    )
    response: Limits = Field(
        default_factory=dict,
        description="Working time until a ticket is taken, by priority; what is left out is as"
        " built in.",
    )
    solution: Limits = Field(
        default_factory=dict,
        description="Working time until it is solved, by priority; nothing is built in.",
    )
