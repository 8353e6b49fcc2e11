"""Who takes part: `Cc:`, `Involve:`, `Subscribe:`, `Unsubscribe:`, and `Notification:`.

Nobody but a supporter brings somebody else in, and nobody changes what another one gets.
Source: EGI-STAFF, EGI-USER (docs/sources.md), who gets what.
"""

from dataclasses import replace

from parsers.addresses import mailboxes
from parsers.block import Field
from router.people import same_address
from router.steering import Steering
from router.ticket import Change, Participant
from router.words import Notify, Role

OWN = frozenset({Role.SUBMITTER, Role.CC, Role.SUBSCRIBER})  # rows that a person may set
PERSONAL = frozenset({"subscriber", "notification", "remind on"})  # nobody else's business


def copy(steering: Steering, line: Field) -> Steering:
    """Bring people in who read all public comments."""
    return _bring(steering, line, Role.CC, "cc")


def involve(steering: Steering, line: Field) -> Steering:
    """Bring people in who read what supporters read, internal notes too."""
    known = mailboxes(line.value, str)
    if any(same_address(one.address, steering.ticket.submitter) for one in known):
        return steering.refused(line.line, "the submitter reads no internal notes.")
    return _bring(steering, line, Role.INVOLVED, "involved")


def subscribe(steering: Steering, line: Field) -> Steering:
    """Let the sender hear of the ticket, at their own address."""
    mode = _mode(line.value) or Notify.ON_SOLUTION
    if line.value.lower() not in {"", "yes", *Notify}:
        return steering.refused(line.line, f"allowed are: yes, {', '.join(Notify)}.")
    if _mine(steering):
        return steering.refused(line.line, "you hear of this ticket already.")
    me = Participant(Role.SUBSCRIBER, steering.me, mode=mode)
    return _noted(steering.with_people(me), "subscriber", "", steering.me)


def unsubscribe(steering: Steering, line: Field) -> Steering:
    """Let the sender hear nothing more; its submitter is always told of the solution."""
    mine = [one for one in _mine(steering) if one.role is not Role.SUBMITTER]
    if not mine:
        is_submitter = bool(_mine(steering))
        why = 'its submitter may write "Notification: on solution".' if is_submitter else ""
        return steering.refused(line.line, why or f"{steering.me} is not subscribed to it.")
    steering = replace(steering, leaves=(*steering.leaves, *mine))
    return _noted(steering, "subscriber", steering.me, "")


def notification(steering: Steering, line: Field) -> Steering:
    """Change how much the sender is told."""
    mode = _mode(line.value)
    mine = _mine(steering)
    if mode is None:
        return steering.refused(line.line, f"allowed are: {', '.join(Notify)}.")
    if not mine:
        return steering.refused(line.line, f"{steering.me} is not subscribed to it.")
    old = str(mine[0].mode)
    changed = tuple(replace(one, mode=mode) for one in mine if one.mode is not mode)
    steering = replace(steering, joins=(*steering.joins, *changed))
    return _noted(steering, "notification", old, str(mode))


def _bring(steering: Steering, line: Field, role: Role, field: str) -> Steering:
    boxes = mailboxes(line.value.replace(";", ","), str)
    good = [box for box in boxes if _is_address(box.address)]
    if not good or len(good) < len(boxes):
        return steering.refused(line.line, "it takes addresses, with commas between them.")
    if any(steering.policy.addresses.is_ours(box.address) for box in good):
        return steering.refused(line.line, "the helpdesk's own addresses take part anyway.")
    there = [one for one in (*steering.ticket.participants, *steering.joins) if one.role is role]
    new = [
        Participant(role, box.address, box.name)
        for box in good
        if not any(same_address(box.address, one.address) for one in there)
    ]
    if len(there) + len(new) > steering.policy.max_cc:
        return steering.refused(line.line, f"a ticket takes {steering.policy.max_cc} of them.")
    names = ", ".join(one.address for one in new)
    return _noted(steering.with_people(*new), field, "", names)


def _noted(steering: Steering, field: str, old: str, new: str) -> Steering:
    change = (Change(field, old, new),) if old != new else ()
    return replace(steering, changes=(*steering.changes, *change))


def _mine(steering: Steering) -> list[Participant]:
    people = steering.ticket.participants
    return [
        one
        for one in people
        if one.role in OWN and one.verified and same_address(one.address, steering.me)
    ]


def _mode(value: str) -> Notify | None:
    folded = " ".join(value.lower().split())
    return next((one for one in Notify if one.value == folded), None)


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at and local and "." in domain and not set(text) & set(" <>()"))
