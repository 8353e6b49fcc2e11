"""When the next step of a ticket's clock falls due, and what is measured when a part of it ends.

Rule: `retime` is called for every ticket that is written, so no change can forget the clock. It
compares the ticket with the timing that it carries: another unit, another status, held or let go.
Working time is that of the responsible unit; reminders to submitters and the end of a solved ticket
are counted by the helpdesk's own hours. Nothing falls due outside the hours of who is told.
Sources: EGI-QOS, EGI-PRIORITY, EGI-REPORTS, EGI-WAITING (docs/sources.md); docs/clock.md.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from router.calendars import Calendar
from router.decision import Decision, Policy
from router.limits import UNTAKEN, Colour, colour_of
from router.measuring import ended, waited_now, worked
from router.ticket import Period, Ticket, Timing
from router.timers import BY_THE_UNITS_CALENDAR, PROCESS_OF, Process, Step, Whom
from router.words import Status
from router.working_time import add_working, add_working_days, next_working


def timed(decision: Decision, policy: Policy, now: datetime) -> Decision:
    """Return a decision whose ticket has its clock set, with what was measured."""
    if decision.ticket is None:
        return decision
    timing, periods = retime(decision.ticket, policy, now)
    ticket = replace(decision.ticket, timing=timing)
    return replace(decision, ticket=ticket, periods=(*decision.periods, *periods))


def retime(
    ticket: Ticket, policy: Policy, now: datetime
) -> tuple[Timing | None, tuple[Period, ...]]:
    """Return the clock of a ticket as it is now, and the periods that have ended with it."""
    old = ticket.timing
    if ticket.held is not None:
        return None, ()
    if old is None:
        return _set(ticket, _begun(ticket, now), policy, now), ()
    if old.status is ticket.status and old.unit == ticket.support_unit:
        return _set(ticket, old, policy, now), ()
    periods = ended(ticket, old, policy, now)
    return _set(ticket, _moved(ticket, old, policy, now), policy, now), periods


def not_ahead(timing: Timing, now: datetime) -> Timing:
    """Return a clock on which nothing has happened later than now.

    What was written while the machine's clock was years ahead would else be forgotten for years.
    """
    return replace(
        timing,
        unit_since=min(timing.unit_since, now),
        status_since=min(timing.status_since, now),
        base=min(timing.base, now),
        taken_at=min(timing.taken_at, now) if timing.taken_at is not None else None,
    )


def next_due(ticket: Ticket, timing: Timing, policy: Policy) -> datetime | None:
    """Return when the next step of a ticket's process falls due, None for never."""
    return _due(ticket, timing, policy).due_at


def may_tell(name: str, policy: Policy, now: datetime) -> datetime:
    """Return when whoever is due to be told may be: now, or when his work begins again.

    `name` is that of `Timing.due_for`.
    """
    return next_working(_hours(name, policy), now)


def next_step(timing: Timing, policy: Policy) -> tuple[Process, Step] | None:
    """Return the next step and its process, None at the end of it."""
    process = PROCESS_OF.get(timing.status)
    if process is None or timing.steps >= len(policy.steps[process]):
        return None
    return process, policy.steps[process][timing.steps]


def colour(ticket: Ticket, policy: Policy, now: datetime) -> Colour:
    """Return the colour of a ticket; green while it is held."""
    limits = policy.limits.of(ticket.support_unit)
    return colour_of(limits, ticket.status, ticket.priority, worked_of(ticket.timing, policy, now))


def worked_of(timing: Timing | None, policy: Policy, now: datetime) -> timedelta:
    """Return the working time of the limit that holds now; none where there is no clock."""
    return worked(timing, policy, now) if timing is not None else timedelta()


def _begun(ticket: Ticket, now: datetime) -> Timing:
    return Timing(
        ticket.status,
        ticket.support_unit,
        ticket.priority,
        unit_since=now,
        status_since=now,
        base=now,
        taken_at=None if ticket.status in UNTAKEN else now,
    )


def _moved(ticket: Ticket, old: Timing, policy: Policy, now: datetime) -> Timing:
    """Return the clock of a ticket that has another unit or status.

    Being given to a person is no answer: the clock of the response goes on. Another unit, and being
    opened again, let all begin anew; coming back untaken, the response does.
    """
    is_new = old.unit != ticket.support_unit or ticket.status is Status.REOPENED
    if not is_new and old.status in UNTAKEN and ticket.status in UNTAKEN:
        return replace(old, status=ticket.status)
    timing = replace(
        old, status=ticket.status, unit=ticket.support_unit, status_since=now, base=now, steps=0
    )
    nothing = timedelta()
    if is_new:
        timing = replace(
            timing, unit_since=now, taken_at=None, waited=nothing, waited_before=nothing
        )
    elif old.status is Status.WAITING:
        timing = replace(timing, waited=old.waited + waited_now(old, policy, now))
    if ticket.status in UNTAKEN:
        return replace(timing, taken_at=None)
    if timing.taken_at is None:
        timing = replace(timing, taken_at=now, waited_before=timing.waited)
    return replace(timing, steps=_steps_behind(ticket, timing, policy, now))


def _steps_behind(ticket: Ticket, timing: Timing, policy: Policy, now: datetime) -> int:
    """Return how many shares of the limit are behind a ticket that comes back to be worked on."""
    process = PROCESS_OF.get(timing.status)
    limit = policy.limits.of(timing.unit).limit(timing.status, ticket.priority)
    if process is not Process.SOLUTION or limit is None:
        return 0
    done, behind = worked(timing, policy, now), 0
    for step in policy.steps[process]:
        if not step.percent or done * 100 < limit * step.percent:
            break
        behind += 1
    return behind


def _set(ticket: Ticket, timing: Timing, policy: Policy, now: datetime) -> Timing:
    """Return the clock with its next step; one that was missed waits for its reader's hours."""
    timing = _due(ticket, timing, policy)
    if timing.due_at is None or timing.due_at > now:
        return timing
    later = may_tell(timing.due_for, policy, now)
    return replace(timing, due_at=later) if later > now else timing


def _due(ticket: Ticket, timing: Timing, policy: Policy) -> Timing:
    """Return the clock with the time at which its next step falls due."""
    found = next_step(timing, policy)
    if found is None:
        return replace(timing, due_at=None, due_for="")
    process, step = found
    calendar = policy.calendars.default
    if process in BY_THE_UNITS_CALENDAR:
        calendar = policy.calendars.of(timing.unit)
    at = _falls_due(ticket, timing, step, policy, calendar)
    if at is None:
        return replace(timing, due_at=None, due_for="")
    name = told(ticket, step, policy)
    return replace(timing, due_at=next_working(_hours(name, policy), at), due_for=name)


def _hours(name: str, policy: Policy) -> Calendar:
    """Return by whose hours somebody is told: a unit's own, the helpdesk's for all others."""
    return policy.calendars.default if "@" in name or not name else policy.calendars.of(name)


def _falls_due(
    ticket: Ticket, timing: Timing, step: Step, policy: Policy, calendar: Calendar
) -> datetime | None:
    if step.days:
        return add_working_days(calendar, timing.base, step.days)
    if step.time:
        return add_working(calendar, timing.base, step.time)
    limit = policy.limits.of(timing.unit).limit(timing.status, ticket.priority)
    if limit is None:
        return None
    share = limit * step.percent / 100
    if timing.status in UNTAKEN:
        return add_working(calendar, timing.status_since, share)
    before = worked(timing, policy, timing.status_since)
    return add_working(calendar, timing.status_since, max(timedelta(), share - before))


def told(ticket: Ticket, step: Step, policy: Policy) -> str:
    """Return whose hours count for a step, and whose mails are gathered: `Timing.due_for`."""
    if step.whom is Whom.SUBMITTER:
        return ticket.submitter.lower()
    return {Whom.UNIT: ticket.support_unit, Whom.FIRST_LINE: policy.first_line}.get(step.whom, "")
