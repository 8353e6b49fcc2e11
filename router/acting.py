"""Who the sender of a mail is to a ticket: its submitter, the VO's team, a supporter.

Rule: what is not proven is nothing. A reply address alone makes nobody anything, because it only
says who received a mail of ours. Source: docs/security.md, the decision table.
"""

from collections.abc import Iterable

from parsers.registry import Registry
from parsers.roster import Member, exact_address
from router.authority import Sender
from router.claim import is_team_member
from router.decision import Facts, Mail, Policy
from router.people import same_address
from router.ticket import Ticket, TicketKind
from router.transitions import Actor

SHARED = frozenset({TicketKind.TEAM, TicketKind.ALARM})


def actors_of(
    mail: Mail, sender: Sender, ticket: Ticket, facts: Facts, policy: Policy
) -> frozenset[Actor]:
    """Return everything that a mail's sender is to a ticket, as far as that is proven."""
    me = mail.heard.sender.address if mail.heard.sender else ""
    found: set[Actor] = set()
    if not me or policy.addresses.is_ours(me):
        return frozenset()
    if sender.may.act_as_submitter:
        found.add(Actor.ANYBODY)
        if same_address(ticket.submitter, me):
            found.add(Actor.SUBMITTER)
    if not sender.may.update_team:
        return frozenset(found)
    rows = [row for one in sender.each for row in one.members]
    if ticket.kind in SHARED and ticket.vo and is_team_member(rows, ticket.vo):
        found.add(Actor.TEAM)
        if ticket.kind is TicketKind.TEAM or _is_alarmer(rows, ticket.vo):
            found.add(Actor.VERIFIER)
    units = (ticket.support_unit, policy.first_line)
    if is_supporter_of(units, me, facts.registry) or _supports(rows, ticket.vo):
        found.add(Actor.SUPPORTER)
    return frozenset(found)


def is_supporter_of(units: Iterable[str], address: str, registry: Registry) -> bool:
    """Whether an address is registered as a supporter's, or is the list, of one of these units."""
    found = (registry.find_unit(name) for name in units)
    listed = (a for unit in found if unit for a in (*unit.supporters, *unit.addresses))
    return exact_address(address) in set(map(exact_address, listed))


def _supports(rows: Iterable[Member], vo: str) -> bool:
    """Whether a row of the roster makes its person a supporter: in its VO, or everywhere."""
    return any("support" in one.roles and one.vo.lower() in {"", vo.lower()} for one in rows)


def _is_alarmer(rows: Iterable[Member], vo: str) -> bool:
    return any("alarm" in one.roles and one.vo.lower() == vo.lower() for one in rows)
