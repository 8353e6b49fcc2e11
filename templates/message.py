"""A whole outgoing mail as bytes (RFC 5322, MIME): CRLF, 7-bit, nothing left to a relay to change.

Deterministic: the same arguments give the same bytes, boundaries included, so that a mail sent
again is the same mail. Built by hand because that is the only way to know every byte; a header of
somebody else's is never written again, only Message-IDs that were checked.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote

from templates.clean import one_line
from templates.headers import address, folded, header, mailbox, message_ids
from templates.render import Spoken

_PLAIN_LINE_CHARS = 78
_BASE64_BYTES = 57  # 76 characters a line
_NAME_CHARS = 55  # of one piece of a file name (RFC 2231)
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")
_WHOLE_ONLY = ("message/", "multipart/")  # may not be base64 (RFC 2046 section 5)
_UNKNOWN = "application/octet-stream"
_PLAIN_NAME = re.compile(r"[ !#-\[\]-~]{1,60}")


@dataclass(frozen=True, slots=True)
class Head:
    """What the header of one mail says besides its subject.

    `reply_to` is "" for none. `references` are Message-IDs, the root of the thread first.
    `auto` is the value of Auto-Submitted (RFC 3834). `loop_mark` names this helpdesk to itself.
    `more` are further fields, name and value.
    """

    sender_name: str
    sender: str
    recipient: str
    message_id: str
    date: datetime
    reply_to: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    auto: str = "auto-generated"
    loop_mark: str = ""
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One file that travels with a mail."""

    filename: str
    content_type: str
    data: bytes


def build(spoken: Spoken, head: Head, enclosures: Sequence[Enclosure] = ()) -> bytes:
    """Return the whole mail. Raises Malformed for an address or Message-ID that cannot be used."""
    digest = sha256(head.message_id.encode("utf-8", "surrogatepass")).hexdigest()
    body = text_part(spoken.text, "plain")
    if spoken.html:
        html = text_part(spoken.html, "html")
        body = multipart("alternative", f"=_a{digest[:32]}", [body, html])
    if enclosures:
        files = [_file_part(item) for item in enclosures]
        body = multipart("mixed", f"=_m{digest[:32]}", [body, *files])
    return (header_lines(spoken.subject, head) + "MIME-Version: 1.0\r\n" + body).encode("ascii")


def header_lines(subject: str, head: Head) -> str:
    """Return the header of a mail without what describes its body; raises like `build`."""
    own_id = message_ids([head.message_id])
    if not own_id:
        raise ValueError(f"unusable Message-ID {head.message_id!r}")
    lines = [
        folded("From", mailbox(head.sender_name, head.sender)),
        folded("To", address(head.recipient)),
        header("Subject", subject),
        folded("Date", format_datetime(head.date)),
        folded("Message-ID", own_id[0]),
    ]
    if head.reply_to:
        lines.append(folded("Reply-To", address(head.reply_to)))
    for name, ids in (("In-Reply-To", head.in_reply_to), ("References", head.references)):
        good = message_ids(ids)
        if good:
            lines.append(folded(name, " ".join(good)))
    lines.append(folded("Auto-Submitted", head.auto))
    lines.append("X-Auto-Response-Suppress: All\r\n")
    if head.loop_mark:
        lines.append(header("X-Ticketgate-Loop", head.loop_mark))
    lines += [header(name, value) for name, value in head.more]
    return "".join(lines)


def multipart(subtype: str, boundary: str, parts: Sequence[str]) -> str:
    """Join parts. No part can hold `=_` at the start of a line: see `text_part`, and base64."""
    inside = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'
    return f"{head}{inside}--{boundary}--\r\n"


def text_part(text: str, subtype: str, *, always_readable: bool = False) -> str:
    """Choose the plainest encoding that no relay and no mailbox format will alter.

    `always_readable` never chooses base64, in which a program that reads raw text sees nothing.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    lines = text.split("\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: "
    if text.isascii() and not any(map(_needs_care, lines)):
        return f"{head}7bit\r\n\r\n" + "\r\n".join(lines)
    data = text.encode("utf-8", "replace")
    printable = _quoted_printable(data)
    if len(printable) > len(data) * 3 // 2 and not always_readable:
        return f"{head}base64\r\n\r\n" + _base64(data.replace(b"\n", b"\r\n"))
    return f"{head}quoted-printable\r\n\r\n{printable}"


def _needs_care(line: str) -> bool:
    """Tell lines that some program on the way would cut, strip, escape or take for a boundary."""
    return (
        len(line) > _PLAIN_LINE_CHARS
        or line.endswith((" ", "\t"))
        or line.startswith(("From ", "--=_"))
        or not line.isprintable()
    )


def _quoted_printable(data: bytes) -> str:
    text = binascii.b2a_qp(data, istext=True, header=False).decode("ascii")
    text = re.sub("(?m)^From ", "=46=\nrom ", text)  # a mailbox file would write ">From "
    return text.replace("\n", "\r\n")


def _base64(data: bytes) -> str:
    pieces = (data[i : i + _BASE64_BYTES] for i in range(0, len(data), _BASE64_BYTES))
    lines = [binascii.b2a_base64(piece, newline=False).decode("ascii") for piece in pieces]
    return "".join(f"{line}\r\n" for line in lines)


def _file_part(item: Enclosure) -> str:
    kind = item.content_type.lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(_WHOLE_ONLY):
        kind = _UNKNOWN
    return (
        f"Content-Type: {kind}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment{_filename(item.filename)}\r\n\r\n{_base64(item.data)}"
    )


def _filename(name: str) -> str:
    r"""Return the parameter `filename`, in pieces where it is long or not plain (RFC 2231)."""
    shown = one_line(name) or "attachment"
    if _PLAIN_NAME.fullmatch(shown):
        return f';\r\n filename="{shown}"'
    pieces, piece = [], ""
    for char in shown:
        more = quote(char.encode("utf-8"), safe="")
        if len(piece) + len(more) > _NAME_CHARS:
            pieces.append(piece)
            piece = ""
        piece += more
    pieces.append(piece)
    if len(pieces) == 1:
        return f";\r\n filename*=utf-8''{pieces[0]}"
    first = [f";\r\n filename*0*=utf-8''{pieces[0]}"]
    return "".join(first + [f";\r\n filename*{i}*={p}" for i, p in enumerate(pieces) if i])
