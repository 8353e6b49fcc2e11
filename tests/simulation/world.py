"""The federation of the simulation: who works when, by hand, and the same as a configuration.

The checker reads the plain numbers here, the daemon the text that is made of them. Holidays come in
three phases: what an operator writes into the configuration changes on two days of the run.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

BEGIN = datetime(2027, 3, 1, tzinfo=UTC)
END = datetime(2029, 3, 1, tzinfo=UTC)  # with 29 February 2028 and the end of two years
PHASES = (date(2027, 3, 1), date(2027, 10, 18), date(2028, 6, 5))
MON_FRI, MON_SAT, ALL_DAYS = range(5), range(6), range(7)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HELPDESK = "helpdesk"
WORDS = ("less urgent", "urgent", "very urgent", "top priority")


@dataclass(frozen=True)
class Unit:
    """A support unit. `shifts` are (days, first minute, last minute) of its clocks' day.

    Limits are working hours by priority, the least urgent first; `holidays` one set a phase.
    """

    name: str
    address: str
    zone: str
    shifts: tuple[tuple[range, int, int], ...]
    response_h: tuple[int, ...]
    solution_h: tuple[int, ...]
    holidays: tuple[frozenset[date], ...]
    site: str = ""


def at(hours: int, minutes: int = 0) -> int:
    """Return a time of the day in minutes."""
    return hours * 60 + minutes


def _phases(first: str, second: str, third: str) -> tuple[frozenset[date], ...]:
    return tuple(
        frozenset(date.fromisoformat(day) for day in days.split())
        for days in (first, second, third)
    )


_BERLIN = "2027-03-26 2027-03-29 2027-05-06 2027-12-24 2027-12-25 2028-01-01"
_HELPDESK = _phases(
    _BERLIN,
    "2027-03-26 2027-03-29 2027-05-06 2027-12-24 2027-12-27 2027-12-28 2027-12-31 2028-01-03"
    " 2028-02-29 2028-04-14 2028-04-17 2028-10-03",  # 29 February off, two days after Christmas
    "2027-03-26 2027-03-29 2027-05-06 2027-12-24 2027-12-27 2027-12-28 2027-12-31 2028-01-03"
    " 2028-02-29 2028-04-14 2028-04-17 2028-12-25 2028-12-26 2029-01-01",  # 3 October worked again
)
NONE = (40, 40, 40, 40)
UNITS = (
    Unit(
        "NGI_DE", "de@roc.example", "Europe/Berlin", ((MON_FRI, at(9), at(17)),),
        (40, 40, 32, 24), (80, 60, 40, 24), _HELPDESK, "DE-SITE-1",
    ),
    Unit(
        "NGI_CA", "ca@roc.example", "America/St_Johns",
        ((MON_FRI, at(8, 30), at(12)), (MON_FRI, at(13), at(17, 30))),
        (40, 40, 8, 8), (120, 80, 16, 8),
        _phases(
            "2027-07-01 2027-12-25", "2027-07-01 2027-12-27 2027-12-28 2028-07-03",
            "2027-07-01 2027-12-27 2027-12-28 2028-07-03 2028-09-04 2028-12-25",
        ), "CA-SITE-1",
    ),
    Unit(  # nights: the one that clocks shorten or lengthen by half an hour too
        "NGI_AU", "au@roc.example", "Australia/Lord_Howe", ((ALL_DAYS, at(22), at(30)),),
        (40, 8, 8, 4), (40, 24, 16, 8),
        _phases("2027-04-25 2027-12-31", "2027-04-25 2028-01-01", "2027-04-25 2028-12-31"),
        "AU-SITE-1",
    ),
    Unit(
        "NGI_IN", "in@roc.example", "Asia/Kolkata", ((MON_SAT, at(10), at(18)),),
        NONE, (100, 100, 50, 25),
        _phases(
            "2027-08-16 2027-10-29", "2027-08-16 2027-10-30 2028-01-26",
            "2027-08-16 2027-10-30 2028-01-26 2028-08-15",
        ), "IN-SITE-1",
    ),
    Unit(  # around the clock, and clocks change at midnight
        "NGI_CL", "cl@roc.example", "America/Santiago", ((ALL_DAYS, at(0), at(24)),),
        (40, 8, 8, 4), (72, 48, 24, 12),
        _phases("2027-09-18", "2027-12-25", "2027-12-25 2028-09-18 2028-09-19"), "CL-SITE-1",
    ),
    Unit(
        "TPM", "tpm@firstline.example", "Europe/Berlin", ((MON_SAT, at(7), at(19)),),
        (40, 40, 32, 24), (), _HELPDESK,
    ),
)  # fmt: skip
# [clock]: the hours of submitters, and by which a solved ticket is closed
OFFICE = Unit(
    HELPDESK, "", "Europe/Berlin", ((MON_FRI, at(9), at(17)),), NONE, (), _HELPDESK
)  # fmt: skip
BY_NAME = {one.name: one for one in (*UNITS, OFFICE)}
FIRST_LINE = "TPM"
SUBMITTERS = ("anne@physics.example", "bert@physics.example", "carl@biology.example")
TEAM, ALARMER = "tom@cern.example", "anna@cern.example"
_HEAD = """
[helpdesk]
name = "Grid Helpdesk"
domain = "helpdesk.example"
first_ticket = 100001
first_line = "TPM"
operator_address = "operator@helpdesk.example"
secret = { env = "TICKETGATE_TEST_SECRET" }
[smtp]
listen = "127.0.0.1:0"
[store]
url = "sqlite:///tickets.db"
[relay]
url = "maildir:outgoing"
[[vo]]
name = "atlas"
[[member]]
name = "Anna Alarmer"
addresses = ["anna@cern.example"]
vo = "atlas"
roles = ["team", "alarm"]
[[member]]
name = "Tom Team"
addresses = ["tom@cern.example"]
vo = "atlas"
roles = ["team"]
"""


def configuration(phase: int) -> str:
    """Return the configuration of a phase."""
    parts = [_HEAD, "[clock]", *_hours(OFFICE, phase)]
    for one in UNITS:
        parts += ["[[calendar]]", f'name = "{one.name}"', *_hours(one, phase)]
        parts += ["[[support_level]]", f'name = "{one.name}"', _limits("response", one.response_h)]
        parts += [_limits("solution", one.solution_h)] if one.solution_h else []
        kind = "roc" if one.site else "unit"
        parts += [f"[[{kind}]]", f'name = "{one.name}"', f'address = "{one.address}"']
        parts += [f'calendar = "{one.name}"', f'support_level = "{one.name}"']
        if one.site:
            contact = f"grid@{one.site.lower()}.example"
            parts += ["[[site]]", f'name = "{one.site}"', f'roc = "{one.name}"', "tier = 1"]
            parts += [f'contact = "{contact}"', f'alarm_address = "alarm-{contact}"']
    return "\n".join(parts) + "\n"


def _hours(one: Unit, phase: int) -> list[str]:
    texts = [f'"{_days(days)} {_time(start)}-{_time(end)}"' for days, start, end in one.shifts]
    days = ", ".join(f'"{day}"' for day in sorted(one.holidays[phase]))
    hours = ", ".join(texts)
    return [f'timezone = "{one.zone}"', f"hours = [{hours}]", f"holidays = [{days}]"]


def _days(days: range) -> str:
    return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"


def _time(minutes: int) -> str:
    later = minutes if minutes <= at(24) else minutes - at(24)
    return f"{later // 60:02}:{later % 60:02}"


def _limits(name: str, hours: tuple[int, ...]) -> str:
    rows = ", ".join(f'"{word}" = "{h} h"' for word, h in zip(WORDS, hours, strict=True))
    return f"{name} = {{ {rows} }}"
