"""The kinds of ticket as rows: what each asks for, needs and allows. A new kind is one row.

Source: EGI helpdesk documentation, ticket types, team tickets, alarm tickets (docs/sources.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.addresses import LANE_ALARM, LANE_REPLY, Intent
from router.ticket import TicketKind
from router.words import Priority


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of ticket.

    `role` is what a VO must have given to those who open one (`router.entitled`); "" lets everybody
    open one, by the ordinary rule for unproven senders. `subject_routes` says whether a site name
    in the subject may route. `lane` is that of its mails to first line while it is held. `priority`
    is the one of a mail that names none: an alarm says that a service is interrupted.
    """

    kind: TicketKind
    role: str
    subject_routes: bool
    lane: int
    priority: Priority = Priority.LESS_URGENT

    @property
    def restricted(self) -> bool:
        """Whether only people with a role may open one."""
        return bool(self.role)


KINDS: Mapping[Intent, Kind] = {
    Intent.USER: Kind(TicketKind.USER, role="", subject_routes=True, lane=LANE_REPLY),
    Intent.TEAM: Kind(TicketKind.TEAM, role="team", subject_routes=False, lane=LANE_REPLY),
    Intent.ALARM: Kind(
        TicketKind.ALARM,
        role="alarm",
        subject_routes=False,
        lane=LANE_ALARM,
        priority=Priority.TOP,
    ),
}


def kind_for(intent: Intent) -> Kind:
    """Return the kind that an address asks for; an answer that fits no ticket asks as a user."""
    return KINDS.get(intent, KINDS[Intent.USER])


def kind_of(wanted: TicketKind) -> Kind:
    """Return the row of a kind of ticket."""
    return next(kind for kind in KINDS.values() if kind.kind is wanted)
