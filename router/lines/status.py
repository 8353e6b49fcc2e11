"""The lines `Status:`, `Verify:` and `Reopen:`: one step in the life of a ticket.

Everything that they may do is a row of `router.transitions`.
"""

from dataclasses import replace

from parsers.block import Field
from router.lines.allowed import it_is_for, unproven, with_whom
from router.lines.contradicting import wanted_status
from router.notices import SOLUTION
from router.steering import Steering
from router.ticket import Change
from router.transitions import BY_NO_LINE, TRANSITIONS, Actor, Need, move, possible
from router.words import CLOSED, Reason, Role, Status

# By what right a line was followed, as the history says it: the first that fits.
_BY = {
    Actor.SUPPORTER: Reason.BY_A_SUPPORTER,
    Actor.VERIFIER: Reason.BY_THE_TEAM,
    Actor.TEAM: Reason.BY_THE_TEAM,
    Actor.SUBMITTER: Reason.BY_THE_SUBMITTER,
}
INTERNAL_IS_NONE = 'an internal text is no solution; please add a line "Solution: TEXT".'
_SYSTEM = frozenset({Actor.SYSTEM})
_WORKED_ON = frozenset({Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD})
_OF_A_SOLUTION = frozenset({Status.VERIFIED, Status.REOPENED})  # what is said of one, by whom


def status(steering: Steering, line: Field) -> Steering:
    """Follow a line that names a status."""
    now, wanted = steering.ticket.status, wanted_status(line)
    new = next((one for one in Status if one.value == wanted), None)
    found = move(now, new, steering.actors) if new is not None else None
    if new is now and now in _WORKED_ON:  # such as by who takes it after the site did
        return steering
    if new is Status.ASSIGNED:
        return steering.refused(line.line, 'a ticket is assigned by a line "Assign to: UNIT".')
    if new is None or found is None or new not in possible(now, steering.actors):
        by = may_set(new) if new is not None and new is not now else frozenset[Actor]()
        right = bool(by) and not by & steering.actors
        return steering.refused(line.line, _not_possible(steering, new), right=right)
    if found.needs is not Need.NOTHING and not _written(steering, found.needs):
        is_secret = found.needs is Need.SOLUTION and steering.internal and steering.text
        why = INTERNAL_IS_NONE if is_secret else f"{found.needs}."
        return steering.refused(line.line, why)
    return moved(steering, new)


def moved(steering: Steering, new: Status, solution: str = "") -> Steering:
    """Return it with the status changed, and what follows from that.

    `solution` is for a change that brings its own.
    """
    old = steering.ticket
    row = TRANSITIONS[old.status, new]
    ticket = replace(old, status=new)
    if new in CLOSED:
        ticket = replace(ticket, escalation=0)
    steering = steering.changed("status", ticket, str(old.status), str(new)).telling(row.tells)
    solution = solution or steering.solution
    if row.needs is Need.SOLUTION and solution != old.solution:
        change = Change(SOLUTION, old.solution, solution)
        ticket = replace(ticket, solution=solution)
        steering = replace(steering, ticket=ticket, changes=(*steering.changes, change))
    by = next((_BY[one] for one in _BY if one in steering.actors & row.by), None)
    if not steering.me:
        by = Reason.BY_AN_OPERATOR
    return steering.because(by) if by is not None else steering


def _written(steering: Steering, needs: Need) -> bool:
    return bool(steering.solution if needs is Need.SOLUTION else steering.text)


def may_set(status: Status) -> frozenset[Actor]:
    """Return who may set a status by a line, whatever the ticket is now."""
    rows = (row.by for (_, new), row in TRANSITIONS.items() if new is status)
    return frozenset().union(*rows) - _SYSTEM


def _not_possible(steering: Steering, wanted: Status | None) -> str:
    """Say why it is not possible, who may, and that the ticket stays as it is."""
    now = steering.ticket.status
    stays = f"The ticket stays {now}"
    if wanted in _OF_A_SOLUTION:
        when, who = _when(now, wanted), _who(steering, wanted)
        whom = with_whom(steering, may_set(wanted))
        return f"{when}{who.replace('it is', 'that is', 1) if when else who}. {stays}.{whom}"
    names = ", ".join(possible(now, steering.actors))
    can = (
        f"possible now: {names}." if names else f"you may not change that now.{_instead(steering)}"
    )
    if wanted is None:
        return f"there is no such status. {stays}; {can}"
    if wanted is now:
        return f"it is {now} already; {can}"
    if wanted in BY_NO_LINE:
        return f"nobody sets that by hand. {stays}; {can}"
    if (now, wanted) in TRANSITIONS:
        return f"{_who(steering, wanted)}. {stays}; {can}{with_whom(steering, may_set(wanted))}"
    return f"a ticket that is {now} has to be reopened first. {stays}; {can}"


def _instead(steering: Steering) -> str:
    """Tell a submitter what he can do, and that his unit has what he wrote."""
    ticket = steering.ticket
    if Actor.SUBMITTER not in steering.actors:
        return ""
    unit = any(one.role is Role.SUPPORTER for one in ticket.participants) and not ticket.held
    sent = f" The text below the line was sent to {ticket.support_unit}, which can do it."
    own = 'may verify its solution, once there is one ("Verify: yes"), or say that it is none'
    whoever = f' Whoever opened the ticket {own} ("Reopen: yes").'
    return f"{sent if unit and steering.text else ''}{whoever}"


def _when(now: Status, wanted: Status) -> str:
    if (now, wanted) in TRANSITIONS:
        return ""
    names = " or ".join(old for old, new in TRANSITIONS if new is wanted)
    return f"only a ticket that is {names} can be {wanted}; "


def _who(steering: Steering, wanted: Status) -> str:
    by = may_set(wanted)
    lacking = "" if by & steering.actors else unproven(steering)
    return f"{it_is_for(by, steering.ticket)}{lacking}"
