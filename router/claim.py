"""A request for an alarm or a team ticket, before anybody asks whether it is granted.

Who asks, in which VO, for which sites; and what rosters and sites say of that. The questions
themselves: `router.entitled`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from parsers.registry import Site
from parsers.roster import Member
from router.authority import Sender
from router.decision import Facts, Mail, Policy, Route

TIERS_WITH_ALARMS = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Claim:
    """A request for an alarm or team ticket: by whom, in which VO, where to.

    `vo` is the VO that the mail names, "" for none.
    """

    mail: Mail
    sender: Sender
    facts: Facts
    policy: Policy
    vo: str
    routes: tuple[Route, ...]

    @property
    def sites(self) -> tuple[Site, ...]:
        """Return the notified sites; empty when it goes to none."""
        named = [to.site for to in self.routes]
        found = [self.facts.registry.find_sites(name) for name in named if name]
        return tuple(sites[0] for sites in found if sites)


def vo_of(members: Iterable[Member], role: str, named: str) -> str:
    """Return the VO of a request: the named one, else the only one in which a person has the role.

    "" when it is not clear.
    """
    if named:
        return named
    vos = {one.vo.lower(): one.vo for one in members if role in one.roles and one.vo}
    return next(iter(vos.values())) if len(vos) == 1 else ""


def may_name_several(sender: Sender) -> bool:
    """Whether the person may name several sites in one mail."""
    return any("multisite" in row.roles for one in sender.each for row in one.members)


def is_team_member(members: Iterable[Member], vo: str) -> bool:
    """Whether one of these rows makes its person a member of the VO's team; alarmers are."""
    return any(_is(one.vo, vo) and one.roles & {"team", "alarm"} for one in members)


def takes_alarms(site: Site, vo: str) -> bool:
    """Whether alarms of a VO may be raised at a site."""
    return site.tier in TIERS_WITH_ALARMS or vo.lower() in {one.lower() for one in site.alarm_vos}


def alarm_rows(claim: Claim) -> list[Member]:
    """Return the rows that make the sender an alarmer of the VO in question."""
    rows = [one for one in claim.sender.members if "alarm" in one.roles]
    vo = vo_of(rows, "alarm", claim.vo)
    return [one for one in rows if _is(one.vo, vo)]


def counts_at(row: Member, site: Site) -> bool:
    """Whether a row of an alarmer counts at a site."""
    named = {name.lower() for name in row.alarm_sites}
    return not named or bool({site.name.lower(), *map(str.lower, site.aliases)} & named)


def _is(one: str, other: str) -> bool:
    """Whether two names of VOs are one, whatever their case."""
    return one.lower() == other.lower()
