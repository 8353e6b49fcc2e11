"""What the run writes down: when the clock was looked at, what became of tickets, who was told.

`place` is the order in which things happened; times are those that the daemon's clock showed, which
may be set back.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Look:
    """The clock was looked at, by a daemon with the configuration of a phase.

    It `stands` while the machine's clock is wrong, and does nothing. As a turn: the configuration
    is another one, or the machine's clock `was_wrong` until here.
    """

    place: int
    at: datetime
    phase: int
    stands: bool = False
    was_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket, as it was after something had happened to it."""

    place: int
    at: datetime
    status: str
    unit: str
    priority: str
    held: bool
    submitter: str
    by_clock: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """Somebody was told of a ticket by the clock; `reason` is the word of the mail."""

    place: int
    at: datetime
    ticket: int
    address: str
    reason: str


@dataclass(slots=True)
class Records:
    """All of a run. `turns` are where the rules for all tickets change."""

    end: datetime
    looks: list[Look] = field(default_factory=list)
    turns: list[Look] = field(default_factory=list)
    seen: dict[int, list[Seen]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
