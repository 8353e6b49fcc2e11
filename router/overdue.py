"""Which steps of a ticket's clock are due, and what the clock is after them.

Rule: steps that fell due while nobody looked are one step for each who is told, the last of them;
who comes next has his own time from then on. A ticket that is not due yet has nothing to do.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.decision import Policy
from router.ticket import Ticket
from router.timers import Process, Step
from router.timing import may_tell, next_due, next_step, told
from router.working_time import add_working, add_working_days, next_working

LATE_START = timedelta(hours=1)  # a step that is done later than this moves those behind it


@dataclass(frozen=True, slots=True)
class Overdue:
    """The step to do: its row, how many are done with it, and when the last of them was due.

    `together` counts the steps that have become this one, because nobody did them in their time.
    """

    process: Process
    step: Step
    steps: int
    due_at: datetime
    together: int


def overdue(ticket: Ticket, policy: Policy, now: datetime) -> Overdue | None:
    """Return what is due of a ticket's clock, None when nothing is.

    Several steps that tell the same person are one, the last of them. A step that tells somebody
    else waits for its own time, which then counts from this one: nobody is skipped. What fell due
    while nobody looked is not done at night either.
    """
    timing, found = ticket.timing, None
    while timing is not None:
        at, coming = next_due(ticket, timing, policy), next_step(timing, policy)
        if at is None or at > now or coming is None:
            break
        if found is None and may_tell(told(ticket, coming[1], policy), policy, now) > now:
            break
        if found is not None and found.step.whom is not coming[1].whom:
            break
        found = Overdue(*coming, timing.steps + 1, at, found.together + 1 if found else 1)
        timing = replace(timing, steps=timing.steps + 1, base=at)
    return found


def stepped(ticket: Ticket, done: Overdue, now: datetime) -> Ticket:
    """Return a ticket after a step; those behind it count from when it was due.

    From now, if it is done more than an hour late.
    """
    if ticket.timing is None:
        return ticket
    base = done.due_at if now - done.due_at <= LATE_START else now
    return replace(ticket, timing=replace(ticket.timing, steps=done.steps, base=base))


def closes_at(policy: Policy, since: datetime) -> datetime | None:
    """Return when a ticket that is solved at `since` will be closed, None for never."""
    for step in policy.steps[Process.SOLVED]:
        calendar = policy.calendars.default
        if step.days:
            return add_working_days(calendar, since, step.days)
        return next_working(calendar, add_working(calendar, since, step.time))
    return None
