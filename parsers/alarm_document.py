"""The alarm document (`alarm.json`), version 1, written and heard.

`write_alarm` and `hear_alarm` are each other's inverse. The document is the only part of an alarm
mail that a program may act on, and only when its signature holds over `signed_content`. Members
that a reader does not know are passed over; another major version is another schema name.
Standard library only, and pure: the site's alarm hook imports this file.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NoReturn

from parsers.alarm import Alarm, AlarmEvent, AlarmStatus, Mode, Severity
from parsers.errors import Malformed

SCHEMA = "urn:ticketgate:alarm:1"
SIGNED_PREFIX = b"ticketgate-alarm-v1\0"
MAX_DOCUMENT_BYTES = 65_536
MAX_LABELS = 32
MAX_LINE_CHARS = 950  # of a text as it is written in the document; a mail's line may have 998
_ALARM_ID = re.compile(r"[A-Za-z0-9./_-]{1,120}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CHARS: Mapping[str, int] = {
    "event_id": 64, "ticket": 20, "site": 200, "vo": 100, "service": 200, "host": 255,
    "summary": 500, "description": 2_000, "alarmer": 300, "url": 500, "reply_to": 320,
}  # fmt: skip
_WORDS: Mapping[str, type[StrEnum]] = {
    "event": AlarmEvent,
    "status": AlarmStatus,
    "severity": Severity,
    "mode": Mode,
}
_TIMES = ("starts_at", "updated_at", "ends_at", "issued_at", "expires_at")
_MAY_BE_NULL = frozenset({"host", "ends_at"})
_FORMS: Mapping[str, re.Pattern[str]] = {"alarm_id": _ALARM_ID, "nonce": _NONCE}


def write_alarm(alarm: Alarm) -> str:
    r"""Return the document as 7-bit text, `\n` line ends, no line break at the end.

    Indented, so that lines stay short and none begins with "From ", which mailbox files escape.
    """
    document: dict[str, Any] = {"schema": SCHEMA}
    for name in (one.name for one in fields(Alarm)):
        value = getattr(alarm, name)
        if isinstance(value, datetime):
            value = write_time(value)
        document[name] = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(document, ensure_ascii=True, indent=1)


def fitting(alarm: Alarm) -> Alarm:
    """Return the alarm with its texts cut to what a line of a mail can carry; the rest as it is."""
    texts = ("site", "vo", "service", "summary", "description", "alarmer", "url")
    cut: dict[str, Any] = {name: _cut(getattr(alarm, name), _CHARS[name]) for name in texts}
    return replace(alarm, **cut)


def hear_alarm(text: str | bytes) -> Alarm:
    """Return the alarm that a document says; raises Malformed, with what is wrong in `detail`."""
    document = _document(text)
    if document.get("schema") != SCHEMA:
        _wrong(f"the schema is {str(document.get('schema'))[:80]!r}, not {SCHEMA!r}")
    known: dict[str, Any] = {}
    for one in fields(Alarm):
        if one.name in document:
            known[one.name] = _heard(one.name, document[one.name])
    missing = [one for one in _OBLIGATORY if one not in known]
    if missing:
        _wrong(f"without {', '.join(missing)}")
    return Alarm(**known)


def signed_content(part: bytes) -> bytes:
    r"""Return what the signature is made over, from the document as it arrived.

    Mail turns line ends over on its way: `\r\n` counts as `\n`, line breaks at the end not at all.
    """
    return SIGNED_PREFIX + part.replace(b"\r\n", b"\n").rstrip(b"\r\n")


def write_time(time: datetime) -> str:
    """Return a time as `2026-01-01T00:00:00Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> datetime:
    """Return the time of `write_time`; raises ValueError for any other form."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no time like 2026-01-01T00:00:00Z")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _cut(text: str, limit: int) -> str:
    """Cut to the limit, and to a line; a character beyond ASCII is written as six or twelve."""
    fits, room = min(len(text), limit), MAX_LINE_CHARS
    for at, char in enumerate(text[:limit]):
        room -= len(json.dumps(char)) - 2
        if room < 0:
            fits = at
            break
    return text if fits == len(text) else text[: max(0, fits - 3)] + "..."


def _document(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_DOCUMENT_BYTES:
        _wrong(f"longer than {MAX_DOCUMENT_BYTES} bytes")
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        _wrong(f"no JSON document: {str(error)[:200]}")
    if not isinstance(document, dict):
        _wrong("the document is no JSON object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a member that stands twice: two readers would see two alarms."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a member stands twice")
    return document


def _heard(name: str, value: Any) -> Any:
    if value is None and name in _MAY_BE_NULL:
        return None
    if name == "seq":
        if type(value) is not int or not 0 <= value < 2**53:
            _wrong("seq is no whole number")
        return value
    if name == "labels":
        return _labels(value)
    if not isinstance(value, str):
        _wrong(f"{name} is no text")
    if name in _WORDS:
        words = [str(word) for word in _WORDS[name]]
        if value not in words:
            _wrong(f"{name} is {value[:40]!r}, not one of {', '.join(words)}")
        return _WORDS[name](value)
    if name in _TIMES:
        try:
            return read_time(value)
        except ValueError as error:
            _wrong(f"{name}: {error}")
    form = _FORMS.get(name)
    if form is not None and not form.fullmatch(value):
        _wrong(f"{name} has an unusual form")
    if len(value) > _CHARS.get(name, MAX_DOCUMENT_BYTES):
        _wrong(f"{name} is longer than {_CHARS[name]} characters")
    return value


def _labels(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or len(value) > MAX_LABELS:
        _wrong(f"labels are no object of at most {MAX_LABELS} members")
    if not all(isinstance(text, str) and len(key + text) <= 500 for key, text in value.items()):
        _wrong("a label is no short text")
    return dict(value)


def _wrong(what: str) -> NoReturn:
    raise Malformed("This is no alarm that can be read.", f"alarm.json: {what}")


_OBLIGATORY = tuple(
    one.name
    for one in fields(Alarm)
    if one.name
    not in {"service", "host", "description", "alarmer", "ends_at", "url", "reply_to", "labels"}
)
