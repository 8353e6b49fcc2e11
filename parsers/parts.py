"""The MIME tree as offsets into the raw mail (RFC 2046 section 5.1).

Rule: caps are part of the walk, so no mail can make it long: 100 parts, depth 10. Beyond a cap the
rest stays one part as it came, with a note. Nothing is copied and nothing decoded until asked for.
An attached message is a leaf: what it says grants nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from parsers.header import Header, read_header
from parsers.heard import Note
from parsers.parameters import parameters
from parsers.text import clean
from parsers.transfer import decoded

MAX_PARTS = 100
MAX_DEPTH = 10
_TYPE = re.compile(r"[!-.0-~]{1,60}/[!-.0-~]{1,80}")


@dataclass(frozen=True, slots=True)
class Part:
    """One node: its header, its type in lower case, where its body lies in `raw`, its children.

    `signs` is set once it is known as the signature beside what multipart/signed holds.
    """

    raw: bytes
    header: Header
    content_type: str
    params: Mapping[str, str]
    start: int
    end: int
    children: tuple["Part", ...] = ()
    signs: bool = False

    @property
    def kind(self) -> str:
        """The type before the slash."""
        return self.content_type.partition("/")[0]

    @property
    def body(self) -> bytes:
        """The body as sent, still encoded."""
        return self.raw[self.start : self.end]

    def content(self) -> tuple[bytes, bool]:
        """Return the body decoded, and whether it was damaged."""
        return decoded(self.body, self.header.word("content-transfer-encoding"))

    def disposition(self) -> tuple[str, Mapping[str, str]]:
        """Return the Content-Disposition word ("" when absent) and its parameters."""
        return parameters(self.header.shown(self.header.raw("content-disposition"), set()))

    def leaves(self) -> Iterator["Part"]:
        """Yield the parts without children, in the order of the mail."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


class _Walk:
    """How many parts one walk has made, and what it had to leave out."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.count = 0
        self.notes: set[Note] = set()


def read_parts(raw: bytes) -> tuple[Part, frozenset[Note]]:
    """Return the tree of a mail and what had to be noted on the way."""
    walk = _Walk(raw)
    top = _part(walk, 0, len(raw), 0, "text/plain")
    return top, frozenset(walk.notes)


def _part(walk: _Walk, start: int, end: int, depth: int, default: str) -> Part:
    walk.count += 1
    header = read_header(walk.raw, start, end)
    walk.notes |= header.notes
    content_type, params = _type_of(header, default)
    header = replace(header, charset=clean(params.get("charset", ""))[:60])
    part = Part(walk.raw, header, content_type, params, header.body_at, end)
    boundary = params.get("boundary", "").rstrip()
    if part.kind != "multipart" or not boundary or header.body_at >= end:
        return part
    if depth >= MAX_DEPTH:
        walk.notes.add(Note.TOO_DEEP)
        return part
    inner = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
    children: list[Part] = []
    for first, last in spans(walk.raw, part.start, end, boundary):
        if walk.count >= MAX_PARTS:
            walk.notes.add(Note.TOO_MANY_PARTS)
            break
        children.append(_part(walk, first, last, depth + 1, inner))
    return replace(part, children=tuple(children))


def spans(raw: bytes, start: int, end: int, boundary: str) -> Iterator[tuple[int, int]]:
    """Yield where each body part lies, without the line end before its closing boundary."""
    marker = boundary.encode("utf-8", "replace")
    line = re.compile(rb"\n--" + re.escape(marker) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    opened: int | None = None
    at = max(start - 1, 0)  # the empty line above gives the first boundary its line start
    while match := line.search(raw, at, end):
        if opened is not None:
            stop = match.start()
            stop -= stop > opened and raw[stop - 1] == 0x0D
            yield opened, max(stop, opened)
        if match[1]:
            return
        opened = match.end()
        at = match.end() - 1  # the line end of one boundary may begin the next
    if opened is not None:
        yield opened, end


def _type_of(header: Header, default: str) -> tuple[str, Mapping[str, str]]:
    if not header.has("content-type"):
        return default, {}
    found, params = parameters(header.shown(header.raw("content-type"), set()))
    if _TYPE.fullmatch(found):
        return found, params
    if found in {"text", ""}:
        return "text/plain", params
    named = "name" in params or header.has("content-disposition")
    return ("application/octet-stream" if named else "text/plain"), params
