"""Who takes part: `Cc:`, `Involve:`, `Subscribe:`, `Unsubscribe:`, and `Notification:`.

Nobody but a supporter brings somebody else in, or takes out again who was brought in (`Cc:
-ADDRESS`); else nobody changes what another one gets. Everybody may leave.
Source: EGI-STAFF, EGI-USER (docs/sources.md), who gets what.
"""

from dataclasses import replace

from parsers.addresses import is_writable, mailboxes
from parsers.block import Field
from parsers.heard import Mailbox
from parsers.text import folded
from router.people import same_address
from router.steering import Steering
from router.ticket import Change, Participant
from router.words import Notify, Role

OWN = frozenset({Role.SUBMITTER, Role.CC, Role.SUBSCRIBER})  # rows that a person may set
LEAVING = frozenset({Role.CC, Role.SUBSCRIBER, Role.INVOLVED})  # and those that one may give up
MINUS = "-\u2010\u2011\u2012\u2013\u2212"  # what mail programs make of it
PERSONAL = frozenset({"subscriber", "notification", "remind on"})  # nobody else's business


def copy(steering: Steering, line: Field) -> Steering:
    """Bring people in who read all public comments."""
    return _bring(steering, line, Role.CC, "cc")


def involve(steering: Steering, line: Field) -> Steering:
    """Bring people in who read what supporters read, internal notes too."""
    if any(_is_submitter(steering, box) for box in mailboxes(line.value, str)):
        return steering.refused(line.line, "the submitter reads no internal notes.")
    return _bring(steering, line, Role.INVOLVED, "involved")


def subscribe(steering: Steering, line: Field) -> Steering:
    """Let the sender hear of the ticket, at their own address."""
    mode = _mode(line.value) or Notify.ON_SOLUTION
    if folded(line.value) not in {"", "yes", *Notify}:
        return steering.refused(line.line, f"allowed are: yes, {', '.join(Notify)}.")
    if _mine(steering, OWN | LEAVING):
        how = f'; "Notification: {mode}" says how much' if _mine(steering, OWN) else ""
        return steering.refused(line.line, f"you hear of this ticket already{how}.")
    me = Participant(Role.SUBSCRIBER, steering.me, mode=mode)
    return _noted(steering.with_people(me), "subscriber", "", steering.me)


def unsubscribe(steering: Steering, line: Field) -> Steering:
    """Let the sender hear nothing more; its submitter is always told of the solution."""
    if line.value.lower() not in {"", "yes"}:
        why = 'allowed is: yes. To take out somebody else, supporters write "Cc: -ADDRESS".'
        return steering.refused(line.line, why)
    mine = _mine(steering, LEAVING)
    if not mine:
        is_submitter = bool(_mine(steering, OWN))
        why = "its submitter always hears of the solution. "
        why += '"Notification: on solution" keeps changes without a word away.'
        why = why if is_submitter else ""
        return steering.refused(line.line, why or f"{steering.me} is not subscribed to it.")
    steering = replace(steering, leaves=(*steering.leaves, *mine))
    return _noted(steering, "subscriber", steering.me, "")


def notification(steering: Steering, line: Field) -> Steering:
    """Change how much the sender is told."""
    mode = _mode(line.value)
    mine = _mine(steering, OWN)
    if mode is None:
        return steering.refused(line.line, f"allowed are: {', '.join(Notify)}.")
    if not mine:
        how = f'"Subscribe: {mode}" does that'
        return steering.refused(line.line, f"{steering.me} is not subscribed to it; {how}.")
    old = str(mine[0].mode)
    changed = tuple(replace(one, mode=mode) for one in mine if one.mode is not mode)
    steering = replace(steering, joins=(*steering.joins, *changed))
    return _noted(steering, "notification", old, str(mode))


def _bring(steering: Steering, line: Field, role: Role, field: str) -> Steering:
    boxes = mailboxes(line.value.replace(";", ","), str)
    out = [_named(box) for box in boxes if _is_to_leave(box)]
    good = [box for box in boxes if not _is_to_leave(box)]
    each = (*out, *(box.address for box in good))
    if not boxes or '"@' in line.value or not all(map(is_writable, each)):
        why = 'it takes addresses, with commas between them; "-" before one takes it out.'
        return steering.refused(line.line, why)
    if any(steering.policy.addresses.is_ours(box.address) for box in good):
        return steering.refused(line.line, "the helpdesk's own addresses take part anyway.")
    if role is Role.CC and any(_is_submitter(steering, box) for box in good):
        return steering.refused(line.line, "the submitter hears of it anyway.")
    there = [one for one in (*steering.ticket.participants, *steering.joins) if one.role is role]
    gone = [one for one in there if any(same_address(one.address, name) for name in out)]
    if missing := [name for name in out if not any(same_address(name, g.address) for g in gone)]:
        was = f"{', '.join(missing)} was not brought in"
        names = ", ".join(one.address for one in there if one.verified) or "nobody"
        return steering.refused(line.line, f"{was}; those who were: {names}.")
    new = [
        Participant(role, box.address, box.name)
        for box in good
        if not any(same_address(box.address, one.address) for one in there)
    ]
    if len(there) - len(gone) + len(new) > steering.policy.max_cc:
        return steering.refused(line.line, f"a ticket takes {steering.policy.max_cc} of them.")
    steering = replace(steering, leaves=(*steering.leaves, *(one for one in gone if one.row)))
    old, names = (", ".join(one.address for one in some) for some in (gone, new))
    return _noted(steering.with_people(*new), field, old, names)


def in_and_out(line: Field) -> tuple[frozenset[str], frozenset[str]]:
    """Return whom a line brings in, and whom it takes out, by address."""
    boxes = mailboxes(line.value.replace(";", ","), str)
    out = frozenset(_named(box).lower() for box in boxes if _is_to_leave(box))
    return frozenset(b.address.lower() for b in boxes if not _is_to_leave(b)), out


def _is_submitter(steering: Steering, box: Mailbox) -> bool:
    return same_address(box.address, steering.ticket.submitter)


def _is_to_leave(box: Mailbox) -> bool:
    return (box.name or box.address)[:1] in MINUS


def _named(box: Mailbox) -> str:
    return box.address.lstrip(MINUS)


def _noted(steering: Steering, field: str, old: str, new: str) -> Steering:
    change = (Change(field, old, new),) if old != new else ()
    return replace(steering, changes=(*steering.changes, *change))


def _mine(steering: Steering, roles: frozenset[Role]) -> list[Participant]:
    people = steering.ticket.participants
    return [
        one
        for one in people
        if one.role in roles and one.verified and same_address(one.address, steering.me)
    ]


def _mode(value: str) -> Notify | None:
    wanted = folded(value)
    return next((one for one in Notify if one.value == wanted), None)
