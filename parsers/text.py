"""Clean text: the one gate that every piece of text from a mail passes.

Rule: what leaves here can be stored in any database, printed on one line of a log and shown on a
page without steering the reader's eye: no lone surrogates, no control characters, no bidi
overrides or isolates (a file name that reads backwards), no exotic line ends.
Letters, marks, joiners and emoji stay as they are: text is cleaned, not normalised.
"""

import re

MAX_TEXT_BYTES = 256 * 1024  # text taken into a ticket (ARCHITECTURE, Limits)

_LINE_ENDS = "\x0b\x0c\x0d\x85\u2028\u2029"
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROLS = "".join(
    chr(c) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n" + _LINE_ENDS
)
_TABLE: dict[int, str | None] = {
    **{ord(c): None for c in _CONTROLS + _BIDI + "\ufeff"},
    **{ord(c): "\n" for c in _LINE_ENDS},
}
_DIRTY = re.compile("[" + re.escape(_CONTROLS + _LINE_ENDS + _BIDI) + "\ufeff\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str, *, one_line: bool = False) -> str:
    """Return `text` without anything that can harm a reader, a log or a database.

    Line ends of every kind become LF; with `one_line` all white space is folded to single
    blanks and the ends are stripped. A lone surrogate becomes U+FFFD, so that it is seen.
    """
    if _DIRTY.search(text):
        text = _SURROGATE.sub("\ufffd", text).replace("\r\n", "\n").translate(_TABLE)
    return " ".join(text.split()) if one_line else text


def folded(name: str) -> str:
    """Return a name or a word as it is compared: case and blanks make no difference."""
    return " ".join(name.lower().split())


def cut(text: str, max_bytes: int = MAX_TEXT_BYTES) -> tuple[str, bool]:
    """Return `text` within `max_bytes` of UTF-8, and whether anything was cut off.

    `text` must be clean. No character is cut in two.
    """
    if len(text) * 4 <= max_bytes:
        return text, False
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= max_bytes:
        return text, False
    return encoded[:max_bytes].decode("utf-8", "ignore"), True
