"""A mail's body in the two forms that DKIM hashes (RFC 6376 section 3.4), in a few copies.

Rule: the same bytes as the library's own forms, which are too slow for large bodies and quadratic
for long runs of blanks.
"""

import re
from hashlib import sha256

from dkim.canonicalization import strip_trailing_lines

_TABS = bytes.maketrans(b"\t", b" ")
_LINE_END = re.compile(rb"\r?\n")


def body_of(raw: bytes, body_at: int) -> bytes:
    """Return the body that begins at an offset, each line with CRLF."""
    body = raw[body_at:]
    if body.count(b"\n") == body.count(b"\r\n"):
        return body
    return _LINE_END.sub(b"\r\n", body)


def squeezed(body: bytes) -> bytes:
    """Return a body with single blanks; its relaxed form is the same."""
    body = body.translate(_TABS)
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    return body


def body_hash(body: bytes, *, relaxed: bool) -> bytes:
    """Return the SHA-256 of a body's relaxed or simple form."""
    if relaxed:
        body = squeezed(body).replace(b" \r\n", b"\r\n")
    body = _without_empty_end(body)
    return sha256(b"" if relaxed and body == b"\r\n" else body).digest()


def _without_empty_end(body: bytes) -> bytes:
    """Return a body with one line end at its end."""
    text = body.rstrip(b"\r\n")
    end = len(body) - len(text)
    if body.endswith(b"\r\n" * (end // 2)) and end % 2 == 0:
        return text + b"\r\n"
    stripped: bytes = strip_trailing_lines(body)  # a lone CR or LF among them
    return stripped
