"""The lines `Assign to:` and `Notified site:`: who is responsible for a ticket, and which site.

A ticket that goes to another unit or site is told there as a new one is, with all that was said;
those who had it hear that it has gone. For an alarm `router.paging` then calls its old site off.
Source: EGI-STAFF (docs/sources.md): the notified site of a TEAM or ALARM ticket stays.
"""

from dataclasses import replace

from parsers.addresses import mailboxes
from parsers.block import Field
from parsers.roster import exact_address
from router.acting import SHARED
from router.lines.status import moved
from router.people import same_address, unit_of
from router.routing import Wish, route
from router.steering import Steering
from router.ticket import Participant
from router.transitions import TRANSITIONS
from router.words import CLOSED, Reason, Role, Status

NOBODY = frozenset({"nobody", "none"})
MAX_NAMES = 30


def assign(steering: Steering, line: Field) -> Steering:
    """Give the ticket to a unit, or inside its unit to a person."""
    if steering.ticket.status in CLOSED:
        return steering.refused(line.line, 'please reopen it first, with "Status: reopened".')
    wanted = line.value.strip()
    if wanted.lower() in NOBODY:
        return _to_person(steering, "")
    if wanted.lower() == "me" and steering.me:
        wanted = steering.me
    elif wanted.lower() == "me":
        return steering.refused(line.line, "please give the address of a supporter.")
    if "@" in wanted:
        boxes = mailboxes(wanted, str)
        return _person(steering, line, boxes[0].address if len(boxes) == 1 else wanted)
    unit = steering.facts.registry.find_unit(wanted)
    if unit is None:
        to = route(Wish(unit=wanted), steering.facts.registry, steering.policy)[0]
        why = " ".join(to.notes) if wanted else f"known are: {_units(steering)}."
        return steering.refused(line.line, why)
    if unit.name == steering.ticket.support_unit:
        return steering.refused(line.line, f"{unit.name} has it already.")
    to = route(Wish(unit=unit.name), steering.facts.registry, steering.policy)[0]
    old = steering.ticket
    site = tuple(one.address for one in old.participants if one.role is Role.SITE)
    to = replace(to, site=old.notified_site, contacts=site)
    ticket = replace(old, support_unit=unit.name)
    steering = steering.changed("responsible unit", ticket, old.support_unit, unit.name)
    new = unit_of(replace(to, contacts=()))
    steering = _handed_over(_to_person(steering, ""), {Role.SUPPORTER}, new)
    return _assigned(replace(steering, to=to))


def notify_site(steering: Steering, line: Field) -> Steering:
    """Notify a site, another one or the first; its ROC becomes responsible."""
    old = steering.ticket
    if old.kind in SHARED:
        return steering.refused(line.line, f"{old.kind} tickets keep their site.")
    if old.status in CLOSED:
        return steering.refused(line.line, 'please reopen it first, with "Status: reopened".')
    if not line.value:
        return steering.refused(line.line, "please name one site.")
    to = route(Wish((line.value,)), steering.facts.registry, steering.policy)[0]
    if not to.site:
        why = " ".join(to.notes) or "please name one site."
        return steering.refused(line.line, why)
    if to.site == old.notified_site:
        return steering.refused(line.line, f"{to.site} is notified already.")
    ticket = replace(old, notified_site=to.site)
    steering = steering.changed("notified site", ticket, old.notified_site, to.site)
    ticket = replace(steering.ticket, support_unit=to.unit)
    steering = steering.changed("responsible unit", ticket, old.support_unit, to.unit)
    steering = _to_person(steering, "") if to.unit != old.support_unit else steering
    steering = replace(steering, notes=(*steering.notes, *to.notes))
    gone = {Role.SITE, Role.SUPPORTER} if to.unit != old.support_unit else {Role.SITE}
    return _assigned(replace(_handed_over(steering, gone, unit_of(to)), to=to))


def _person(steering: Steering, line: Field, address: str) -> Steering:
    registry, ticket = steering.facts.registry, steering.ticket
    unit = registry.find_unit(ticket.support_unit)
    known = {exact_address(one): one for one in (unit.supporters if unit else ())}
    rows = steering.facts.roster.with_address(address)
    known |= {exact_address(address): address for one in rows if "support" in one.roles}
    found = known.get(exact_address(address))
    if found is None:
        names = ", ".join(list(known.values())[:MAX_NAMES])
        who = f"supporters of {ticket.support_unit} who are registered here"
        why = f"allowed are {who}: {names}." if names else f"there are no {who}."
        return steering.refused(line.line, why)
    steering = _to_person(steering, found)
    return steering.with_people(Participant(Role.SUPPORTER, found, ticket.support_unit))


def _to_person(steering: Steering, address: str) -> Steering:
    old = steering.ticket.assigned_to
    changed = steering.changed(
        "assigned person", replace(steering.ticket, assigned_to=address), old, address
    )
    unit = steering.facts.registry.find_unit(steering.ticket.support_unit)
    is_list = bool(unit) and any(same_address(old, one) for one in unit.addresses)  # type: ignore[union-attr] # there is one
    gone = [
        one
        for one in steering.ticket.participants
        if one.role is Role.SUPPORTER and same_address(one.address, old) and not is_list
    ]
    return replace(changed, leaves=(*changed.leaves, *(gone if old != address else ())))


def _handed_over(steering: Steering, roles: set[Role], new: tuple[Participant, ...]) -> Steering:
    """Let those in the old unit, or at the old site, go, and the new ones join."""
    stay = {(one.role, one.address.lower()) for one in new}
    gone = [
        one
        for one in steering.ticket.participants
        if one.role in roles and (one.role, one.address.lower()) not in stay
    ]
    leaves = dict.fromkeys((*steering.leaves, *gone))
    return replace(steering, leaves=tuple(leaves)).with_people(*new)


def _assigned(steering: Steering) -> Steering:
    """Return it as the new unit finds it: assigned, whatever the old one had made of it."""
    steering = steering.because(Reason.BY_A_SUPPORTER if steering.me else Reason.BY_AN_OPERATOR)
    if (steering.ticket.status, Status.ASSIGNED) not in TRANSITIONS:
        return steering
    return moved(steering, Status.ASSIGNED)


def _units(steering: Steering) -> str:
    registry = steering.facts.registry
    names = [one.name for one in registry.units] + [one.name for one in registry.rocs]
    return ", ".join(names[:MAX_NAMES])
