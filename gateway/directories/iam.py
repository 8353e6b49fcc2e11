"""Reading INDIGO IAM: the accounts in the groups that give a VO's roles.

Pages count from 1. A group is found by its whole name among all groups; a leading slash, as VOMS
writes it, is left out. A group that is not there is no answer, and never an empty one.
"""

from dataclasses import replace

from gateway.config.federation import Directory
from gateway.directories.fetching import Circle, Fetching
from gateway.directories.voms import fqans_of
from parsers.directory import Answer, capped
from parsers.errors import Malformed
from parsers.roster import Member
from parsers.scim import read_accounts, read_groups

PAGE_SIZE = 100
SCIM = ("application/scim+json", "application/json")
FIRST = 1


class NoSuchGroup(Malformed):
    """A group that gives a role is not known there, or the answer is null."""


def read_iam(directory: Directory, fetching: Fetching) -> Answer | None:
    """Return the people; None when IAM answers null. Raises NoSuchGroup, Malformed, Unreachable."""
    groups = _groups(fetching)
    if groups is None:
        return None
    members: dict[str, Member] = {}
    notes: list[str] = []
    for role, names in fqans_of(directory).items():
        for name in names:
            group = groups.get(name.removeprefix("/"))
            if group is None:
                raise NoSuchGroup("A group is not known there.", f"there is no group {name}")
            found = _accounts(fetching, group, directory.vo, role, notes)
            if found is None:
                return None
            if not found:
                notes.append(f"Nobody is in {name}.")
            for member in found:
                key = member.id or member.name
                roles = members[key].roles | member.roles if key in members else member.roles
                members[key] = replace(member, roles=roles)
    return Answer(members=tuple(members.values()), notes=capped(notes))


def _groups(fetching: Fetching) -> dict[str, str] | None:
    """Return the id of each group by its whole name."""
    found: dict[str, str] = {}
    circle, start, total = Circle(), FIRST, 0
    while start:
        query = [("startIndex", str(start)), ("count", str(PAGE_SIZE))]
        page = read_groups(fetching.get("/scim/Groups", query, SCIM))
        if page is None:
            return None
        circle.page(page.ids)
        found |= dict(page.groups)
        start, total = page.start or 0, page.total
    _check_whole(circle, total, "groups")
    return found


def _accounts(
    fetching: Fetching, group: str, vo: str, role: str, notes: list[str]
) -> list[Member] | None:
    found: list[Member] = []
    circle, start, total = Circle(), FIRST, 0
    while start:
        query = [("startIndex", str(start)), ("count", str(PAGE_SIZE))]
        raw = fetching.get(f"/iam/account/find/bygroup/{group}", query, SCIM)
        page = read_accounts(raw, vo, [role])
        if page is None:
            return None
        circle.page(page.ids)
        found += page.members
        notes += page.notes
        start, total = page.start or 0, page.total
    _check_whole(circle, total, "accounts")
    return found


def _check_whole(circle: Circle, total: int, what: str) -> None:
    if circle.seen < total:
        raise Malformed(
            "The answer is not whole.", f"{total} {what} are announced, {circle.seen} came"
        )
