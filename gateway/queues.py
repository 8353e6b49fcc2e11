"""The queues of support units as they are shown: the tickets of one in order, or a line for each.

Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import chain

from gateway.desk import Desk
from parsers.errors import Refused
from parsers.registry import Registry
from parsers.text import folded
from router.decision import Policy
from router.queued import Place, Standing, Tally
from router.queues import coming, first_of, stand, waits_for
from store.listing import reads
from store.queue import queued, units_with_tickets, with_more

ROWS_AT_ONCE = 500
MINUTES_OF_AN_HOUR = 60
HOURS_BEFORE_DAYS = 48


@dataclass(frozen=True, slots=True)
class Queue:
    """A unit's queue: the first tickets of it, and all of them in numbers."""

    tally: Tally
    first: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A ticket of a queue as programs read it. Times in working seconds, None for none."""

    ticket: int
    place: str
    kind: str
    wanted: str
    status: str
    held: str
    priority: str
    left_s: int | None
    opened_at: datetime
    updated_at: datetime
    assigned_to: str
    waits_for: str
    next_step: str
    next_at: datetime | None
    escalation: int
    site: str
    vo: str
    submitter: str
    subject: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit's queue in numbers. `open` are all of it; each is counted in one of the places."""

    unit: str
    open: int
    alarm: int
    held_alarm: int
    red: int
    amber: int
    held: int
    yellow: int
    green: int
    waiting: int
    escalated: int
    oldest_at: datetime | None


def unit_named(desk: Desk, name: str) -> str:
    """Return a unit's name as its tickets have it; raises Refused, naming those that are near."""
    wanted = folded(name)
    known = desk.known.registry.find_unit(name)
    if known is not None:
        return known.name
    with reads(desk.store.reading) as conn:
        names = {one.lower(): one for one in units_with_tickets(conn)}
    if wanted in names:  # a directory has dropped it, its tickets are still there
        return names[wanted]
    names |= {one.lower(): one for one in unit_names(desk.known.registry)}
    near = [names[one] for one in get_close_matches(wanted, names, n=3)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise Refused(f'The support unit "{name}" is not known here.{hint}')


def unit_names(registry: Registry) -> tuple[str, ...]:
    """Return the names of all units and ROCs."""
    units = [one.name for one in registry.units]
    return tuple(dict.fromkeys([*units, *(one.name for one in registry.rocs)]))


def queue_of(desk: Desk, unit: str, limit: int | None, person: str = "") -> Queue:
    """Return the queue of a unit, its first tickets in order; raises Deferred.

    With "" it is that of all units together, with `person` what of it is that person's.
    """
    tally = Tally(unit)
    with reads(desk.store.reading) as conn:
        units = [unit] if unit else list(units_with_tickets(conn))
        there = chain.from_iterable(queued(conn, one) for one in units)
        mine = (one for one in there if not person or folded(one.assigned_to) == folded(person))
        standings = stand(mine, desk.policy, desk.clock(), tally)
        first = first_of(standings, limit)
        whole: list[Standing] = []
        for start in range(0, len(first), ROWS_AT_ONCE):
            whole += with_more(conn, first[start : start + ROWS_AT_ONCE])
    return Queue(tally, whole)


def unit_row(tally: Tally) -> UnitRow:
    """Return a unit's numbers as a row."""
    places = {place.replace(" ", "_"): tally.places[place] for place in Place}
    return UnitRow(
        unit=tally.unit,
        open=tally.total,
        waiting=tally.waiting,
        escalated=tally.escalated,
        oldest_at=tally.oldest_at,
        **places,
    )


def queue_row(one: Standing, policy: Policy) -> QueueRow:
    """Return a ticket of a queue as a row."""
    ticket = one.ticket
    step, at = coming(ticket, policy)
    return QueueRow(
        ticket=ticket.number,
        place=str(one.place),
        kind=str(ticket.kind),
        wanted=str(ticket.wanted),
        status=str(ticket.status),
        held=ticket.held,
        priority=str(ticket.priority),
        left_s=None if one.left is None else int(one.left.total_seconds()),
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
        assigned_to=ticket.assigned_to,
        waits_for=waits_for(ticket),
        next_step=step,
        next_at=at,
        escalation=ticket.escalation,
        site=ticket.site,
        vo=ticket.vo,
        submitter=ticket.submitter,
        subject=ticket.subject,
    )


def said_left(left_s: int | None) -> str:
    """Return the working time that is left: `2 h 05`, `-31 h 00` if it has passed, or ""."""
    if left_s is None:
        return ""
    hours, minutes = divmod(abs(left_s) // 60, MINUTES_OF_AN_HOUR)
    return f"{'-' if left_s < 0 else ''}{hours} h {minutes:02}"


def said_age(age: timedelta) -> str:
    """Return how long ago something was: `3 d`, `5 h`, `12 min`."""
    minutes = max(0, int(age.total_seconds())) // 60
    hours = minutes // MINUTES_OF_AN_HOUR
    if hours >= HOURS_BEFORE_DAYS:
        return f"{hours // 24} d"
    return f"{hours} h" if hours else f"{minutes} min"
