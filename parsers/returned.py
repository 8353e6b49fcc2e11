"""A mail of ours that came back below a written-out header (Outlook), without a mark of quotation.

Nothing shows who wrote what there, so it can only be compared with what was sent: by a digest of
its words, in which white space, line ends, bars, list marks and doubled links make no difference,
nor does what a mail server puts on top of every mail from outside (`parsers.banners`).
Rule: a doubt is a word. Whoever wraps or reformats such a mail changes nothing; whoever writes
changes everything.
"""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from parsers.banners import without_banners, without_tags
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

_KEYS_IN_ORDER = (FROM_KEYS, SENT_KEYS, TO_KEYS, SUBJECT_KEYS)  # as all of those programs write it
_MOST_ROUNDS = 4  # of an answer to an answer, each with its own marks in the subject
_QUOTE_BARS = ">|\u2502\u2503"
_RULES_AND_BULLETS = frozenset("*-\u2022\u00b7\u2013\u2014_=")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\u00ad"))
_LINK_TARGET = re.compile(r"\s{0,3}<((?:mailto:|https?://)[^\s<>]{1,4000})>", re.IGNORECASE)
# Outlook's servers write links anew, and carry the old one in them.
_SAFE_LINK = re.compile(
    r"https://[a-z0-9.-]{1,80}\.safelinks\.protection\.outlook\.com/[^\s<>]{1,4000}(?<![.,;:!?)])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_DATE_IN_NUMBERS = re.compile(
    r"\d{1,4}(?:[./-]|[年년]\s?)\d{1,2}(?:[./-]|[月월]\s?)\d{1,4}[日일]?"
    r"(?:\s?(?:星期|周|週).|\s?.(?:曜日|요일))?"
)
_TIME_OF_DAY = re.compile(r"\d{1,2}\s?[:.h\uff1a]\s?\d{2}(?::\d{2})?(?!\d)")
_NUMBERS_LEFT = re.compile(r"[\s\d.,]*")
# What stands in a date beside a weekday and a month.
_SMALL_WORDS_OF_DATES = frozenset(
    [
        "a", "à", "alle", "am", "at", "d", "de", "del", "den", "do", "e", "h", "kl", "klo", "las",
        "le", "nd", "o", "om", "ore", "os", "pm", "rd", "st", "th", "uhr", "um", "г", "в",  # noqa: RUF001 - Russian
        "上午", "下午", "午前", "午後", "오전", "오후",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Returned:
    """What can be compared of such a mail, read in one way.

    `sender` and `to` are the values in the written-out header. `digests` are those of its subject
    with all that is below: the whole, without a signature at the end, and both without what a mail
    server has put before the subject and on top of the text.
    """

    sender: str
    to: str
    digests: frozenset[str]


def digest_of(subject: str, text: str) -> str:
    """Return the digest of a mail's words, to be compared with one that came back."""
    return _sha256(_visible(f"{subject}\n{text}"))


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
    values, below = _values_and_rest(lines[start:])
    if not below or not _is_date_and_time(values[1]):
        return None
    texts = (below, below[: signature_start(below)])
    seen = {_visible("\n".join(text)) for text in texts}
    untagged = without_tags(below[0])
    bare = {_visible("\n".join([untagged, *text[1:]])) for text in texts}
    mine = _visible(_bare_subject(subject))
    if not _is_same_subject(mine, _visible(_bare_subject(below[0])), bare):
        return None
    bare |= {mine + without_banners(one[len(mine) :]) for one in bare if one.startswith(mine)}
    return Returned(values[0], values[2], frozenset(map(_sha256, seen | bare)))


def _bare_subject(subject: str) -> str:
    """Return a subject without what programs and servers put before it, in any order."""
    for _ in range(_MOST_ROUNDS):
        subject = reply_prefix_stripped(without_tags(subject))
    return subject


def _values_and_rest(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return what stands behind the keys of a written-out header, and all that follows.

    That begins with the value of its last key, the subject. Both are empty for no such header.
    """
    values: list[str] = []
    for at, line in enumerate(lines):
        key, value = key_of(line)
        if key in _KEYS_IN_ORDER[len(values)]:
            values.append(value)
            if len(values) == len(_KEYS_IN_ORDER):
                return values, [value, *lines[at + 1 :]]
        elif line.strip() and (values or not is_above_header(line)):
            break
    return [], []


def holds_only(value: str, *known: str) -> bool:
    """Whether a value of such a header has no word but known ones, and at least one."""
    words = set(_words_of(value)) - {"mailto"}
    return bool(words) and words <= {one for text in known for one in _words_of(text)}


def _words_of(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).casefold())


def _is_same_subject(mine: str, line: str, texts: set[str]) -> bool:
    """Whether a mail's subject is that of its written-out header, of which `line` is the first."""
    begins = bool(line) and mine.startswith(line)
    return begins and (mine == line or any(one.startswith(mine) for one in texts))


def _is_date_and_time(value: str) -> bool:
    """Whether this is a date with a time and nothing else, in a language that may be any.

    That is all numbers, perhaps with a weekday before, or a month and perhaps a weekday before.
    """
    rest, in_numbers = _DATE_IN_NUMBERS.subn(" ", value, 1)
    rest, timed = _TIME_OF_DAY.subn(" ", rest, 1)
    digits = len(re.findall(r"\d+", rest))
    if (
        not timed
        or digits != (0 if in_numbers else 2)
        or not _NUMBERS_LEFT.fullmatch(_WORD.sub("", rest))
    ):
        return False
    unknown = [
        one[0] for one in _WORD.finditer(rest) if one[0].casefold() not in _SMALL_WORDS_OF_DATES
    ]
    weekday = bool(unknown) and value.startswith(unknown[0])
    return len(unknown) - weekday <= (0 if in_numbers else 1)


def _sha256(folded: str) -> str:
    return sha256(folded.encode("utf-8", "replace")).hexdigest()


def _visible(text: str) -> str:
    """Return the visible characters of a text, without what mail programs change by themselves."""
    text = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    text = _without_doubled_targets(_SAFE_LINK.sub(_target_of_safe_link, text))
    return "".join(one for token in text.split() if (one := _without_marks(token)))


def _without_marks(token: str) -> str:
    """Return a word without a bar before it or stars around it; "" for a rule or a list mark."""
    token = token.lstrip(_QUOTE_BARS).strip("*")
    alike = len(set(token)) == 1 and token[0] in _RULES_AND_BULLETS
    return "" if alike else token


def _target_of_safe_link(match: re.Match[str]) -> str:
    try:
        return parse_qs(urlsplit(match[0]).query).get("url", [match[0]])[0]
    except ValueError:
        return match[0]


def _without_doubled_targets(text: str) -> str:
    """Return a text without the targets of links whose words say them already."""
    out: list[str] = []
    at = 0
    for match in _LINK_TARGET.finditer(text):
        out.append(text[at : match.start()])
        target = re.sub(r"(?i)^mailto:", "", match[1]).rstrip("/")
        words = out[-1][-len(target) - 1 :].rstrip("/")
        plain = re.sub(r"(?i)^https?://", "", target)
        if not plain or not words.endswith((target, plain)):
            out.append(match[0])
        at = match.end()
    out.append(text[at:])
    return "".join(out)
