"""The two digests of a mail: the bytes as they came, and the mail apart from its way.

Rule: `sha256_of` names the stored bytes. `content_of` is equal for the same mail that came twice:
by another door, by another relay, with CRLF or LF. It leaves out what relays and mailboxes add
(trace fields) and nothing that an author wrote. Neither looks at the meaning of anything.
"""

import re
from hashlib import sha256

# Lower case; a trailing "-" stands for a family. RFC 5321, 6376, 8601, 8617, 7208, and what
# delivery agents and mailbox files add.
TRACE = (
    "received", "return-path", "delivered-to", "authentication-results", "dkim-signature",
    "received-spf", "envelope-to", "delivery-date", "status", "content-length", "lines",
    "x-", "arc-",
)  # fmt: skip

_TRACE_FIELD = re.compile(
    rb"^(?:%b)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)"
    % b"|".join(
        re.escape(name.encode()) + (rb"[!-9;-~]*" if name.endswith("-") else b"") for name in TRACE
    ),
    re.MULTILINE | re.IGNORECASE,
)
_MBOX_LINE = re.compile(rb"From [^\n]*\n")


def sha256_of(raw: bytes) -> str:
    """Return the SHA-256 of the bytes as received, 64 lower-case hex digits."""
    return sha256(raw).hexdigest()


def content_of(raw: bytes) -> str:
    """Return the SHA-256 of the mail without its trace fields, 64 lower-case hex digits.

    Carriage returns do not count (so line ends are LF), nor do empty lines at the end.
    """
    text = raw.translate(None, b"\r")  # a quarter of what replacing CRLF costs
    end = _header_end(text)
    head = text[:end]
    mbox = _MBOX_LINE.match(head)
    digest = sha256(_TRACE_FIELD.sub(b"", head[mbox.end() :] if mbox else head))
    digest.update(b"\n")
    digest.update(memoryview(text)[end : len(text.rstrip(b"\n"))])
    return digest.hexdigest()


def _header_end(text: bytes) -> int:
    """Return the length of the header with the end of its last line; 0 when there is none."""
    if text.startswith(b"\n"):
        return 0
    at = text.find(b"\n\n")
    return len(text) if at < 0 else at + 1
