"""Reading VOMS-Admin: the people of one VO, and which of its groups they are in.

Pages count from 0. The guard header is required of every client that is not a browser.
"""

from collections.abc import Mapping

from gateway.config.federation import Directory
from gateway.directories.fetching import Circle, Fetching
from parsers.directory import Answer, capped
from parsers.errors import Malformed
from parsers.roster import Member
from parsers.voms import Page, read_users

PAGE_SIZE = 100
GUARD = {"X-VOMS-CSRF-GUARD": "y"}
JSON = ("application/json",)


def fqans_of(directory: Directory) -> Mapping[str, tuple[str, ...]]:
    """Return the FQANs that give each role."""
    vo = directory.vo
    return {
        "team": directory.team or (f"/{vo}/team",),
        "alarm": directory.alarm or (f"/{vo}/alarm",),
    }


def _is_last(page: Page, read: int) -> bool:
    """Whether nothing comes after this page; `count` may be of all people or of the page."""
    full = len(page.ids) >= PAGE_SIZE
    if not page.ids or page.count is None:
        return not full
    return read >= page.count and (page.count > len(page.ids) or not full)


def read_voms(directory: Directory, fetching: Fetching) -> Answer | None:
    """Return the people; None when VOMS-Admin answers null. Raises Malformed, Unreachable."""
    roles, circle = fqans_of(directory), Circle()
    members: dict[str, Member] = {}
    notes: list[str] = []
    start = 0
    while True:
        query = [("startIndex", str(start)), ("pageSize", str(PAGE_SIZE))]
        page = read_users(fetching.get("/apiv2/users", query, JSON, GUARD), directory.vo, roles)
        if page is None:
            return None
        circle.page(page.ids)
        notes += page.notes
        for at, (id_, member) in enumerate(zip(page.ids, page.members, strict=True)):
            members.setdefault(id_ or f"{start + at}", member)
        start += len(page.ids)
        if _is_last(page, start):
            break
    if page.count is not None and page.count > len(members):
        told = f"{page.count} people are announced, {len(members)} came"
        raise Malformed("The answer is not whole.", told)
    for role, names in roles.items():
        if not any(role in member.roles for member in members.values()):
            notes.append(f"Nobody is in {' or '.join(names)}: is the name right?")
    return Answer(members=tuple(members.values()), notes=capped(notes))
