"""The kinds of ticket as rows: what each asks for, needs and allows. A new kind is one row.

Source: EGI helpdesk documentation, ticket types, team tickets, alarm tickets (docs/sources.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.addresses import LANE_ALARM, LANE_REPLY, Intent
from router.ticket import TicketKind
from router.words import Reason


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of ticket.

    `held` is the reason that holds a request whose sender has not proven to be entitled; None
    means that the ordinary rule for unproven senders applies. `subject_routes` says whether a site
    name in the subject may route. `lane` is that of its mails to first line while it is held.
    """

    kind: TicketKind
    held: Reason | None
    subject_routes: bool
    lane: int


KINDS: Mapping[Intent, Kind] = {
    Intent.USER: Kind(TicketKind.USER, None, subject_routes=True, lane=LANE_REPLY),
    Intent.TEAM: Kind(
        TicketKind.TEAM, Reason.TEAM_NOT_PROVEN, subject_routes=False, lane=LANE_REPLY
    ),
    Intent.ALARM: Kind(
        TicketKind.ALARM, Reason.ALARM_NOT_PROVEN, subject_routes=False, lane=LANE_ALARM
    ),
}


def kind_for(intent: Intent) -> Kind:
    """Return the kind that an address asks for; an answer that fits no ticket asks as a user."""
    return KINDS.get(intent, KINDS[Intent.USER])
