"""The clock's steps: what is done and said when the next step of some tickets has fallen due.

Rule: all tickets that are due for one reader are looked at together, so he gets one mail: about the
ticket if it is one, a list if there are several. Steps that fell due while nobody looked are one
step, the last of those that tell the same person. What has moved meanwhile, by a mail or by another
calendar, is due again when its time has come. Closing is told to nobody: the solution announced it.
Sources: EGI-WAITING, EGI-PT-WAITING, EGI-STAFF (docs/sources.md); docs/clock.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.addresses import LANE_REST
from router.decision import Decision, Due, Facts, Outgoing, Policy
from router.notices import Story
from router.people import GETS
from router.routing import first_line
from router.ticket import Change, Participant, Ticket, TicketEvent
from router.timers import Process, Step, Whom
from router.timing import next_due, next_step, stepped
from router.words import US, Audience, EventKind, MailKind, Outcome, Reason, Role, Status

TICK = "tick"
MAX_LISTED = 100
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Notice:
    """One ticket's step for one reader."""

    reader: Participant
    story: Story
    reason: Reason


def tick(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Do the steps that are due of the tickets of one reader, `facts.listed`."""
    del due
    decisions: list[Decision] = []
    notices: list[list[_Notice]] = []
    for ticket in facts.listed:
        decision, told = _step(ticket, facts, policy, now)
        decisions.append(decision)
        notices.append(told)
    busy = _with_several(notices)
    for at, told in enumerate(notices):
        mails = tuple(
            one.story.to(one.reader, MailKind.REMINDER, LANE_REST)
            for one in told
            if one.reader.address.lower() not in busy
        )
        decisions[at] = replace(decisions[at], outgoing=mails)
    lists = tuple(_list(of, policy) for of in busy.values())
    if lists or not decisions:
        decisions.append(Decision(Outcome.COMMAND, (), outgoing=lists))
    return tuple(decisions)


def _step(
    ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, list[_Notice]]:
    """Return what a ticket's next step does, and whom it tells; nothing before its time."""
    as_it_was = Decision(Outcome.COMMAND, (), ticket=ticket)
    found = _overdue(ticket, policy, now)
    if ticket.held is not None or found is None:
        return as_it_was, []
    process, step, done = found
    changed = stepped(ticket, done, now)
    if step.whom is Whom.CLOSE:
        return _close(ticket, now), []
    reason, why = _says(process, step, changed, policy)
    people = _people(step.whom, ticket, facts, policy)
    names = ", ".join(one.address for one in people) or "nobody: no address is known"
    event = TicketEvent(
        EventKind.REMINDED,
        US,
        now,
        f"{why} Told: {names}.",
        internal=step.whom is not Whom.SUBMITTER,
        reasons=(reason,),
    )
    shown = replace(event, text="", by="", internal=False)
    story = Story(changed, shown, policy, why=why)
    there = {(one.role, one.address.lower()) for one in ticket.participants}
    joins = tuple(one for one in people if (one.role, one.address.lower()) not in there)
    decision = Decision(Outcome.COMMAND, (reason,), ticket=changed, joins=joins, events=(event,))
    return decision, [_Notice(one, story, reason) for one in people]


def _overdue(ticket: Ticket, policy: Policy, now: datetime) -> tuple[Process, Step, int] | None:
    """Return the step to do and how many are done with it; None when none is due."""
    timing, found = ticket.timing, None
    while timing is not None:
        at, coming = next_due(ticket, timing, policy), next_step(timing, policy)
        if at is None or at > now or coming is None:
            break
        if found is not None and found[1].whom is not coming[1].whom:
            break
        found = (*coming, timing.steps + 1)
        timing = replace(timing, steps=timing.steps + 1, base=at)
    return found


def _close(ticket: Ticket, now: datetime) -> Decision:
    closed = replace(ticket, status=Status.CLOSED, updated_at=now)
    reasons = (Reason.NOT_VERIFIED,)
    changes = (Change("status", str(ticket.status), str(Status.CLOSED)),)
    event = TicketEvent(EventKind.CLOSED, US, now, changes=changes, reasons=reasons)
    return Decision(Outcome.COMMAND, reasons, ticket=closed, events=(event,))


def _people(whom: Whom, ticket: Ticket, facts: Facts, policy: Policy) -> tuple[Participant, ...]:
    """Return who is told by a step: never an address of ours, each address once."""
    if whom is Whom.FIRST_LINE:
        desk = first_line(facts.registry, policy, ())
        found = [Participant(Role.INVOLVED, one, desk.unit) for one in desk.unit_addresses]
    else:
        role = Role.SUBMITTER if whom is Whom.SUBMITTER else Role.SUPPORTER
        found = [one for one in ticket.participants if one.role is role and one.verified]
    ours = policy.addresses.is_ours
    return tuple({one.address.lower(): one for one in found if not ours(one.address)}.values())


def _says(process: Process, step: Step, ticket: Ticket, policy: Policy) -> tuple[Reason, str]:
    """Return why somebody is told, as a reason and as sentences for the reader."""
    timing = ticket.timing
    since = timing.status_since if timing is not None else ticket.updated_at
    came = timing.unit_since if timing is not None else ticket.updated_at
    unit = ticket.support_unit
    if process is Process.WAITING and step.whom is Whom.SUBMITTER:
        return Reason.STILL_WAITING, (
            f"{unit} needs an answer from you to go on with ticket #{ticket.number}, and has asked"
            f" on {since:%d %B %Y}."
        )
    if process is Process.WAITING:
        return Reason.A_PERSON_LOOKS, (
            f"{ticket.submitter} has been asked on {since:%d %B %Y} and reminded, and has not"
            ' answered. Please look at it: if nothing is left to do, answer with "Status:'
            ' unsolved" and the reason.'
        )
    taken = "Nobody has taken" if process is Process.RESPONSE else "Nobody has solved"
    if step.whom is Whom.FIRST_LINE:
        return Reason.A_PERSON_LOOKS, (
            f"{taken} ticket #{ticket.number}, which came to {unit} on {came:%d %B %Y}, though"
            f" {unit} was reminded. Please look at it: the clock does nothing more."
        )
    if not step.percent:
        return Reason.NOBODY_TOOK_IT, (
            f"{taken} ticket #{ticket.number}, which came to {unit} on {came:%d %B %Y}."
        )
    limit = policy.limits.of(unit).limit(ticket.status, ticket.priority) or timedelta()
    hours = f"{limit / HOUR:g} working hours"
    if step.percent < 100:
        return Reason.NEAR_THE_LIMIT, (
            f"{taken} ticket #{ticket.number} yet, and {step.percent} % of the time for it"
            f" ({hours}) have passed."
        )
    return Reason.LIMIT_PASSED, (
        f"{taken} ticket #{ticket.number}, and the time for it ({hours}) has passed."
    )


def _with_several(notices: Sequence[Sequence[_Notice]]) -> Mapping[str, list[_Notice]]:
    """Return, by address, the notices of those who would get more than one mail."""
    by_address: dict[str, list[_Notice]] = defaultdict(list)
    for told in notices:
        for one in told:
            by_address[one.reader.address.lower()].append(one)
    return {address: found for address, found in by_address.items() if len(found) > 1}


def _list(notices: Sequence[_Notice], policy: Policy) -> Outgoing:
    """Return one mail about several tickets; each has a reply address of its own in it."""
    reader = notices[0].reader
    audience = GETS[reader.role].audience
    values: Mapping[str, object] = {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "total": len(notices),
        "mine": audience is Audience.SUBMITTER,
        "tickets": [
            {
                "ticket": one.story.ticket.number,
                "subject": one.story.ticket.subject[: policy.subject_chars] or "(no subject)",
                "status": str(one.story.ticket.status),
                "priority": str(one.story.ticket.priority),
                "unit": one.story.ticket.support_unit,
                "site": one.story.ticket.notified_site,
                "opened_at": one.story.ticket.opened_at.isoformat(timespec="seconds"),
                "why": one.story.why,
                "reason": str(one.reason),
            }
            for one in notices[:MAX_LISTED]
        ],
    }
    lists = tuple((one.story.ticket.number, one.reader.role) for one in notices[:MAX_LISTED])
    return Outgoing(
        MailKind.REMINDER_DIGEST,
        audience,
        reader.address,
        values,
        token=None,
        lists=lists,
        lane=LANE_REST,
    )
