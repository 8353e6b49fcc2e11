"""What a directory of the federation answered, and the small readings that all of them share.

Rule: any bytes are read or refused as Malformed, nothing else is raised. An entry that cannot be
used (no name, no readable address) is left out or shortened and said in a note; it never spoils the
others. No DTD, no entity, nothing outside the document is ever followed.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from parsers.errors import Malformed
from parsers.registry import Downtime, Roc, Site
from parsers.roster import Member
from parsers.text import clean

MAX_BYTES = 64_000_000  # one document; all sites of a large federation are 5 MB
MAX_JSON_BYTES = 8_000_000  # a page of 100 people is 0.1 MB; reading JSON lets no other thread run
MAX_ENTRIES = 200_000
MAX_NAME = 200
MAX_DN = 1_000
MAX_TEXT = 2_000
MAX_LIST = 100  # addresses of a site, certificates of a person
MAX_NOTES = 200
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_BETWEEN = re.compile(r"[;,\s]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one directory knows. `notes` are sentences about what could not be used."""

    sites: tuple[Site, ...] = ()
    rocs: tuple[Roc, ...] = ()
    members: tuple[Member, ...] = ()
    downtimes: tuple[Downtime, ...] = ()
    notes: tuple[str, ...] = ()


def read_xml(raw: bytes, root: str) -> Element:
    """Return the root element, which must have this name; raises Malformed."""
    check_size(raw)
    try:
        found: Element = fromstring(raw, forbid_dtd=True)
    except (ParseError, ValueError, LookupError, RecursionError) as error:  # defused: ValueError
        raise Malformed("It is not XML that can be read safely.", _said(error)) from error
    if found.tag != root:
        raise Malformed(f"It is XML, but not <{root}>.", f"its root is <{str(found.tag)[:80]}>")
    return found


def read_json(raw: bytes) -> Any:
    """Return the value that JSON holds; raises Malformed. `null` is None, which is no answer."""
    check_size(raw, MAX_JSON_BYTES)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed("It is not JSON.", _said(error)) from error


def check_size(raw: bytes, most: int = MAX_BYTES) -> None:
    """Refuse a document that is too long."""
    if len(raw) > most:
        raise Malformed("It is too long.", f"{len(raw)} bytes, {most} at most")


def check_amount(amount: int) -> None:
    """Refuse more entries than any federation has."""
    if amount > MAX_ENTRIES:
        raise Malformed("It has too many entries.", f"{amount} entries, {MAX_ENTRIES} at most")


def line(value: object, most: int = MAX_NAME) -> str:
    """Return a value as one clean line, cut; "" for what is no text."""
    return clean(value[: most * 4], one_line=True)[:most] if isinstance(value, str) else ""


def distinguished_name(value: object) -> str:
    """Return a DN exactly as it came, or "" when it cannot be kept so: too long, or with controls.

    It is never cut, folded or re-ordered: a shortened DN would be somebody else's.
    """
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return (
        text if len(text) <= MAX_DN and clean(text) == text and not set(text) & set("\n\t") else ""
    )


def issuer_name(value: object) -> tuple[str, bool]:
    """Return a certificate's issuer exactly as it came, and whether it could be kept.

    None, "" and a missing one name nobody; one that is there and cannot be kept is not nobody.
    """
    if value is None or value == "":
        return "", True
    found = distinguished_name(value)
    return found, bool(found)


def addresses(*values: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the mail addresses in texts that part them by `;`, `,` or blanks, and what is none.

    Each address once, in order, without regard to case.
    """
    good: dict[str, str] = {}
    bad: list[str] = []
    for value in values:
        for part in _BETWEEN.split(line(value, MAX_TEXT)):
            if part and _is_address(part):
                good.setdefault(part.lower(), part)
            elif part:
                bad.append(part[:80])
    return tuple(good.values())[:MAX_LIST], tuple(bad)[:MAX_LIST]


def moment(value: object) -> datetime | None:
    """Return an ISO time as aware UTC (naive means UTC), None when there is none.

    A number counts milliseconds. Raises Malformed for a time that cannot be read: an end that is
    not understood must not become "no end".
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, (int, float)):  # as Jackson writes dates
            return datetime.fromtimestamp(value / 1000, UTC)
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed("A time cannot be read.", _said(error)) from error


def end_of(value: object, name: str, notes: list[str]) -> tuple[datetime | None, bool]:
    """Return when a membership ends, and whether that could not be read, which is said in a note.

    Who cannot be read counts as suspended; one such person does not spoil the others.
    """
    try:
        return moment(value), False
    except Malformed:
        notes.append(f"{name}: the end of the membership cannot be read, so it counts as over.")
        return None, True


def capped(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the notes, each once, not more than a person reads."""
    unique = list(dict.fromkeys(notes))
    more = len(unique) - MAX_NOTES
    return (*unique[:MAX_NOTES], *([f"{more} more notes are left out here."] if more > 0 else []))


def _is_address(text: str) -> bool:
    return (
        len(text) <= 254 and _ADDRESS.fullmatch(text) is not None and text.index("@") <= 64
    )  # RFC 5321, 4.1.2 and 4.5.3.1


def _said(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}"[:300], one_line=True)
