"""How soon a support unit has to respond and to solve, and which colour a ticket has meanwhile.

Rule: a limit is working time, by the unit's level of support and the ticket's priority. Until
somebody takes a ticket the limit for the response holds, then the one for the solution; a ticket
whose limit is not known stays green. Nothing here knows what has passed: the caller counts it.
Sources: EGI-PRIORITY (colours), EGI-QOS (levels, the warning at 75 %); docs/clock.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from parsers.text import folded
from router.words import Priority, Status

WORKING_DAY = timedelta(hours=8)  # EGI-REPORTS; a calendar may have longer or shorter ones


class Colour(StrEnum):
    """How near a ticket is to its limit; the blue ones have none any more."""

    GREEN = "green"
    YELLOW = "yellow"
    AMBER = "amber"
    RED = "red"
    BLUE = "blue"
    LIGHT_BLUE = "light blue"


@dataclass(frozen=True, slots=True)
class Limits:
    """The working time of one level, by priority. A priority that is missing has no limit."""

    response: Mapping[Priority, timedelta]
    solution: Mapping[Priority, timedelta] = field(default_factory=dict)

    def limit(self, status: Status, priority: Priority) -> timedelta | None:
        """Return the limit that holds in this status, None for none."""
        if status in ENDED:
            return None
        return (self.response if status in UNTAKEN else self.solution).get(priority)


def _hours(*each: int) -> Mapping[Priority, timedelta]:
    """Return working hours by priority, the least urgent first."""
    return {
        priority: timedelta(hours=hours) for priority, hours in zip(Priority, each, strict=True)
    }


DEFAULT = "default"
LEVELS: Mapping[str, Limits] = {  # the sources publish no limits for solutions
    DEFAULT: Limits(_hours(40, 40, 32, 24)),
    "base": Limits(_hours(40, 40, 40, 40)),
    "medium": Limits(_hours(40, 40, 8, 8)),
    "advanced": Limits(_hours(40, 8, 8, 4)),
}
UNTAKEN = frozenset({Status.NEW, Status.ASSIGNED, Status.REOPENED})  # somebody has to take it
ENDED: Mapping[Status, Colour] = {  # `closed` has no colour in the sources: that of `solved`
    Status.SOLVED: Colour.BLUE,
    Status.VERIFIED: Colour.BLUE,
    Status.CLOSED: Colour.BLUE,
    Status.UNSOLVED: Colour.LIGHT_BLUE,
}
QUARTERS: tuple[tuple[int, Colour], ...] = (  # of the limit; the published tables are just these
    (4, Colour.RED),
    (3, Colour.AMBER),
    (2, Colour.YELLOW),
)


def colour(limit: timedelta | None, worked: timedelta) -> Colour:
    """Return the colour of an open ticket after this much working time of its limit.

    A colour begins at its share of the limit, red at the limit itself.
    """
    if limit is None:
        return Colour.GREEN
    reached = (name for quarters, name in QUARTERS if worked * 4 >= limit * quarters)
    return next(reached, Colour.GREEN)


def colour_of(limits: Limits, status: Status, priority: Priority, worked: timedelta) -> Colour:
    """Return the colour of any ticket; `worked` counts since its clock last started."""
    return ENDED.get(status) or colour(limits.limit(status, priority), worked)


@dataclass(frozen=True, slots=True)
class LimitTable:
    """The limits of each support unit that has some of its own, by its name; others: `default`."""

    default: Limits = LEVELS[DEFAULT]
    by_unit: Mapping[str, Limits] = field(default_factory=dict)

    def of(self, unit: str) -> Limits:
        """Return the limits of a unit, whatever the case and spacing of its name."""
        return self.by_unit.get(folded(unit), self.default)
