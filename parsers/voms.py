"""VOMS-Admin's answer to apiv2/users: a page of the people of a VO, as JSON.

Rule: a property that is null is left out, and that means empty; an answer that is null itself means
that there is nobody to ask about, and is never an empty list. Suspended people and certificates and
the end of a membership are kept, so that they can be said; they give no right.
Source: VOMS-Admin server, apiv2 (docs/sources.md).
"""

from collections.abc import Mapping
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

_NO_ROLE = ("/Role=NULL", "/Capability=NULL")


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `count` is how many people there are in all, None when it is not said.

    `ids` names every entry of the page, used or not.
    """

    members: tuple[Member, ...] = ()
    ids: tuple[str, ...] = ()
    count: int | None = None
    notes: tuple[str, ...] = ()


def read_users(raw: bytes, vo: str, roles: Mapping[str, tuple[str, ...]]) -> Page | None:
    """Read a page of users; None when VOMS-Admin answered null. Raises Malformed.

    `roles` names for each role the FQANs that give it, such as {"alarm": ("/atlas/alarm",)}.
    """
    document = read_json(raw)
    if document is None:
        return None
    if not isinstance(document, dict):
        raise Malformed("It is JSON, but no page of users.")
    if "result" not in document:
        raise Malformed("It is JSON, but no page of users.", "there is no `result`")
    entries = document["result"]
    if entries is None:
        return None
    if not isinstance(entries, list):
        raise Malformed("It is JSON, but no page of users.", "`result` is no list")
    check_amount(len(entries))
    notes: list[str] = []
    found, ids = [], []
    for entry in entries:
        if not isinstance(entry, dict):
            raise Malformed("It is JSON, but no page of users.", "a user is no object")
        ids.append(_id_of(entry))
        found.append(_member(entry, vo, roles, notes))
    return Page(tuple(found), tuple(ids), _whole(document.get("count")), tuple(notes))


def _member(
    entry: dict[str, Any], vo: str, roles: Mapping[str, tuple[str, ...]], notes: list[str]
) -> Member:
    name = " ".join(part for part in (line(entry.get("name")), line(entry.get("surname"))) if part)
    mails, bad = addresses(entry.get("emailAddress"))
    notes += [f"{name}: {one!r} is no mail address." for one in bad]
    good, issuers, barred = _certificates(entry.get("certificates"), name, notes)
    fqans = {_plain(one) for one in _list(entry.get("fqans")) if isinstance(one, str)}
    until, unreadable = end_of(entry.get("endTime"), name, notes)
    given = {role for role, names in roles.items() if fqans & {_plain(n) for n in names}}
    return Member(
        name=name or (mails[0] if mails else "nameless"),
        addresses=mails,
        certificates=good,
        vo=vo,
        roles=frozenset(given),
        issuers=issuers,
        suspended=unreadable or _is_true(entry.get("suspended")),
        suspended_certificates=barred,
        until=until,
        id=_id_of(entry),
    )


def _certificates(
    value: object, name: str, notes: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    good: dict[tuple[str, str], None] = {}
    barred: list[str] = []
    for one in _list(value)[:MAX_LIST]:
        entry = one if isinstance(one, dict) else {}
        subject = distinguished_name(entry.get("subjectString"))
        issuer, kept = issuer_name(entry.get("issuerString"))
        if subject and _is_true(entry.get("suspended")):
            barred.append(subject)
        elif not subject or not kept:
            notes.append(f"{name}: a certificate without readable names is left out.")
        else:
            good[subject, issuer] = None
    left = [pair for pair in good if pair[0] not in barred]
    return tuple(s for s, _ in left), tuple(i for _, i in left), tuple(dict.fromkeys(barred))


def _plain(fqan: str) -> str:
    for ending in reversed(_NO_ROLE):
        fqan = fqan.removesuffix(ending)
    return fqan


def _is_true(value: object) -> bool:
    """Whether a flag is set; whatever is neither false nor missing counts as set."""
    return value is not None and value is not False and value != "false"


def _id_of(entry: dict[str, Any]) -> str:
    value = entry.get("id")
    return line(value if isinstance(value, str) else str(value)) if value is not None else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
