"""Encoded words in header text (RFC 2047), read as leniently as they are written.

Rule: linear in the length of the text; at most 50 words per field, the rest is shown as it came.
Words of one character set that touch are joined before decoding, since many programs split a
letter between two. Never raises.
"""

import binascii
import re

from parsers.charsets import decode as decode_charset

MAX_WORDS = 50
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")


def decode_words(text: str) -> tuple[str, bool, bool]:
    """Return `text` with its words decoded, whether a charset was guessed, whether over the cap."""
    if "=?" not in text:
        return text, False, False
    out: list[str] = []
    pending: list[bytes] = []
    charset = ""
    guessed = False
    at = 0
    count = 0

    def flush() -> None:
        nonlocal guessed
        if pending:
            decoded, unsure = decode_charset(b"".join(pending), charset)
            out.append(decoded)
            guessed = guessed or unsure
            pending.clear()

    for match in _WORD.finditer(text):
        count += 1
        if count > MAX_WORDS:
            break
        between = text[at : match.start()]
        label = match[1].partition("*")[0].lower()
        if between.strip() or at == 0 or label != charset:
            flush()
        if between.strip() or at == 0:
            out.append(between)
        charset = label
        pending.append(_bytes_of(match[2], match[3]))
        at = match.end()
    flush()
    out.append(text[at:])
    return "".join(out), guessed, count > MAX_WORDS


def _bytes_of(kind: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if kind in "qQ":
        return binascii.a2b_qp(raw, header=True)
    raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(raw) % 4 == 1:
        raw = raw[:-1]
    return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
