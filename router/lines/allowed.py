"""Who may write a line, said in words for one ticket: only those of whom it can have some.

The words of each are those of `router.transitions`; a USER ticket has no team, and only an alarm is
answered by its site.
"""

from collections.abc import Iterable, Mapping

from router.steering import Steering
from router.ticket import Ticket, TicketKind
from router.transitions import Actor

UNPROVEN = "; who wrote this mail is not proven for that (by DKIM or S/MIME)"
_TEAM = "the VO's team"
_ALARMERS = "the VO's alarmers"
# What somebody is called in a ticket of each kind; who is missing is nobody there.
_NAMES: Mapping[TicketKind, Mapping[Actor, str]] = {
    TicketKind.USER: {},
    TicketKind.TEAM: {Actor.TEAM: _TEAM, Actor.VERIFIER: _TEAM},
    TicketKind.ALARM: {
        Actor.TEAM: _TEAM,
        Actor.VERIFIER: _ALARMERS,
        Actor.SITE: str(Actor.SITE),
    },
}
_ONLY_THERE = frozenset({Actor.TEAM, Actor.VERIFIER, Actor.SITE})


def it_is_for(by: Iterable[Actor], ticket: Ticket) -> str:
    """Return "it is for: ..." with everybody who may, in this ticket."""
    names = _NAMES.get(ticket.kind, {})
    there = [one for one in sorted(by) if one not in _ONLY_THERE or one in names]
    said = dict.fromkeys(names.get(one, str(one)) for one in there)
    return f"it is for: {'; '.join(said)}"


def unproven(steering: Steering) -> str:
    """Return that proof is missing, where that may be all that is missing."""
    sender = steering.sender
    return UNPROVEN if sender is not None and not sender.may.update_team else ""
