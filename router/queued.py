"""A ticket in its unit's queue: its colour, what is left of its limit, and in which order it comes.

Rule: the order is that in which a supporter works: alarms, held requests for one, what is past its
limit, and so on; in each, what can be worked on before what waits for somebody else, and the least
time left first. Held tickets have no clock: they come before the yellow ones, the oldest first.
Nothing here changes a ticket. Sources: EGI-PRIORITY (docs/sources.md); docs/desk.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from router.decision import Policy
from router.limits import ENDED, UNTAKEN, Colour
from router.limits import colour as colour_at
from router.measuring import worked
from router.ticket import TicketKind, Timing
from router.timers import PROCESS_OF, Whom
from router.timing import next_step
from router.words import Priority, Status

OPEN = tuple(one for one in Status if one not in ENDED)
WAITS_FOR_OTHERS = frozenset({Status.WAITING, Status.ON_HOLD})
FAR = timedelta(days=36_500)


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
    nothing holds it. `remind_at` is when a supporter wanted to be reminded of it.
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


def standing(one: Queued, policy: Policy, now: datetime) -> Standing:
    """Return where a ticket stands now."""
    if one.held:
        wants_alarm = one.wanted is TicketKind.ALARM
        return Standing(one, Place.HELD_ALARM if wants_alarm else Place.HELD, None)
    limit = policy.limits.of(one.unit).limit(one.status, one.priority)
    left: timedelta | None = None
    colour = Colour.GREEN
    if limit is not None and one.timing is not None:
        done = worked(one.timing, policy, now)
        left, colour = limit - done, colour_at(limit, done)
    return Standing(one, Place.ALARM if one.is_firing else Place(colour), left)


def waits_for(one: Queued) -> str:
    """Return who has to do something next, as words."""
    if one.held:
        return "first line, to let it go"
    if one.status in UNTAKEN:
        return one.assigned_to or "somebody to take it"
    if one.status is Status.WAITING:
        return f"its submitter, {one.submitter}"
    if one.status is Status.ON_HOLD:
        return "the end of what it is on hold for"
    return one.assigned_to or "its unit"


def coming(one: Queued, policy: Policy) -> tuple[str, datetime | None]:
    """Return the next step of a ticket as words, and when it comes: "" and None for none."""
    timing = one.timing
    found = next_step(timing, policy) if timing is not None else None
    at = timing.due_at if timing is not None else None
    if one.remind_at is not None and (at is None or one.remind_at <= at):
        return "reminder that was asked for", one.remind_at
    if found is None or at is None:
        return "", None
    return _SAYS[found[1].whom], at


def is_at_its_end(one: Queued, policy: Policy) -> bool:
    """Whether the clock has done all its steps, so that only a person does more."""
    timing = one.timing
    if timing is None or not timing.steps:
        return False
    return timing.status in PROCESS_OF and next_step(timing, policy) is None


_SAYS: Mapping[Whom, str] = {
    Whom.UNIT: "reminder to the unit",
    Whom.SUBMITTER: "reminder to the submitter",
    Whom.FIRST_LINE: "first line is asked to look",
    Whom.CLOSE: "closed",
}
