"""The queue of a support unit as values: its tickets, where each stands, and all in numbers.

Rule: the order is that in which a supporter works: alarms, held requests for one, what is past its
limit, and so on; in each, what can be worked on before what waits for somebody else, and the least
time left first. Held tickets have no clock: they come before the yellow ones, the oldest first.
Where a ticket stands is found in `router.queues`. Sources: EGI-PRIORITY; docs/desk.md.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from router.ticket import Relation, TicketKind, Timing
from router.words import Priority, Status

WAITS_FOR_OTHERS = frozenset({Status.WAITING, Status.ON_HOLD})
FAR = timedelta(days=36_500)
HEAP = 200


class Place(StrEnum):
    """Where a ticket stands in the queue, the first first."""

    ALARM = "alarm"
    HELD_ALARM = "held alarm"
    RED = "red"
    AMBER = "amber"
    HELD = "held"
    YELLOW = "yellow"
    GREEN = "green"


_ORDER: Mapping[Place, int] = {place: at for at, place in enumerate(Place)}


@dataclass(frozen=True, slots=True)
class Queued:
    """An open ticket as its queue shows it; the names are those of `router.ticket.Ticket`.

    `is_firing` says that it is an alarm that is real and not over. `held` is the reason, "" when
    nothing holds it. `remind_at` is when a supporter wanted to be reminded of it; `awaits` are the
    open tickets that it waits for, its master or its children; `on_hold` is why it is on hold.
    """

    number: int
    kind: TicketKind
    wanted: TicketKind
    status: Status
    held: str
    priority: Priority
    unit: str
    subject: str
    submitter: str
    vo: str
    site: str
    assigned_to: str
    escalation: int
    opened_at: datetime
    updated_at: datetime
    is_firing: bool = False
    timing: Timing | None = None
    remind_at: datetime | None = None
    awaits: tuple[Relation, ...] = ()
    on_hold: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A queued ticket at a moment: its place, and the working time that is left of its limit.

    `left` is negative when the limit has passed, None when there is no limit.
    """

    ticket: Queued
    place: Place
    left: timedelta | None

    @property
    def order(self) -> tuple[object, ...]:
        """Return what the queue is sorted by."""
        one = self.ticket
        others = one.status in WAITS_FOR_OTHERS
        left = FAR if self.left is None else self.left
        return _ORDER[self.place], others, left, one.opened_at, one.number


@dataclass(slots=True)
class Tally:
    """What stands in a unit's queue, in numbers; grows as tickets pass by.

    `waiting` wait for their submitters, `escalated` were raised by them, `oldest_at` is when the
    oldest of all was opened, None for an empty queue.
    """

    unit: str
    places: Counter[Place] = field(default_factory=Counter)
    waiting: int = 0
    escalated: int = 0
    oldest_at: datetime | None = None

    @property
    def total(self) -> int:
        """Return how many tickets are open."""
        return self.places.total()

    def add(self, one: Standing) -> None:
        """Count a ticket."""
        self.places[one.place] += 1
        self.waiting += one.ticket.status is Status.WAITING
        self.escalated += one.ticket.escalation > 0
        opened_at = one.ticket.opened_at
        self.oldest_at = min(self.oldest_at or opened_at, opened_at)


@dataclass(slots=True)
class First:
    """The first `limit` of tickets that pass by, in the order of the queue; the others counted."""

    limit: int
    total: int = 0
    _kept: list[Standing] = field(default_factory=list)

    def add(self, one: Standing) -> None:
        """Take a ticket; forget those that are too many, a heap of them at a time."""
        self.total += 1
        self._kept.append(one)
        if len(self._kept) >= self.limit + HEAP:
            self._kept = self.kept

    def complete(self, more: Callable[[Queued], Queued]) -> None:
        """Let those that are kept be read more of; what that changes must not be their order."""
        self._kept = [replace(one, ticket=more(one.ticket)) for one in self.kept]

    @property
    def kept(self) -> list[Standing]:
        """Return them in order."""
        return sorted(self._kept, key=lambda one: one.order)[: self.limit]


class Section(StrEnum):
    """Why a ticket is listed, as the title of its part of the mail; the most pressing first."""

    ALARM = "Alarms"
    HELD = "Held, waiting to be let go"
    PERSON = "Waiting for a person: the clock does nothing more"
    LATE = "Past their limit"
    ESCALATED = "Escalated by their submitters"
    TODAY = "Reaching their limit today"
    NEW = "New"
    SILENT = "Without a word for five working days"


@dataclass(frozen=True, slots=True)
class UnitDesk:
    """What stands at a unit at a moment. `since` is when it was last told of.

    `elsewhere` are the other units' queues in numbers, for first line only.
    """

    unit: str
    since: datetime
    tally: Tally
    sections: Mapping[Section, First]
    elsewhere: tuple[Tally, ...] = ()
