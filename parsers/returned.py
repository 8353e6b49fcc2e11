"""A mail of ours that came back below a written-out header (Outlook), without a mark of quotation.

Nothing shows who wrote what there, so it can only be compared with what was sent: by a digest of
its words, in which white space, line ends, bars, list marks and doubled links make no difference.
Rule: a doubt is a word. Whoever wraps or reformats such a mail changes nothing; whoever writes
changes everything.
"""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from parsers.quotes import (
    FROM_KEYS,
    SENT_KEYS,
    SUBJECT_KEYS,
    TO_KEYS,
    header_start,
    is_above_header,
    key_of,
)
from parsers.reply import signature_start
from parsers.subject import reply_prefix_stripped

_HEADER = (FROM_KEYS, SENT_KEYS, TO_KEYS, SUBJECT_KEYS)  # as all of those programs write it
_BARS = ">|\u2502\u2503"
_MARKS = frozenset("*-\u2022\u00b7\u2013\u2014_=")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u2060\u00ad"))
_TARGET = re.compile(r"\s{0,3}<((?:mailto:|https?://)[^\s<>]{1,4000})>", re.IGNORECASE)
# Outlook's servers write links anew, and carry the old one in them.
_REWRITTEN = re.compile(
    r"https://[a-z0-9.-]{1,80}\.safelinks\.protection\.outlook\.com/[^\s<>]{1,4000}(?<![.,;:!?)])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_NUMBERS = re.compile(
    r"\d{1,4}(?:[./-]|[年년]\s?)\d{1,2}(?:[./-]|[月월]\s?)\d{1,4}[日일]?"
    r"(?:\s?(?:星期|周|週).|\s?.(?:曜日|요일))?"
)
_TIME = re.compile(r"\d{1,2}\s?[:.h\uff1a]\s?\d{2}(?::\d{2})?(?!\d)")
_BETWEEN = re.compile(r"[\s\d.,]*")
# What stands in a date beside a weekday and a month.
_IN_DATES = frozenset(
    [
        "a", "à", "alle", "am", "at", "d", "de", "del", "den", "do", "e", "h", "kl", "klo", "las",
        "le", "nd", "o", "om", "ore", "os", "pm", "rd", "st", "th", "uhr", "um", "г", "в",  # noqa: RUF001 - Russian
        "上午", "下午", "午前", "午後", "오전", "오후",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Returned:
    """What can be compared of such a mail, read in one way.

    `sender` and `to` stand in the written-out header. `words` are the digests of its subject with
    all that is below: the whole, and without a signature at the end.
    """

    sender: str
    to: str
    words: frozenset[str]


def digest_of(subject: str, text: str) -> str:
    """Return the digest of a mail's words, to be compared with one that came back."""
    return _digest(_folded(f"{subject}\n{text}"))


def returned(text: str, subject: str) -> Returned | None:
    """Return what is to be compared of a clean text, None when it says something else anyhow.

    Above the header only a signature may stand, and `subject`, that of the mail itself, must be
    that of the header.
    """
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if not is_above_header(first) and signature_start([first]) != 0:
        return None  # as nearly all mails
    start = header_start(lines)
    above = lines[:start]
    if "".join(above[: signature_start(above)]).strip():
        return None
    written, below = _header(lines[start:])
    if not below or not _is_time(written[1]):
        return None
    whole = _folded("\n".join(below))
    unsigned = _folded("\n".join(below[: signature_start(below)]))
    if not _is_same_subject(subject, below[0], whole):
        return None
    return Returned(written[0], written[2], frozenset(map(_digest, (whole, unsigned))))


def _header(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return what stands behind the keys of a written-out header, and all that follows.

    That begins with the value of its last key, the subject. Both are empty for no such header.
    """
    values: list[str] = []
    for at, line in enumerate(lines):
        key, value = key_of(line)
        if key in _HEADER[len(values)]:
            values.append(value)
            if len(values) == len(_HEADER):
                return values, [value, *lines[at + 1 :]]
        elif line.strip() and (values or not is_above_header(line)):
            break
    return [], []


def holds_only(value: str, *known: str) -> bool:
    """Whether a value of such a header has no word but known ones, and at least one."""
    words, ours = set(_words(value)) - {"mailto"}, {one for text in known for one in _words(text)}
    return bool(words) and words <= ours


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).casefold())


def _is_same_subject(subject: str, of: str, whole: str) -> bool:
    """Whether a mail's subject is the one in its written-out header, of which `of` is one line."""
    head, mine = (_folded(reply_prefix_stripped(one)) for one in (of, subject))
    return bool(head) and mine.startswith(head) and (mine == head or whole.startswith(mine))


def _is_time(value: str) -> bool:
    """Whether this is a date with a time and nothing else, in a language that may be any.

    That is all numbers, perhaps with a weekday before, or a month and perhaps a weekday before.
    """
    rest, in_numbers = _NUMBERS.subn(" ", value, 1)
    rest, timed = _TIME.subn(" ", rest, 1)
    digits = len(re.findall(r"\d+", rest))
    if (
        not timed
        or digits != (0 if in_numbers else 2)
        or not _BETWEEN.fullmatch(_WORD.sub("", rest))
    ):
        return False
    unknown = [one[0] for one in _WORD.finditer(rest) if one[0].casefold() not in _IN_DATES]
    weekday = bool(unknown) and value.startswith(unknown[0])
    return len(unknown) - weekday <= (0 if in_numbers else 1)


def _digest(folded: str) -> str:
    return sha256(folded.encode("utf-8", "replace")).hexdigest()


def _folded(text: str) -> str:
    """Return the visible characters of a text, without what mail programs change by themselves."""
    text = unicodedata.normalize("NFC", text.translate(_UNSEEN))
    text = _undoubled(_REWRITTEN.sub(_original, text))
    return "".join(one for token in text.split() if (one := _bare(token)))


def _bare(token: str) -> str:
    """Return a word without a bar before it or stars around it; "" for a rule or a list mark."""
    token = token.lstrip(_BARS).strip("*")
    alike = len(set(token)) == 1 and token[0] in _MARKS
    return "" if alike else token


def _original(match: re.Match[str]) -> str:
    try:
        return parse_qs(urlsplit(match[0]).query).get("url", [match[0]])[0]
    except ValueError:
        return match[0]


def _undoubled(text: str) -> str:
    """Return a text without the targets of links whose words say them already."""
    out: list[str] = []
    at = 0
    for match in _TARGET.finditer(text):
        out.append(text[at : match.start()])
        target = re.sub(r"(?i)^mailto:", "", match[1]).rstrip("/")
        words = out[-1][-len(target) - 1 :].rstrip("/")
        plain = re.sub(r"(?i)^https?://", "", target)
        if not plain or not words.endswith((target, plain)):
            out.append(match[0])
        at = match.end()
    out.append(text[at:])
    return "".join(out)
