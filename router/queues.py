"""Many queued tickets at once: the first of a queue, and how many there are of each sort.

Rule: tickets are looked at one by one as they come and only the first of them are kept, so that a
queue may be longer than the memory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest

from router.decision import Policy
from router.queued import Place, Queued, Standing, standing
from router.words import Status


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
