"""What a subject says: the ticket tag, registered site names, reply and forward prefixes.

Rule: a tag is the configured words and a number, nothing shorter; a site name is a registered one
as a whole word. A subject is a hint: it never proves anything.
"""

import re
from collections.abc import Iterable

from parsers.text import folded

# Reply prefixes of mail programs by language (en, de, fr, es, it, pt, nl, da, sv, no, fi, pl, cs,
# hu, ro, tr, el, he, ru, zh).
_REPLY = (
    "re", "aw", "antw", "antwort", "ré", "réf", "ref", "rif", "r", "res", "resp", "sv", "vs",
    "odp", "vá", "ynt", "atb", "απ", "σχετ", "השב", "на", "отв", "回复", "回覆", "答复", "答覆",
    "返信",
)  # fmt: skip
_FORWARD = (
    "fwd", "fw", "wg", "tr", "rv", "enc", "i", "vb", "doorst", "vl", "pd", "továbbítás", "ilt",
    "πρθ", "הועבר", "переслано", "转发", "轉寄", "轉發", "転送",
)  # fmt: skip
_COUNT = r"(?:[ ]?[\[(*^][0-9]{1,3}[\])]?)?"


def _prefix(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{'|'.join(words)}){_COUNT}\s?[:\uff1a]\s*", re.IGNORECASE)


_ANY_PREFIX = _prefix(_REPLY + _FORWARD)
_FORWARD_PREFIX = _prefix(_FORWARD)
MAX_PREFIXES = 20


def ticket_tags(subject: str, tag: str) -> tuple[int, ...]:
    """Return the ticket numbers that stand behind `tag` (`GGUS-Ticket-ID: #123`), each once.

    Case, blanks, the colon and the number sign may be missing or differ; the tag must not be part
    of a longer word.
    """
    words = r"[\s_-]?".join(re.escape(word) for word in re.split(r"[\s_-]+", tag) if word)
    if not words:
        return ()
    gap = r"(?:\s?[:#]\s?#?\s?|\s)"
    pattern = rf"(?<![\w-]){words}{gap}([0-9]{{1,15}})(?![0-9])"
    found = re.findall(pattern, subject, re.IGNORECASE)
    return tuple(dict.fromkeys(int(number) for number in found))


def site_names_in(subject: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the registered names that stand in the subject as whole words, in order, each once.

    `names` are in lower case and may hold blanks. Of names that overlap the longest wins. A name
    without a digit or a hyphen counts only as `[name]`, or as `name:` at the start.
    """
    text = folded(subject)
    start = reply_prefix_stripped(text)
    hits: list[tuple[int, int, str]] = []
    for name in names:
        if not name or name not in text:
            continue
        if any(c.isdigit() or c == "-" for c in name):
            pattern = rf"(?<![\w.@-]){re.escape(name)}(?![\w-]|\.\w|@)"
        else:
            pattern = rf"\[{re.escape(name)}\]"
            if re.match(rf"{re.escape(name)} ?:", start):
                at = len(text) - len(start)
                hits.append((at, at + len(name), name))
        hits += [(m.start(), m.end(), name) for m in re.finditer(pattern, text)]
    kept: list[tuple[int, int, str]] = []
    for hit in sorted(hits, key=lambda h: (h[0] - h[1], h[0])):
        if all(hit[1] <= other[0] or hit[0] >= other[1] for other in kept):
            kept.append(hit)
    return tuple(dict.fromkeys(name for _, _, name in sorted(kept)))


def reply_prefix_stripped(subject: str) -> str:
    """Return the subject without `Re:`, `AW:`, `Fwd:` and their like in many languages."""
    for _ in range(MAX_PREFIXES):
        match = _ANY_PREFIX.match(subject)
        if match is None:
            break
        subject = subject[match.end() :]
    return subject.strip()


def is_forward(subject: str) -> bool:
    """Tell whether the outermost prefix says that the mail was forwarded."""
    return _FORWARD_PREFIX.match(subject) is not None
