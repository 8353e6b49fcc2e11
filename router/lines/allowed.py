"""Who may write a line, said in words for one ticket: only those of whom it can have some.

The words of each are those of `router.transitions`; a USER ticket has no team, and only an alarm is
answered by its site.
"""

from collections.abc import Iterable, Mapping

from parsers.roster import exact_address
from router.acting import is_supporter_of
from router.steering import Steering
from router.ticket import Ticket, TicketKind
from router.transitions import Actor

MAX_UNITS = 3  # that are named
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
    """Return that proof is missing, where that may be all that is missing.

    Whoever may act as a submitter, and is registered as nothing more, would gain nothing by it.
    """
    sender = steering.sender
    if sender is None or sender.may.update_team:
        return ""
    return "" if sender.may.act_as_submitter and not _registered(steering) else UNPROVEN


def elsewhere(steering: Steering) -> tuple[str, ...]:
    """Return the units that a proven sender supports, when none of them has this ticket."""
    sender = steering.sender
    if sender is None or not sender.may.update_team or Actor.SUPPORTER in steering.actors:
        return ()
    return _supports(steering) if steering.actors else ()


def with_whom(steering: Steering, by: Iterable[Actor]) -> str:
    """Return with whom the ticket is, for a supporter of another unit; "" where it is no matter."""
    names = elsewhere(steering) if Actor.SUPPORTER in by else ()
    if not names:
        return ""
    unit, supports = steering.ticket.support_unit, ", ".join(names[:MAX_UNITS])
    return f" The ticket is with {unit} now, and who wrote this mail supports {supports}."


def _registered(steering: Steering) -> bool:
    roster = steering.facts.roster
    return bool(_supports(steering) or roster.with_address(exact_address(steering.me)))


def _supports(steering: Steering) -> tuple[str, ...]:
    registry = steering.facts.registry
    names = [one.name for one in registry.units] + [one.name for one in registry.rocs]
    return tuple(name for name in names if is_supporter_of((name,), steering.me, registry))
