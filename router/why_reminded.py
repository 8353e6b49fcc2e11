"""Why the clock reminds somebody, as a reason and as sentences for the reader.

Rule: a sentence says what has not happened, since when, and what happens next; it blames nobody.
"""

from datetime import timedelta

from router.decision import Policy
from router.overdue import Overdue
from router.ticket import Ticket
from router.timers import Process, Step, Whom
from router.words import Reason

HOUR = timedelta(hours=1)
DAY = "%-d %B %Y"


def why_reminded(found: Overdue, ticket: Ticket, policy: Policy) -> tuple[Reason, str]:
    """Return why somebody is told of a step; a reminder for several says so."""
    reason, why = _says(found, ticket, policy)
    if found.together > 1:
        why += f" {found.together} reminders have fallen due together; this is the one for all."
    return reason, why


def _says(found: Overdue, ticket: Ticket, policy: Policy) -> tuple[Reason, str]:
    process, step, timing = found.process, found.step, ticket.timing
    since = timing.status_since if timing is not None else ticket.updated_at
    came = timing.unit_since if timing is not None else ticket.updated_at
    unit = ticket.support_unit
    if process is Process.WAITING:
        return _waits(found, ticket, policy, f"{since:{DAY}}")
    taken = "Nobody has taken" if process is Process.RESPONSE else "Nobody has solved"
    if step.whom is Whom.FIRST_LINE and not step.percent:
        return Reason.A_PERSON_LOOKS, (
            f"{taken} ticket #{ticket.number}, which came to {unit} on {came:{DAY}}."
            f" Please look at it.{_end(found, policy)}"
        )
    if not step.percent:
        return Reason.NOBODY_TOOK_IT, (
            f"{taken} ticket #{ticket.number}, which came to {unit} on {came:{DAY}}."
        )
    limit = policy.limits.of(unit).limit(ticket.status, ticket.priority) or timedelta()
    hours = _said(limit)
    if step.percent < 100:
        return Reason.NEAR_THE_LIMIT, (
            f"{taken} ticket #{ticket.number} yet, and {step.percent} % of the time for it"
            f" ({hours}) have passed."
        )
    return Reason.LIMIT_PASSED, (
        f"{taken} ticket #{ticket.number}, and the time for it ({hours}) has passed."
    )


def _said(limit: timedelta) -> str:
    """Return a limit as words: whole minutes are said as such where they are no simple hours."""
    hours = f"{limit / HOUR:.4g}"
    if timedelta(hours=float(hours)) == limit:
        return f"{hours} working hours" if hours != "1" else "1 working hour"
    minutes = limit // timedelta(minutes=1)
    return f"{minutes} working minutes" if minutes != 1 else "1 working minute"


def _waits(found: Overdue, ticket: Ticket, policy: Policy, since: str) -> tuple[Reason, str]:
    unit = ticket.support_unit
    if found.step.whom is Whom.SUBMITTER:
        last = not any(one.whom is Whom.SUBMITTER for one in _behind(found, policy))
        return Reason.STILL_WAITING, (
            f"{unit} needs an answer from you to go on with ticket #{ticket.number}, and has asked"
            f" on {since}."
            + (" This is the last reminder: without an answer it may be given up." if last else "")
        )
    return Reason.A_PERSON_LOOKS, (
        f"{ticket.submitter} was asked on {since} about ticket #{ticket.number} and has not"
        " answered. Please look at it: if nothing is left to do, answer with"
        f' "Status: unsolved" and the reason.{_end(found, policy)}'
    )


def _end(found: Overdue, policy: Policy) -> str:
    return "" if _behind(found, policy) else " The clock does nothing more."


def _behind(found: Overdue, policy: Policy) -> tuple[Step, ...]:
    """Return the steps that come after this one."""
    return policy.steps[found.process][found.steps :]
