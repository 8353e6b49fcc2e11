"""The alarm document and its signature, found in a raw mail.

Rule: own walk over the MIME tree with caps, because Python's `email` needs half a minute for a
hostile mail; it never raises and never looks at what the header says about the alarm. What it
finds is only a candidate: `verify` and `judge` decide. Attached messages and signed wrappers are
walked into, so a mail that was forwarded as an attachment serves as well.
Standard library only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parsers.alarm_document import MAX_DOCUMENT_BYTES, SCHEMA
from parsers.transfer import decoded

MAX_MAIL_BYTES = 262_144
MAX_PARTS = 60
MAX_DEPTH = 10
MAX_HEADER_BYTES = 65_536
MAX_SIGNATURE_PART_BYTES = 4_096
MAX_CANDIDATES = 4
_FAMILY = SCHEMA.rpartition(":")[0].encode() + b":"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"(?im)^(content-type|content-transfer-encoding|content-disposition)[ \t]*:")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_BOUNDARY = re.compile(r'(?i);\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"]{1,200}))')
_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80})")
_JSON = re.compile(r"application/json|[a-z0-9.-]+/[a-z0-9.-]+\+json")
_NAMED = re.compile(r'(?i)name\*?\s*=\s*"?(?:utf-8\'\')?alarm\.json(?!\.sig)\b')
_SIGNATURE = re.compile(rb"(?m)^[ \t]*([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{86})(?:==)?[ \t\r]*$")


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of `alarm.json.sig`: the key's name and 86 letters of base64url."""

    kid: str
    letters: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a mail holds, in its order: documents as they arrived (decoded), and signatures."""

    documents: Sequence[bytes] = ()
    signatures: Sequence[Signature] = ()


@dataclass(frozen=True, slots=True)
class _Leaf:
    content_type: str
    named: str
    content: bytes


def find(raw: bytes) -> Found:
    """Return the candidates of a mail; a mail over `MAX_MAIL_BYTES` is not looked into."""
    if len(raw) > MAX_MAIL_BYTES:
        return Found()
    documents: dict[bytes, None] = {}
    signatures: dict[Signature, None] = {}
    for leaf in _Walk().leaves(raw, 0):
        if _is_document(leaf):
            documents[leaf.content] = None
        elif len(leaf.content) <= MAX_SIGNATURE_PART_BYTES:
            for match in _SIGNATURE.finditer(leaf.content):
                signatures[Signature(match[1].decode(), match[2].decode())] = None
    return Found(tuple(documents)[:MAX_CANDIDATES], tuple(signatures)[:MAX_CANDIDATES])


def _is_document(leaf: _Leaf) -> bool:
    if len(leaf.content) > MAX_DOCUMENT_BYTES or _FAMILY not in leaf.content:
        return False
    return bool(_JSON.fullmatch(leaf.content_type) or _NAMED.search(leaf.named))


class _Walk:
    """One walk: how many parts it has met."""

    def __init__(self) -> None:
        self.parts = 0

    def leaves(self, raw: bytes, depth: int) -> Iterator[_Leaf]:
        """Yield the leaves of a mail or a part, caps kept."""
        self.parts += 1
        if self.parts > MAX_PARTS or depth > MAX_DEPTH:
            return
        header, body = _split(raw)
        fields = _fields(header)
        type_field = fields.get("content-type", "")
        found = _TYPE.match(type_field)
        content_type = found[1].lower() if found else "text/plain"
        boundary = _BOUNDARY.search(type_field)
        if content_type.startswith("multipart/") and boundary:
            name = re.sub(r"\\(.)", r"\1", boundary[1]) if boundary[1] else boundary[2]
            for piece in _pieces(body, name.rstrip().encode()):
                yield from self.leaves(piece, depth + 1)
            return
        words = fields.get("content-transfer-encoding", "").lower().split()
        content, _ = decoded(body, words[0].rstrip(";") if words else "")
        if content_type in {"message/rfc822", "message/global"}:
            yield from self.leaves(content.lstrip(b"\r\n"), depth + 1)
            return
        yield _Leaf(content_type, f"{type_field} {fields.get('content-disposition', '')}", content)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return header and body of a part; one that begins with an empty line has no header."""
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        return b"", raw.removeprefix(b"\r").removeprefix(b"\n")
    end = _HEADER_END.search(raw, 0, MAX_HEADER_BYTES)
    return (raw[: end.start()], raw[end.end() :]) if end else (raw[:MAX_HEADER_BYTES], b"")


def _fields(header: bytes) -> dict[str, str]:
    """Return the fields that describe the content, unfolded; of two the first."""
    unfolded = _FOLD.sub(b" ", header)
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(unfolded):
        end = unfolded.find(b"\n", match.end())
        value = unfolded[match.end() : end if end >= 0 else len(unfolded)]
        text = value[:2_000].decode("ascii", "replace").strip()
        fields.setdefault(match[1].decode().lower(), text)
    return fields


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield the parts between boundary lines; a line end before a boundary belongs to it."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    opened: int | None = None
    for match in line.finditer(body):
        if opened is not None:
            yield _without_first_line_end(body[opened : match.start()])
        if match[1]:
            return
        opened = match.end()
    if opened is not None:
        yield _without_first_line_end(body[opened:])


def _without_first_line_end(piece: bytes) -> bytes:
    return piece[2:] if piece[:2] == b"\r\n" else piece.removeprefix(b"\n")
