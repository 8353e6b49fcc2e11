"""Directory entries to JSON and back: the one place that knows both the nouns and their rows.

A field that a newer or older program wrote and this one does not know is passed over.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from parsers.directory import Answer
from parsers.registry import Downtime, Roc, Site
from parsers.roster import Member

KEY_CHARS = 190
NOT_KEPT = frozenset({"source", "updated_at"})  # said by the row itself
TIMES = frozenset({"until", "starts_at", "ends_at"})
Noun = Site | Roc | Member | Downtime
NOUNS: Mapping[str, type[Noun]] = {
    "site": Site,
    "roc": Roc,
    "member": Member,
    "downtime": Downtime,
}


def rows_of(answer: Answer) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the value of each (kind, key); two entries of one name get keys of their own."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, key_of, entries in _lists(answer):
        for entry in entries:
            place = (kind, _short(key_of(entry)))
            again = 1
            while place in found:
                again += 1
                place = (kind, f"{_short(key_of(entry))} #{again}")
            found[place] = _as_json(entry)
    return found


def answer_of(rows: Iterable[tuple[str, Mapping[str, Any], datetime]], source: str) -> Answer:
    """Return the answer that rows of (kind, value, changed_at) hold, as said by `source`."""
    lists: dict[str, list[Any]] = {kind: [] for kind in NOUNS}
    for kind, value, changed_at in rows:
        noun = NOUNS.get(kind)
        if noun is not None:
            lists[kind].append(_from_json(noun, value, source, changed_at))
    return Answer(
        tuple(lists["site"]),
        tuple(lists["roc"]),
        tuple(lists["member"]),
        tuple(lists["downtime"]),
    )


def _lists(answer: Answer) -> tuple[tuple[str, Callable[[Any], str], tuple[Any, ...]], ...]:
    return (
        ("site", lambda one: str(one.name.lower()), answer.sites),
        ("roc", lambda one: str(one.name.lower()), answer.rocs),
        ("member", lambda one: f"{one.vo} {one.id or one.name}", answer.members),
        ("downtime", lambda one: str(one.id), answer.downtimes),
    )


def _short(key: str) -> str:
    """Return a key that fits; a long one keeps its beginning and gets a digest."""
    if len(key) <= KEY_CHARS - 10:
        return key
    return f"{key[:120]}~{sha256(key.encode('utf-8', 'replace')).hexdigest()[:48]}"


def _as_json(entry: Noun) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(entry, field.name))
        for field in fields(entry)
        if field.name not in NOT_KEPT
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, frozenset)):
        return sorted(value) if isinstance(value, frozenset) else list(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _from_json(
    noun: type[Noun], value: Mapping[str, Any], source: str, changed_at: datetime
) -> Any:
    known = {field.name for field in fields(noun)} - NOT_KEPT
    given = {name: _back(name, part) for name, part in value.items() if name in known}
    entry = noun(**given, source=source)
    return entry if isinstance(entry, Downtime) else replace(entry, updated_at=changed_at)


def _back(name: str, value: Any) -> Any:
    if name == "roles":
        return frozenset(value)
    if name in TIMES:
        return None if value is None else datetime.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value
