"""INDIGO IAM's answers: SCIM pages of groups and of the accounts in a group.

Rule: people are read from accounts, never from a group's member list, which has neither DNs nor
addresses. An account that is not active, or ended, is kept, so that it can be said; it gives no
right. DNs stay in the form of RFC 2253 in which IAM writes them. Source: INDIGO IAM
(docs/sources.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from parsers.directory import (
    MAX_LIST,
    addresses,
    check_amount,
    distinguished_name,
    end_of,
    issuer_name,
    line,
    read_json,
)
from parsers.errors import Malformed
from parsers.roster import Member

INDIGO = "urn:indigo-dc:scim:schemas:IndigoUser"


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `total` is how many entries there are in all; `start` is that of the next page.

    `start` is None on the last page. `ids` names every entry of the page; `groups` are (name, id).
    """

    members: tuple[Member, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    ids: tuple[str, ...] = ()
    total: int = 0
    start: int | None = None
    notes: tuple[str, ...] = ()


def read_groups(raw: bytes) -> Page | None:
    """Read a page of groups; None when IAM answered null. Raises Malformed."""
    found = _entries(raw)
    if found is None:
        return None
    entries, total, start = found
    ids = tuple(line(entry.get("id")) for entry in entries)
    names = (line(entry.get("displayName")) for entry in entries)
    groups = tuple((name, one) for name, one in zip(names, ids, strict=True) if name and one)
    return Page(groups=groups, ids=ids, total=total, start=start)


def read_accounts(raw: bytes, vo: str, roles: Iterable[str]) -> Page | None:
    """Read a page of accounts, to which their group gives these roles; None for null.

    Raises Malformed.
    """
    found = _entries(raw)
    if found is None:
        return None
    entries, total, start = found
    notes: list[str] = []
    given = frozenset(roles)
    members = tuple(_member(entry, vo, given, notes) for entry in entries)
    ids = tuple(line(entry.get("id")) for entry in entries)
    return Page(members, ids=ids, total=total, start=start, notes=tuple(notes))


def _entries(raw: bytes) -> tuple[list[dict[str, Any]], int, int | None] | None:
    """Return entries, their total and the (1-based) start of the next page."""
    document = read_json(raw)
    if document is None:
        return None
    if not isinstance(document, dict):
        raise Malformed("It is JSON, but no SCIM list.")
    total = _whole(document.get("totalResults"))
    start = _whole(document.get("startIndex", 1))
    if total is None or start is None:
        raise Malformed("It is JSON, but no SCIM list.", "totalResults or startIndex is no number")
    entries = document.get("Resources", [] if total == 0 else None)
    if entries is None:
        if "Resources" in document:
            return None
        raise Malformed("It is JSON, but no SCIM list.", "there are no Resources")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Malformed("It is JSON, but no SCIM list.", "Resources is no list of objects")
    check_amount(max(len(entries), total))
    after = max(start, 1) + len(entries)
    return entries, total, after if entries and after <= total else None


def _member(entry: dict[str, Any], vo: str, roles: frozenset[str], notes: list[str]) -> Member:
    extension = entry.get(INDIGO)
    extension = extension if isinstance(extension, dict) else {}
    name = _name(entry)
    mails, bad = addresses(*(one.get("value") for one in _objects(entry.get("emails"))))
    notes += [f"{name}: {one!r} is no mail address." for one in bad]
    certificates: dict[tuple[str, str], None] = {}
    for one in _objects(extension.get("certificates"))[:MAX_LIST]:
        subject = distinguished_name(one.get("subjectDn"))
        issuer, kept = issuer_name(one.get("issuerDn"))
        if subject and kept:
            certificates[subject, issuer] = None
        else:
            notes.append(f"{name}: a certificate without readable names is left out.")
    until, unreadable = end_of(extension.get("endTime"), name, notes)
    return Member(
        name=name or (mails[0] if mails else "nameless"),
        addresses=mails,
        certificates=tuple(subject for subject, _ in certificates),
        vo=vo,
        roles=roles,
        issuers=tuple(issuer for _, issuer in certificates),
        suspended=unreadable or entry.get("active") is not True,  # a missing flag proves nothing
        until=until,
        id=line(entry.get("id")),
    )


def _name(entry: dict[str, Any]) -> str:
    value = entry.get("name")
    parts = value if isinstance(value, dict) else {}
    whole = " ".join(
        part for part in (line(parts.get("givenName")), line(parts.get("familyName"))) if part
    )
    return (
        line(parts.get("formatted"))
        or whole
        or line(entry.get("displayName"))
        or line(entry.get("userName"))
    )


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
