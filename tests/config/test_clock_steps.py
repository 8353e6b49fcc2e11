"""The steps of [clock]: what can be written, and a fault at its line for everything else."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.convert import policy
from gateway.config.load import Fault, Severity, load
from router.timers import STEPS, Process, Step, Whom
from tests.config.good import GOOD

Check = Callable[[str], tuple[Fault, ...]]
TOLD = "must be a time and who is told"


def with_clock(line: str) -> str:
    """The good configuration with a line of [clock], at line 10."""
    return GOOD.replace("[[vo]]", f"[clock]\n{line}\n\n[[vo]]", 1)


def steps_of(folder: Path, line: str) -> dict[Process, tuple[Step, ...]]:
    (folder / "config.toml").write_text(with_clock(line))
    return dict(policy(load(folder / "config.toml")).steps)


def test_what_is_left_out_is_as_built_in(folder: Path) -> None:
    assert steps_of(folder, 'timezone = "UTC"') == STEPS


def test_each_unit_of_time_and_each_reader_can_be_written(folder: Path) -> None:
    line = (
        'response = ["50% unit", "150 % first-line", "90 min unit", "4h unit", "1 wd first-line"]'
    )
    assert steps_of(folder, line)[Process.RESPONSE] == (
        Step(Whom.UNIT, percent=50),
        Step(Whom.FIRST_LINE, percent=150),
        Step(Whom.UNIT, time=timedelta(minutes=90)),
        Step(Whom.UNIT, time=timedelta(hours=4)),
        Step(Whom.FIRST_LINE, days=1),
    )
    line = 'waiting = ["1 wd unit", "1 wd submitter", "1 wd first-line"]'
    assert [one.whom for one in steps_of(folder, line)[Process.WAITING]] == [
        Whom.UNIT,
        Whom.SUBMITTER,
        Whom.FIRST_LINE,
    ]


@pytest.mark.parametrize("key", list(Process))
def test_no_steps_at_all_are_none(folder: Path, key: str) -> None:
    assert steps_of(folder, f"{key} = []")[Process(key)] == ()


FAULTS = [
    ('response = ["soon unit"]', TOLD),
    ('response = ["75 % unit", "5 wd"]', f"'5 wd' {TOLD}"),
    ('response = ["5 d unit"]', TOLD),
    ('response = ["0 wd unit"]', TOLD),
    ('response = ["-1 wd unit"]', TOLD),
    ('response = ["٣ wd unit"]', TOLD),
    ('response = ["99999 h unit"]', TOLD),
    ('response = ["5 wd everybody"]', TOLD),
    ('response = ["5 wd unit\\n"]', TOLD),
    ('response = [""]', TOLD),
    ('response = "5 wd unit, 5 wd unit"', "must be a list"),
    ('response = ["5 wd submitter"]', "may tell here: unit, first-line"),
    ('response = ["5 wd close"]', "may tell here: unit, first-line"),
    ('solution = ["10 wd close"]', "may tell here: unit, first-line"),
    ('waiting = ["5 wd close"]', "may tell here: submitter, unit, first-line"),
    ('solved = ["10 wd unit"]', "may tell here: close"),
    ('waiting = ["75 % submitter"]', "has no limit here"),
    ('solved = ["100 % close"]', "has no limit here"),
    ('response = ["100 % unit", "75 % unit"]', "shares of the limit come first"),
    ('response = ["75 % unit", "75 % unit"]', "shares of the limit come first"),
    ('response = ["5 wd unit", "75 % unit"]', "shares of the limit come first"),
    ('response = ["1001 % unit"]', "a share is 1000 % at most"),
    ('solved = ["5 wd close", "5 wd close"]', "has one step at most"),
    (f"response = {['1 wd unit'] * 21}", "has more than 20 steps"),
    ("response = [5]", "must be a text in quotes"),
    ("waiting_days = 5", "is not a key of this section"),
]


@pytest.mark.parametrize(("line", "told"), FAULTS, ids=[line[:40] for line, _ in FAULTS])
def test_each_fault_is_told_at_its_line(faults_of: Check, line: str, told: str) -> None:
    errors = [one for one in faults_of(with_clock(line)) if one.severity is Severity.ERROR]
    assert [(one.line, one.key) for one in errors] == [(10, f"clock.{line.split(maxsplit=1)[0]}")]
    assert told in errors[0].message
