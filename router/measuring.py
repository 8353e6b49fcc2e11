"""How much working time has passed on a ticket's clock, and what is measured when it ends.

Rule: the response is measured from when a ticket came to its unit, was opened again, or came back
untaken; the solution from when it came to the unit, without the time in which its submitter was
waited for. What is measured is never changed afterwards. The priority is the first one.
Sources: EGI-REPORTS, EGI-QOS (docs/sources.md); docs/clock.md.
"""

from datetime import datetime, timedelta

from router.decision import Policy
from router.limits import UNTAKEN
from router.ticket import Period, Ticket, Timing
from router.words import CLOSED, OPEN, Measure, Status
from router.working_time import working_between


def worked(timing: Timing, policy: Policy, now: datetime) -> timedelta:
    """Return the working time of the limit that holds now: of the response, or of the solution.

    What a ticket waited for its submitter does not count; nothing counts while it waits.
    """
    calendar = policy.calendars.of(timing.unit)
    if timing.status in UNTAKEN or timing.taken_at is None:
        return working_between(calendar, timing.status_since, now)
    end = timing.status_since if timing.status is Status.WAITING else now
    since = working_between(calendar, timing.taken_at, end)
    return max(timedelta(), since - (timing.waited - timing.waited_before))


def ended(ticket: Ticket, old: Timing, policy: Policy, now: datetime) -> tuple[Period, ...]:
    """Return what has ended: the unit's response, the ticket's solution; or that it is reopened."""
    found: list[Period] = []
    limits, calendar = policy.limits.of(old.unit), policy.calendars.of(old.unit)
    gone = old.unit != ticket.support_unit
    if old.status in UNTAKEN and (gone or ticket.status not in UNTAKEN):
        lasted = worked(old, policy, now)
        limit = limits.response.get(old.priority)
        late = limit is not None and lasted > limit
        found.append(Period(Measure.RESPONSE, old.unit, old.status_since, now, lasted, late=late))
    if ticket.status in CLOSED and old.status in OPEN:
        waited = old.waited
        if old.status is Status.WAITING:
            waited += waited_now(old, policy, now)
        limit = limits.solution.get(old.priority)
        taken = old.taken_at is not None
        late = limit is not None and taken and worked(old, policy, now) > limit
        measure = Measure.SOLUTION if ticket.status is Status.SOLVED else Measure.UNSOLVED
        since_unit = working_between(calendar, old.unit_since, now)
        lasted = max(timedelta(), since_unit - waited)
        found.append(Period(measure, old.unit, old.unit_since, now, lasted, waited, late))
    if ticket.status is Status.REOPENED and old.status is not Status.REOPENED:
        found.append(Period(Measure.REOPENING, ticket.support_unit, now, now))
    return tuple(found)


def waited_now(old: Timing, policy: Policy, now: datetime) -> timedelta:
    """Return the working time in which a ticket has waited for its submitter since it was set."""
    return working_between(policy.calendars.of(old.unit), old.status_since, now)
