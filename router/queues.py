"""Where each ticket of a queue stands, for whom it waits, and what comes next.

Rule: tickets are looked at one by one as they come and only the first of them are kept, so that a
queue may be longer than the memory. Nothing here changes a ticket.
Sources: EGI-PRIORITY (docs/sources.md); docs/desk.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest

from router.decision import Policy
from router.limits import UNTAKEN, Colour
from router.limits import colour as colour_at
from router.measuring import worked
from router.queued import Place, Queued, Standing, Tally
from router.ticket import Relation, TicketKind
from router.timers import PROCESS_OF, Whom
from router.timing import next_step
from router.words import Status


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
        return _awaited(one.awaits) or one.on_hold or "the end of what it is on hold for"
    return one.assigned_to or "its unit"


def _awaited(awaits: Sequence[Relation]) -> str:
    """Return the tickets that a ticket waits for, as words: a master, or children."""
    if not awaits:
        return ""
    what = awaits[0].what if len(awaits) == 1 else "children"
    return ", ".join((f"its {what}", *(f"#{there.ticket}" for there in awaits)))


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


def stand(
    tickets: Iterable[Queued], policy: Policy, now: datetime, tally: Tally
) -> Iterator[Standing]:
    """Give where each ticket stands, and count it in `tally`."""
    for one in tickets:
        found = standing(one, policy, now)
        tally.add(found)
        yield found


def first_of(standings: Iterable[Standing], limit: int | None) -> list[Standing]:
    """Return the first of a queue in their order; all of them without a limit."""
    if limit is None:
        return sorted(standings, key=lambda one: one.order)
    return nsmallest(limit, standings, key=lambda one: one.order)


_SAYS: Mapping[Whom, str] = {
    Whom.UNIT: "reminder to the unit",
    Whom.SUBMITTER: "reminder to the submitter",
    Whom.FIRST_LINE: "first line is asked to look",
    Whom.CLOSE: "closed",
}
