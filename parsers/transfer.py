"""Content-Transfer-Encoding (RFC 2045 section 6): bytes as sent to bytes as meant.

Rule: a damaged part gives as much as can be decoded and says that it is damaged; an unknown
encoding gives the bytes as they came. Never raises.
"""

import binascii
import re
from itertools import islice

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BLANK = b" \t\r\n"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64) - set(b"="))
_BAD_QP = re.compile(rb"=(?!(?:[0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z))")
MAX_PIECES = 1_000
IDENTITY = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit"})


def decoded(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """Return the decoded bytes, and whether the part was damaged or its encoding unknown."""
    if encoding == "base64":
        return _base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body), _BAD_QP.search(body) is not None
    return body, encoding not in IDENTITY


def _base64(body: bytes) -> tuple[bytes, bool]:
    letters = body.translate(None, _NOT_BASE64)
    noise = len(body) - len(letters) - sum(body.count(bytes([b])) for b in _BLANK)
    padded = letters.rstrip(b"=")
    if b"=" in padded:
        return _pieces(letters), True
    damaged = noise > 0 or len(padded) % 4 == 1 or len(letters) - len(padded) > 2
    if len(padded) % 4 == 1:
        padded = padded[:-1]
    return binascii.a2b_base64(padded + b"=" * (-len(padded) % 4)), damaged


def _pieces(letters: bytes) -> bytes:
    """Decode base64 that was joined from several padded pieces; text after it is noise."""
    out = bytearray()
    for match in islice(re.finditer(rb"[^=]+", letters), MAX_PIECES):
        piece = match[0]
        whole = piece[: len(piece) - (len(piece) % 4 == 1)]
        out += binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
    return bytes(out)
