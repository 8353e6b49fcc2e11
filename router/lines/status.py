"""The lines `Status:`, `Verify:` and `Reopen:`: one step in the life of a ticket.

Everything that they may do is a row of `router.transitions`.
"""

from dataclasses import replace

from parsers.block import Field
from router.notices import SOLUTION
from router.steering import Steering
from router.ticket import Change
from router.transitions import TRANSITIONS, Actor, Need, move, possible
from router.words import CLOSED, Reason, Status

# By what right a line was followed, as the history says it: the first that fits.
_BY = {
    Actor.SUPPORTER: Reason.BY_A_SUPPORTER,
    Actor.VERIFIER: Reason.BY_THE_TEAM,
    Actor.TEAM: Reason.BY_THE_TEAM,
    Actor.SUBMITTER: Reason.BY_THE_SUBMITTER,
}
_SYSTEM = frozenset({Actor.SYSTEM})
_WORKED_ON = frozenset({Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD})


def status(steering: Steering, line: Field) -> Steering:
    """Follow a line that names a status."""
    now, wanted = steering.ticket.status, " ".join(line.value.lower().replace("-", " ").split())
    new = next((one for one in Status if one.value == wanted), None)
    found = move(now, new, steering.actors) if new is not None else None
    if new is now and now in _WORKED_ON:  # such as by who takes it after the site did
        return steering
    if new is Status.ASSIGNED:
        return steering.refused(line.line, 'a ticket is assigned by a line "Assign to: UNIT".')
    if new is None or found is None or new not in possible(now, steering.actors):
        exists = new is not None and (now, new) in TRANSITIONS
        return steering.refused(line.line, _not_possible(steering, new), right=exists)
    if found.needs is not Need.NOTHING and not _written(steering, found.needs):
        return steering.refused(line.line, f"{found.needs}.")
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


def _not_possible(steering: Steering, wanted: Status | None) -> str:
    """Say what is possible now, and who may do what was wanted."""
    now = steering.ticket.status
    names = ", ".join(possible(now, steering.actors)) or "nothing, by you"
    row = TRANSITIONS.get((now, wanted)) if wanted is not None else None
    who = (
        f" {str(wanted).capitalize()} is for: {'; '.join(sorted(row.by - _SYSTEM or row.by))}."
        if row
        else ""
    )
    return f"the ticket is {now}; possible now: {names}.{who}"
