"""What a support unit has to know at the beginning of its day, out of all that is open there.

Rule: each ticket stands in one section, the first that fits. What a ticket waits for its submitter
brings no limit nearer. Nothing is decided here: it is looked at, and counted.
Sources: EOSC-RULES (docs/sources.md); docs/desk.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from router.decision import Policy
from router.queued import First, Place, Queued, Section, Standing, Tally, UnitDesk
from router.queues import is_at_its_end, stand
from router.words import Status
from router.working_time import add_working_days, next_day_begins, working_between

SILENT_DAYS = 5  # every ticket is attended to every five working days
LISTED = 10  # of each section
NOTHING = timedelta()
_HELD = frozenset({Place.HELD, Place.HELD_ALARM})
_MAY_BE_SILENT = frozenset({Status.IN_PROGRESS, Status.ON_HOLD})


def look_at_desk(
    unit: str, tickets: Iterable[Queued], policy: Policy, now: datetime, since: datetime
) -> UnitDesk:
    """Return what stands at a unit; `since` is when it was last told."""
    found = UnitDesk(unit, since, Tally(unit), {one: First(LISTED) for one in Section})
    calendar = policy.calendars.of(unit)
    left_today = working_between(calendar, now, next_day_begins(calendar, now))
    for one in stand(tickets, policy, now, found.tally):
        section = _section(one, left_today, policy, now, since)
        if section is not None:
            found.sections[section].add(one)
    return found


def look_elsewhere(
    unit: str, tickets: Iterable[Queued], policy: Policy, now: datetime, escalated: First
) -> Tally:
    """Return another unit's queue in numbers; what was escalated there goes to `escalated`."""
    tally = Tally(unit)
    for one in stand(tickets, policy, now, tally):
        if one.ticket.escalation:
            escalated.add(one)
    return tally


def _section(
    one: Standing, left_today: timedelta, policy: Policy, now: datetime, since: datetime
) -> Section | None:
    return next(_sections(one, left_today, policy, now, since), None)


def _sections(
    one: Standing, left_today: timedelta, policy: Policy, now: datetime, since: datetime
) -> Iterator[Section]:
    """Give every section that a ticket belongs to, the most pressing first."""
    ticket = one.ticket
    waits = ticket.status is Status.WAITING
    came_at = ticket.timing.unit_since if ticket.timing is not None else ticket.opened_at
    if one.place is Place.ALARM:
        yield Section.ALARM
    if one.place in _HELD:
        yield Section.HELD
    if is_at_its_end(ticket, policy):
        yield Section.PERSON
    if one.left is not None and not waits and one.left <= NOTHING:
        yield Section.LATE
    if ticket.escalation:
        yield Section.ESCALATED
    if one.left is not None and not waits and one.left <= left_today:
        yield Section.TODAY
    if came_at > since:
        yield Section.NEW
    if ticket.status in _MAY_BE_SILENT and _is_silent(ticket, policy, now):
        yield Section.SILENT


def _is_silent(ticket: Queued, policy: Policy, now: datetime) -> bool:
    calendar = policy.calendars.of(ticket.unit)
    return add_working_days(calendar, ticket.updated_at, SILENT_DAYS) <= now
