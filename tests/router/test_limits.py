"""Limits, colours and the warning, beside the tables that the field has published."""

from datetime import timedelta

import pytest

from router.limits import (
    DEFAULT,
    LEVELS,
    Colour,
    Limits,
    LimitTable,
    colour,
    colour_of,
)
from router.words import Priority, Status

LESS, URGENT, VERY, TOP = Priority
PUBLISHED = [  # level, priorities, working hours at which it is yellow, amber, red
    ("default", (LESS, URGENT), 20, 30, 40),
    ("default", (VERY,), 16, 24, 32),
    ("default", (TOP,), 12, 18, 24),
    ("base", (LESS, URGENT, VERY, TOP), 20, 30, 40),
    ("medium", (LESS, URGENT), 20, 30, 40),
    ("medium", (VERY, TOP), 4, 6, 8),
    ("advanced", (LESS,), 20, 30, 40),
    ("advanced", (URGENT, VERY), 4, 6, 8),
    ("advanced", (TOP,), 2, 3, 4),
]
WORKING_DAYS = {  # limits of response, in working days of 8 hours; 0.5 is "4 working hours"
    "base": (5, 5, 5, 5),
    "medium": (5, 5, 1, 1),
    "advanced": (5, 1, 1, 0.5),
}
MOMENT = timedelta(seconds=1)


@pytest.mark.parametrize(("level", "priorities", "yellow", "amber", "red"), PUBLISHED)
def test_the_colours_change_at_the_published_hours(
    level: str, priorities: tuple[Priority, ...], yellow: int, amber: int, red: int
) -> None:
    begins = {Colour.YELLOW: yellow, Colour.AMBER: amber, Colour.RED: red}
    for priority in priorities:
        before = Colour.GREEN
        for name, hours in begins.items():
            at = timedelta(hours=hours)
            seen = [
                colour_of(LEVELS[level], Status.ASSIGNED, priority, worked)
                for worked in (at - MOMENT, at)
            ]
            assert seen == [before, name], (priority, hours)
            before = name


@pytest.mark.parametrize(("level", "days"), WORKING_DAYS.items())
def test_the_limits_of_response_are_those_of_the_level(level: str, days: tuple[float, ...]) -> None:
    limits = LEVELS[level]
    found = [limits.limit(Status.ASSIGNED, priority) for priority in Priority]
    assert found == [timedelta(hours=8 * each) for each in days]


def test_who_took_a_ticket_has_the_limit_of_the_solution() -> None:
    limits = Limits({TOP: timedelta(hours=4)}, {TOP: timedelta(hours=16)})
    for status in (Status.NEW, Status.ASSIGNED, Status.REOPENED):
        assert limits.limit(status, TOP) == timedelta(hours=4)
    for status in (Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD):
        assert limits.limit(status, TOP) == timedelta(hours=16)
        assert colour_of(limits, status, TOP, timedelta(hours=8)) == Colour.YELLOW


def test_what_has_no_limit_stays_green() -> None:
    long = timedelta(days=4000)
    assert colour(None, long) == Colour.GREEN
    assert colour_of(LEVELS["advanced"], Status.IN_PROGRESS, TOP, long) == Colour.GREEN
    assert colour_of(Limits({TOP: timedelta(hours=4)}), Status.ASSIGNED, LESS, long) == Colour.GREEN


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.SOLVED, Colour.BLUE),
        (Status.VERIFIED, Colour.BLUE),
        (Status.CLOSED, Colour.BLUE),
        (Status.UNSOLVED, Colour.LIGHT_BLUE),
    ],
)
def test_what_is_done_is_blue_however_late(status: Status, expected: Colour) -> None:
    limits = Limits({TOP: timedelta(hours=4)}, {TOP: timedelta(hours=4)})
    assert colour_of(limits, status, TOP, timedelta(days=90)) == expected
    assert limits.limit(status, TOP) is None


def test_a_unit_without_a_level_of_its_own_has_the_default() -> None:
    table = LimitTable(by_unit={"network operations": LEVELS["advanced"]})
    assert table.of("Network  OPERATIONS") == LEVELS["advanced"]
    assert table.of("TPM") == LEVELS[DEFAULT]
