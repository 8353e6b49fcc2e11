"""The field block: `Key: value` lines at the top of a body, in either direction.

One grammar serves the fields of a new ticket, the commands of a supporter and the alarm mail.
A block counts only if its first line has a known key, and never if it looks like the header of a
forwarded mail. Unknown keys between known ones are reported, never fatal. Quotes never count.
A solution, and a list of people that ends with a comma, may go on in the next lines.
Standard library only: the site's alarm hook imports this file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice

# What people write -> the field's one name. Issue: a new field is one row here.
KEYS: Mapping[str, str] = {
    "site": "site",
    "notified site": "site",
    "notify site": "site",
    "affected site": "affected_site",
    "vo": "vo",
    "concerned vo": "vo",
    "vo specific": "vo_specific",
    "priority": "priority",
    "type of issue": "type_of_issue",
    "mou area": "mou_area",
    "assign to": "assign_to",
    "cc": "cc",
    "notification": "notification",
    "alarm": "alarm",
    "convert": "convert",
    "confirm": "confirm",
    "status": "status",
    "category": "category",
    "solution": "solution",
    "involve": "involve",
    "remind on": "remind_on",
    "internal": "internal",
    "related": "related",
    "related issue": "related",
    "related ticket": "related",
    "cross reference": "cross_reference",
    "master": "master",
    "parent": "parent",
    "duplicate of": "duplicate_of",
    "merge into": "merge_into",
    "unlink": "unlink",
    "verify": "verify",
    "reopen": "reopen",
    "escalate": "escalate",
    "subscribe": "subscribe",
    "unsubscribe": "unsubscribe",
}
# The sender and sending lines of a forwarded header, in the languages of common clients: they void
# a block. A date or a subject does not: people write "Date:" for when it happened.
FORWARD_KEYS = frozenset(
    {
        "from", "sent", "von", "gesendet", "de", "envoyé", "da", "inviato", "enviado", "enviado el",
        "van", "verzonden", "från", "skickat", "fra", "sendt", "lähettäjä", "od", "wysłano", "от",
        "отправлено",
    }
)  # fmt: skip
LIKE_A_KEY = 0.75  # how close to a known key a line's key must be to be taken for a typo
STEERING = frozenset({"site", "affected_site", "vo", "priority", "assign_to", "mou_area"})
STRAY_LINES = 8
BESIDE_LINES = 4
MAX_LINES = 40
MAX_VALUE_CHARS = 1_000
MAX_LONG_CHARS = 20_000
MAX_SHOWN_CHARS = 200  # of a line that is shown again, in an answer
# Values that may be long, and that mail programs therefore wrap.
_LONG = frozenset({"solution", "cc", "involve"})
# Keyboards of eastern Asia have a colon of their own.
_KEY = re.compile(r"[ \t]{0,3}([^\W\d_][^:\uff1a\n]{0,39}?)[ \t]{0,20}[:\uff1a]")
# Blanks, and what editors of HTML leave behind that nobody sees.
_UNSEEN = "\u200b\u200c\u200d\u2060\u00ad\ufeff"
_BLANKS = " \t\u00a0\u202f\u3000" + _UNSEEN
_PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u3000": " "})
_NOTHING = dict.fromkeys(map(ord, _UNSEEN))
_MARKS = _BLANKS + "*-\u2022\u00b7"  # of a list, or of bold type


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a block: the field's name, its value (may be empty), the line as written."""

    key: str
    value: str
    line: str


@dataclass(frozen=True, slots=True)
class FieldBlock:
    """The lines heard. `unknown` are lines whose key nobody knows; `rest` is the text below.

    With no block at all, `fields` and `unknown` are empty and `rest` is the whole text. `beside`
    are the lines of `rest` that stand where a line is read, and were not: directly below the
    block, or first. What each may have been meant for is for `router.lines.meant`.
    """

    fields: tuple[Field, ...] = ()
    unknown: tuple[str, ...] = ()
    rest: str = ""
    beside: tuple[str, ...] = ()

    def values(self, key: str) -> tuple[str, ...]:
        """Return every non-empty value given for a field, in order, without repeats."""
        return tuple(dict.fromkeys(f.value for f in self.fields if f.key == key and f.value))

    def value(self, key: str) -> str:
        """Return the field's only value, or "" when it is absent or contradicts itself."""
        values = self.values(key)
        return values[0] if len(values) == 1 else ""


def hear_block(text: str, *, skip_blank_lines: bool = False) -> FieldBlock:
    """Return the field block at the top of `text`; an empty block when there is none.

    `skip_blank_lines` is for text made from HTML, where each line may be a paragraph of its own:
    then blank lines between two key lines do not end the block.
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if not _is_blank(line)), len(lines))
    fields: list[Field] = []
    unknown: list[str] = []
    undecided: list[str] = []  # unknown if a known key follows, or for a typo: else plain text
    end = start
    for at in range(start, min(len(lines), start + MAX_LINES)):
        line = lines[at]
        if _is_blank(line):
            if skip_blank_lines:
                continue
            break
        key, value = _split(line)
        if fields and key in FORWARD_KEYS and key not in KEYS:
            return FieldBlock(rest=text)
        if end == at and key not in KEYS and fields and _goes_on(fields[-1], line):
            fields[-1] = _longer(fields[-1], line)
            end = at + 1
            continue
        if not key or (key not in KEYS and not fields):
            break
        if key not in KEYS:
            undecided.append(_shown(line))
            continue
        name = KEYS[key]
        fields.append(Field(name, value[: _most(name)], _shown(line)))
        unknown, undecided = unknown + undecided, []
        end = at + 1
    beside = _beside(lines[end:], skip_blank_lines=skip_blank_lines)
    if not fields:
        return FieldBlock(rest=text, beside=beside)
    unknown += [
        line for line in undecided if get_close_matches(_split(line)[0], KEYS, 1, LIKE_A_KEY)
    ]
    rest = "\n".join(lines[end:]).strip("\n")
    return FieldBlock(tuple(fields), tuple(unknown), rest, beside)


def has_stray_fields(text: str, keys: frozenset[str] = STEERING) -> bool:
    """Whether a line near the top looks like one of these fields, in no block.

    To be asked of what is below the block, or of a text in which none was heard.
    """
    return any(KEYS.get(key) in keys and value for key, value in top_pairs(text))


def stray_field(text: str, keys: frozenset[str]) -> str:
    """Return the first line near the top that looks like one of these fields, "" for none."""
    lines = (line for line in text.splitlines() if not _is_blank(line))
    pairs = zip(lines, top_pairs(text), strict=False)
    return next(
        (_shown(line) for line, (key, value) in pairs if KEYS.get(key) in keys and value), ""
    )


def top_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Return key (in lower case) and value of the lines near the top, whatever the key.

    A list's mark before a key is passed over. ("", "") is a line of another form.
    """
    lines = islice((line for line in text.splitlines() if not _is_blank(line)), STRAY_LINES)
    return tuple(_split(line[:MAX_VALUE_CHARS].lstrip(_MARKS)) for line in lines)


def _beside(lines: Sequence[str], *, skip_blank_lines: bool) -> tuple[str, ...]:
    """Return the first lines, up to an empty one or the first that is not of the form of a field.

    That one is the last: whoever forgets the colon means one line.
    """
    found: list[str] = []
    for line in lines[: 2 * BESIDE_LINES]:
        if _is_blank(line):
            if skip_blank_lines:
                continue
            break
        key, _ = _split(line)
        if key in FORWARD_KEYS:
            return ()
        found.append(_shown(line))
        if not key or len(found) == BESIDE_LINES:
            break
    return tuple(found)


def _goes_on(field: Field, line: str) -> bool:
    """Whether a line is the rest of the field above it: a wrapped solution, or list of people."""
    if line.lstrip(_BLANKS).startswith(">") or len(field.value) >= MAX_LONG_CHARS:
        return False
    if field.key == "solution":
        return bool(field.value)
    return field.key in _LONG and field.value.endswith((",", ";"))


def _longer(field: Field, line: str) -> Field:
    whole = f"{field.value}\n{line.strip(_BLANKS)}"
    return replace(field, value=whole[:MAX_LONG_CHARS])


def _most(key: str) -> int:
    return MAX_LONG_CHARS if key in _LONG else MAX_VALUE_CHARS


def _shown(line: str) -> str:
    shown = line.strip(_BLANKS)
    return shown if len(shown) <= MAX_SHOWN_CHARS else f"{shown[:MAX_SHOWN_CHARS]}..."


def _is_blank(line: str) -> bool:
    return not line.strip().strip(_BLANKS)


def _split(line: str) -> tuple[str, str]:
    """Return the key in lower case and the value, ("", "") for a line of another form."""
    line = line[:MAX_LONG_CHARS].lstrip(_UNSEEN).translate(_PLAIN)
    match = _KEY.match(line)
    if match is None:
        return "", ""
    key = match[1].translate(_NOTHING)
    return " ".join(key.lower().split()), line[match.end() :].strip(_BLANKS)
