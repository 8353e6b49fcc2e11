"""Parameters of Content-Type and Content-Disposition (RFC 2045, 2183, 2231).

Rule: linear, capped, never raises. Takes what mail programs write: continuations in any order,
character sets per piece, encoded words inside quotes, raw 8-bit text, unquoted names with blanks.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from parsers.charsets import decode
from parsers.words import decode_words

MAX_VALUE_CHARS = 8_000
MAX_PARAMETERS = 100

_NAME = re.compile(r"[ \t]*([A-Za-z0-9_.-]{1,60})(\*[0-9]{1,3})?(\*)?[ \t]*=[ \t]*")
_CHARSET = re.compile(r"([^']{0,60})'([^']{0,60})'")


def parameters(value: str) -> tuple[str, Mapping[str, str]]:
    """Return the leading token in lower case, and the parameters by lower-case name.

    `value` is one unfolded header value; beyond 8,000 characters or 100 parameters it is not read.
    """
    pieces = _split(value[:MAX_VALUE_CHARS])
    plain: dict[str, str] = {}
    extended: dict[str, list[tuple[int, bool, str]]] = {}
    for piece in pieces[1 : MAX_PARAMETERS + 1]:
        match = _NAME.match(piece)
        if match is None:
            continue
        name, text = match[1].lower(), _unquoted(piece[match.end() :])
        if match[2] is None and match[3] is None:
            plain.setdefault(name, decode_words(text)[0])
        else:
            number = int(match[2][1:]) if match[2] else 0
            extended.setdefault(name, []).append((number, match[3] is not None, text))
    joined = {name: _joined(parts) for name, parts in extended.items()}
    return "".join(pieces[0].split()).lower(), {**plain, **joined}


def _split(value: str) -> list[str]:
    """Split at semicolons outside quotes."""
    pieces: list[str] = []
    run: list[str] = []
    quoted = escaped = False
    for char in value:
        if char == ";" and not quoted:
            pieces.append("".join(run))
            run = []
            continue
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        run.append(char)
    return [*pieces, "".join(run)]


def _unquoted(text: str) -> str:
    text = text.strip()
    if not text.startswith('"'):
        return text
    end = text.rfind('"')
    inner = text[1:end] if end > 0 else text[1:]
    # Windows programs write C:\dir\name unescaped: only \" and \\ are quoted pairs here.
    return re.sub(r'\\(["\\])', r"\1", inner)


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    """Join the pieces of one RFC 2231 value; the first names the character set."""
    parts = sorted(parts, key=lambda part: part[0])
    first = _CHARSET.match(parts[0][2]) if parts[0][1] else None
    raw = bytearray()
    for at, (_, percent, text) in enumerate(parts):
        body = text[first.end() :] if first and at == 0 else text
        raw += unquote_to_bytes(body) if percent else body.encode("utf-8", "replace")
    return decode(bytes(raw), first[1] if first else "")[0]
