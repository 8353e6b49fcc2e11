"""Working time and the clock of a ticket against a table that was worked out by hand.

What the code says is compared with `working-days.txt` line by line; the local times in it only show
that who wrote them did not mistake the zone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.config.hours import read_hours
from router.calendars import Calendar, Calendars
from router.decide import decide
from router.decision import Due, Facts
from router.limits import Limits, LimitTable
from router.ticking import TICK
from router.timing import retime
from router.words import Priority, Status
from router.working_time import add_working, add_working_days
from tests.router.replies import DESK, LIST, PEOPLE, SUBMITTER, WORLD, about
from tests.router.test_decision_table import POLICY

LINES = [
    line
    for line in (Path(__file__).parent / "working-days.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
_TIME = r"(\d{4}-\d\d-\d\d \d\d:\d\d)"
_ROW = re.compile(rf"(\w+) +{_TIME}  {_TIME}  (.+?) +{_TIME}  {_TIME}  .+")
_STEP = re.compile(rf"(\w+) +{_TIME}  {_TIME}(?:  .+)?")
STATUS = {"waiting": Status.WAITING, "solved": Status.SOLVED, "response": Status.ASSIGNED}
TOLD = {"submitter": SUBMITTER, "first": DESK, "unit": LIST}
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Process:
    """A process of the table: of which status and unit, its limit, and who is told when."""

    status: Status
    calendar: str
    about: str
    begins: datetime
    steps: tuple[tuple[str, datetime], ...]


def calendars() -> dict[str, Calendar]:
    found: dict[str, Calendar] = {}
    for line in LINES:
        word, name, rest = [*line.split(maxsplit=2), "", ""][:3]
        if word == "calendar":
            zone, hours = rest.split(maxsplit=1)
            found[name] = Calendar(ZoneInfo(zone), read_hours(hours.split(", ")))
        elif word == "holidays":
            days = frozenset(map(date.fromisoformat, rest.split()))
            found[name] = replace(found[name], holidays=days)
    return found


CALENDARS = calendars()
ROWS = [match.groups() for line in LINES if (match := _ROW.fullmatch(line))]


def processes() -> Iterator[Process]:
    texts = "\n".join(LINES).split("\nprocess ")[1:]
    for text in texts:
        head, *lines = text.splitlines()
        status, calendar, words = head.split(maxsplit=2)
        steps = [match.groups() for line in lines if (match := _STEP.fullmatch(line))]
        assert len(steps) == len(lines)
        times = [(who, both("berlin", local, utc)) for who, local, utc in steps]
        assert times[0][0] == "begins"
        yield Process(STATUS[status], calendar, words, times[0][1], tuple(times[1:]))


def both(calendar: str, local: str, utc: str) -> datetime:
    """Return a time of the table, which must be the same on both clocks."""
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    shown = at.astimezone(CALENDARS[calendar].zone).replace(tzinfo=None)
    assert shown == datetime.fromisoformat(local), f"{utc} is {shown} there, not {local}"
    return at


def test_no_line_of_the_table_is_left_out() -> None:
    heads = sum(line.startswith(("calendar", "holidays", "process")) for line in LINES)
    steps = sum(len(one.steps) + 1 for one in processes())
    assert heads + steps + len(ROWS) == len(LINES)
    assert {row[0] for row in ROWS} == set(CALENDARS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]} {row[3]}")
def test_working_time_ends_when_the_table_says(row: tuple[str, ...]) -> None:
    name, start, start_utc, counted, end, end_utc = row
    begun, wanted = both(name, start, start_utc), both(name, end, end_utc)
    number, unit = counted.split(maxsplit=1)
    calendar = CALENDARS[name]
    if unit == "wd":
        assert add_working_days(calendar, begun, int(number)) == wanted
        return
    hours = int(number)
    if unit.startswith("% of "):
        hours = hours * int(unit.split()[2]) // 100
    assert add_working(calendar, begun, timedelta(hours=hours)) == wanted


@pytest.mark.parametrize(
    "process", tuple(processes()), ids=lambda one: f"{one.calendar} {one.about}"
)
def test_a_tickets_steps_fall_due_when_the_table_says(process: Process) -> None:
    hours = re.match(r"(\d+) h", process.about)
    limit = timedelta(hours=int(hours[1]) if hours else 40)
    policy = replace(
        POLICY,
        calendars=Calendars(CALENDARS["berlin"], {"ngi_de": CALENDARS[process.calendar]}),
        limits=LimitTable(Limits(dict.fromkeys(Priority, limit))),
    )
    ticket = about(status=process.status)
    ticket = replace(ticket, timing=retime(ticket, policy, process.begins)[0])
    for who, at in process.steps:
        assert ticket.timing is not None
        assert ticket.timing.due_at == at
        facts = Facts(WORLD, PEOPLE, listed=(ticket,))
        (early, *_) = decide(Due(TICK), facts, policy, at - SECOND)
        assert (early.events, early.outgoing) == ((), ())
        (done, *_) = decide(Due(TICK), facts, policy, at)
        assert done.ticket is not None
        ticket = done.ticket
        assert [mail.recipient for mail in done.outgoing] == ([TOLD[who]] if who in TOLD else [])
        assert (ticket.status is Status.CLOSED) is (who == "close")
    assert ticket.timing is None or ticket.timing.due_at is None
