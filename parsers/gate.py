"""The structure gate: what a door must know of a mail before it says 250.

Two readers that disagree about a mail are how forgeries pass. So the gate reads the header with
its own strict line grammar (RFC 5322 section 2.2: `name:` of printable ASCII, folds begin with a
blank) and names every fault that readers are known to read differently. It uses no e-mail parser,
looks at no meaning, decodes nothing and decides nothing: a border door refuses the faults in
REFUSED_AT_THE_BORDER, every other door keeps the mail with its faults.
Cost: a handful of C-level passes; 25 MB take some tens of milliseconds.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from parsers.ids import message_id

MAX_HEADER_BYTES = 64 * 1024
MAX_FIELDS = 200
MAX_LINE_BYTES = 998  # RFC 5322 section 2.1.1, without the line end
MAX_FROM_BYTES = 512


class Fault(StrEnum):
    """A structure fault, as the sentence that its sender may read in an SMTP reply."""

    NUL = "the mail holds a NUL byte"
    BARE_IN_HEADER = "a line of the header ends in a bare CR or LF"
    NOT_A_FIELD = "a line of the header is not of the form 'Name: value'"
    TWICE = "a field that may stand once stands twice in the header"
    FROM_TWICE = "a From line stands twice in the header"
    HEADER_TOO_LONG = "the header is longer than 64 kB"
    TOO_MANY_FIELDS = "the header has more than 200 fields"
    LINE_TOO_LONG = "a line of the header is longer than 998 bytes"
    FROM_TOO_LONG = "the From line is longer than 512 bytes"
    BARE_IN_BODY = "a line of the body ends in a bare CR or LF"


REFUSED_AT_THE_BORDER = frozenset(Fault) - {Fault.BARE_IN_BODY}
# With one of these, readers may see different fields: nobody can be sure who the sender is.
AMBIGUOUS = frozenset(
    {Fault.NUL, Fault.BARE_IN_HEADER, Fault.NOT_A_FIELD, Fault.FROM_TWICE, Fault.FROM_TOO_LONG}
)
# RFC 5322 section 3.6 (at most once), RFC 2045 sections 4 to 8, RFC 2183.
ONCE = frozenset(
    {
        b"date", b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id",
        b"in-reply-to", b"references", b"subject",
        b"mime-version", b"content-type", b"content-transfer-encoding", b"content-disposition",
        b"content-id",
    }
)  # fmt: skip

_FIELDS = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*")
_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
_LONG_LINE = re.compile(rb"[^\n]{%d}" % (MAX_LINE_BYTES + 2))
_FROM = re.compile(rb"^from:[^\n]*\n(?:[ \t][^\n]*\n)*", re.MULTILINE | re.IGNORECASE)
_MESSAGE_ID = re.compile(
    rb"^message-id[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate saw. `message_id` has its brackets, or is ""; sizes are in bytes.

    `received` counts the Received fields. `header_size` is the header block without the blank line.
    """

    faults: tuple[Fault, ...]
    message_id: str
    received: int
    header_size: int


def look(raw: bytes, *, file: bool = False) -> Gate:
    """Judge the structure of a mail as it came from the wire.

    Lines end in CRLF. Only a mail without any CRLF (no SMTP peer can send one) is judged
    by LF; with `file`, for a mail read from a mailbox or a disk, the first line end decides.
    Never raises.
    """
    eol = _line_end(raw, file=file)
    head, body_at = _header(raw, eol)
    faults: dict[Fault, None] = {}
    if b"\0" in raw:
        faults[Fault.NUL] = None
    if len(head) > MAX_HEADER_BYTES:
        faults[Fault.HEADER_TOO_LONG] = None
    seen = head[: MAX_HEADER_BYTES + 1]  # a longer header is a fault already: look at its start
    if _bare(seen if len(head) > len(seen) else head, eol):
        faults[Fault.BARE_IN_HEADER] = None
    elif not _FIELDS.fullmatch(seen if len(seen) == len(head) else _whole_lines(seen)):
        faults[Fault.NOT_A_FIELD] = None
    names = Counter(name.lower() for name in _NAME.findall(seen))
    twice = {name for name, count in names.items() if count > 1 and name in ONCE}
    if b"from" in twice:
        faults[Fault.FROM_TWICE] = None
    if twice - {b"from"}:
        faults[Fault.TWICE] = None
    if names.total() > MAX_FIELDS:
        faults[Fault.TOO_MANY_FIELDS] = None
    if _LONG_LINE.search(seen) and _line_too_long(seen):
        faults[Fault.LINE_TOO_LONG] = None
    if len(max(_FROM.findall(seen), key=len, default=b"").strip()) > MAX_FROM_BYTES:
        faults[Fault.FROM_TOO_LONG] = None
    if _bare_after(raw, body_at, eol):
        faults[Fault.BARE_IN_BODY] = None
    found = _MESSAGE_ID.search(seen)
    return Gate(
        tuple(faults),
        message_id(found[1]) if found else "",
        names[b"received"],
        len(head),
    )


def _line_end(raw: bytes, *, file: bool) -> bytes:
    if file:
        at = raw.find(b"\n")
        return b"\n" if at < 1 or raw[at - 1] != 0x0D else b"\r\n"
    return b"\r\n" if b"\r\n" in raw else b"\n"


def _header(raw: bytes, eol: bytes) -> tuple[bytes, int]:
    """Return the header block, each line with its end, and where the body begins."""
    if raw.startswith(eol):
        return b"", len(eol)
    at = raw.find(eol + eol)
    if at < 0:
        return raw if raw.endswith(eol) or not raw else raw + eol, len(raw)
    return raw[: at + len(eol)], at + 2 * len(eol)


def _bare(block: bytes, eol: bytes) -> bool:
    if eol == b"\n":
        return b"\r" in block
    pairs = block.count(b"\r\n")
    # A block that was cut may end between CR and LF.
    lone_cr = block.count(b"\r") - block.endswith(b"\r")
    return lone_cr > pairs or block.count(b"\n") > pairs


def _bare_after(raw: bytes, start: int, eol: bytes) -> bool:
    if eol == b"\n":
        return raw.find(b"\r", start) >= 0
    pairs = raw.count(b"\r\n", start)
    return raw.count(b"\n", start) != pairs or raw.count(b"\r", start) != pairs


def _whole_lines(block: bytes) -> bytes:
    return block[: block.rfind(b"\n") + 1]


def _line_too_long(block: bytes) -> bool:
    return any(len(line.rstrip(b"\r")) > MAX_LINE_BYTES for line in block.split(b"\n"))
