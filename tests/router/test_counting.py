"""One word for the rules by which clocks are set: the same for the same rules, else another."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.calendars import Calendar, Calendars
from router.counting import counted_by
from router.decision import Policy
from router.limits import LEVELS, LimitTable
from router.timers import STEPS, Process, Step, Whom
from tests.router.lives import HOURS, RULES
from tests.router.weeks import OFFICE, SHORT_FRIDAY

DAYS = [date(2026, 1, day) for day in range(1, 29)]
BERLIN = ZoneInfo("Europe/Berlin")


def with_calendar(calendar: Calendar) -> Policy:
    return replace(RULES, calendars=Calendars(HOURS, {"tpm": calendar}))


OTHERS = [
    with_calendar(Calendar(BERLIN, OFFICE)),
    with_calendar(Calendar(ZoneInfo("Europe/Vienna"), OFFICE)),
    with_calendar(Calendar(BERLIN, SHORT_FRIDAY)),
    with_calendar(Calendar(BERLIN, OFFICE, frozenset(DAYS[:1]))),
    replace(RULES, calendars=Calendars(HOURS, {"other": HOURS})),
    replace(RULES, limits=LimitTable(LEVELS["base"])),
    replace(RULES, limits=LimitTable(by_unit={"tpm": LEVELS["base"]})),
    replace(RULES, steps={**STEPS, Process.SOLVED: ()}),
    replace(RULES, steps={**STEPS, Process.SOLVED: (Step(Whom.CLOSE, time=timedelta(hours=1)),)}),
    replace(RULES, first_line="Other"),
]


def test_each_difference_gives_another_word() -> None:
    assert len({counted_by(one) for one in (RULES, *OTHERS)}) == len(OTHERS) + 1


def test_what_decides_no_clock_gives_no_other_word() -> None:
    assert counted_by(replace(RULES, name="Other", max_cc=3)) == counted_by(RULES)


def test_no_order_in_which_something_was_made_counts() -> None:
    one = Calendar(BERLIN, OFFICE, frozenset(DAYS))
    other = Calendar(BERLIN, OFFICE, frozenset(reversed(DAYS)))
    there, back = {"a": one, "b": HOURS}, {"b": HOURS, "a": other}
    assert counted_by(replace(RULES, calendars=Calendars(HOURS, there))) == counted_by(
        replace(RULES, calendars=Calendars(HOURS, back))
    )


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_every_process_says_the_same(seed: str) -> None:
    program = (
        "from tests.router.test_counting import with_calendar, BERLIN, OFFICE, DAYS, Calendar;"
        "from router.counting import counted_by;"
        "print(counted_by(with_calendar(Calendar(BERLIN, OFFICE, frozenset(DAYS)))))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == counted_by(
        with_calendar(Calendar(BERLIN, OFFICE, frozenset(DAYS)))
    )
