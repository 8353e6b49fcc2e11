"""The daily digest of a support unit: one mail at the beginning of its working day, or none.

Rule: a step says when it was last made, and keeps itself for the beginning of the next working day
after that in which it is done. So there is one for each unit and working day, however late it is
done; days that nobody was there for are in the next one. When there is nothing to say there is no
mail. First line also sees the whole federation. Sources: EOSC-RULES (docs/sources.md);
docs/desk.md.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import chain

from parsers.text import folded
from router.addresses import LANE_REST
from router.decision import Decision, Due, Facts, Outgoing, Policy, Reminder
from router.queued import Place, Section, Standing, Tally, UnitDesk
from router.queues import waits_for
from router.routing import first_line
from router.words import Audience, MailKind, Outcome, Role
from router.working_time import next_day_begins, next_working

STEP = "unit-digest"
UNITS_LISTED = 50
_HOUR = timedelta(hours=1)


def step_detail(unit: str, since: datetime) -> str:
    """Return what a step is kept with: when the unit's last digest was made, and the unit."""
    return f"{since.isoformat()} {unit}"


def read_detail(detail: str) -> tuple[datetime, str]:
    """Return the moment and the unit; raises ValueError."""
    since, _, unit = detail.partition(" ")
    return datetime.fromisoformat(since), unit


def wants_digest(unit: str, policy: Policy) -> bool:
    """Whether a unit gets a digest."""
    return policy.digest and folded(unit) not in policy.no_digest


def kept_until(unit: str, since: datetime, policy: Policy, now: datetime) -> datetime:
    """Return when the digest after the one of `since` is due, by the unit's calendar of today."""
    calendar = policy.calendars.of(unit)
    return next_working(calendar, max(next_day_begins(calendar, since), now))


def unit_digest(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell a unit of its day, and keep the next one; `due.desk` is what stands there."""
    _, unit = read_detail(due.detail)
    if not wants_digest(unit, policy):
        return (Decision(Outcome.COMMAND, ()),)
    calendar = policy.calendars.of(unit)
    begins = next_working(calendar, now)
    if begins > now:  # a holiday by now, or we come back in the night
        again = Reminder(STEP, begins, per_ticket=False, detail=due.detail)
        return (Decision(Outcome.COMMAND, (), reminders=(again,)),)
    detail = step_detail(unit, now)
    coming = Reminder(STEP, next_day_begins(calendar, now), per_ticket=False, detail=detail)
    mails: tuple[Outgoing, ...] = ()
    if due.desk is not None and says_anything(due.desk):
        mails = _mails(due.desk, facts, policy, now)
    return (Decision(Outcome.COMMAND, (), outgoing=mails, reminders=(coming,)),)


def says_anything(desk: UnitDesk) -> bool:
    """Whether there is anything to tell."""
    listed = any(section.total for section in desk.sections.values())
    return listed or any(tally.places[Place.RED] for tally in desk.elsewhere)


def _mails(desk: UnitDesk, facts: Facts, policy: Policy, now: datetime) -> tuple[Outgoing, ...]:
    rows = list(_listed(desk))
    values: Mapping[str, object] = {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "unit": desk.unit,
        "since": desk.since.isoformat(timespec="seconds"),
        "total": desk.tally.total,
        "waiting": desk.tally.waiting,
        "places": [
            {"place": str(place), "number": desk.tally.places[place]}
            for place in Place
            if desk.tally.places[place]
        ],
        "sections": [
            {"title": str(name), "total": section.total}
            for name, section in desk.sections.items()
            if section.total
        ],
        "tickets": [{"section": str(section), **_row(one, policy, now)} for section, one in rows],
        "units": [_unit(one) for one in _worst(desk.elsewhere)],
    }
    lists = tuple((one.ticket.number, _role(one, desk)) for _, one in rows)
    return tuple(
        Outgoing(
            MailKind.UNIT_DIGEST, Audience.UNIT, address, values, token=None, lists=lists,
            lane=LANE_REST,
        )
        for address in _addresses(desk.unit, facts, policy)
    )  # fmt: skip


def _listed(desk: UnitDesk) -> Iterable[tuple[Section, Standing]]:
    return chain.from_iterable(
        ((name, one) for one in section.kept) for name, section in desk.sections.items()
    )


def _row(one: Standing, policy: Policy, now: datetime) -> Mapping[str, object]:
    ticket = one.ticket
    return {
        "ticket": ticket.number,
        "subject": ticket.subject[: policy.subject_chars] or "(no subject)",
        "status": f"held: {ticket.held}" if ticket.held else str(ticket.status),
        "priority": str(ticket.priority),
        "unit": ticket.unit,
        "site": ticket.site,
        "age_days": max(0, (now - ticket.opened_at).days),
        "left": _left(one.left),
        "waits_for": waits_for(ticket),
        "escalation": ticket.escalation,
    }


def _left(left: timedelta | None) -> str:
    """Return how near the limit is, as words of working hours."""
    if left is None:
        return ""
    hours = abs(left) / _HOUR
    said = f"{hours:.0f} h" if hours >= 1 else f"{hours * 60:.0f} min"
    return f"{said} past the limit" if left < timedelta() else f"{said} left"


def _worst(elsewhere: Iterable[Tally]) -> list[Tally]:
    """Return the units that are late, or have escalated tickets, the latest first."""
    late = [one for one in elsewhere if one.places[Place.RED] or one.escalated]
    return sorted(late, key=lambda one: (-one.places[Place.RED], one.unit))[:UNITS_LISTED]


def _unit(one: Tally) -> Mapping[str, object]:
    return {
        "unit": one.unit,
        "open": one.total,
        "red": one.places[Place.RED],
        "escalated": one.escalated,
    }


def _role(one: Standing, desk: UnitDesk) -> Role:
    """Return as what the unit takes part; first line has joined others' tickets."""
    return Role.SUPPORTER if one.ticket.unit == desk.unit else Role.INVOLVED


def _addresses(unit: str, facts: Facts, policy: Policy) -> tuple[str, ...]:
    if unit == policy.first_line:
        found = first_line(facts.registry, policy, ()).unit_addresses
    else:
        known = facts.registry.find_unit(unit)
        found = known.addresses if known is not None else ()
    others = {one.lower(): one for one in found if not policy.addresses.is_ours(one)}
    return tuple(others.values())
