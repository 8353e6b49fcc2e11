"""A header block as fields: own line grammar, and one guarded way to read any of them as text.

Rule: reading never raises and never takes a field apart twice. The block is capped before it is
looked at (64 kB, 200 fields); what lies beyond is left out with a note. Where strict readers
refuse (an mbox line on top, a blank before the colon) this one goes on: the gate has named the
fault, and a person should still see the mail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from parsers.charsets import decode
from parsers.gate import MAX_FIELDS, MAX_HEADER_BYTES
from parsers.heard import Note
from parsers.text import clean
from parsers.words import decode_words

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_FIRST_EMPTY = re.compile(rb"\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_RECEIVED = re.compile(rb"^received[ \t]*:", re.MULTILINE | re.IGNORECASE)
# A line that is no field ends the header, unless one of these follows it.
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to"
    rb"|sender|references|in-reply-to|return-path|x-[a-z0-9-]+)[ \t]*:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """The fields in order as (lower-case name, raw unfolded value), and where the body begins.

    `charset` is what raw 8-bit text in here is tried with; "" when nobody said.
    """

    fields: tuple[tuple[str, bytes], ...] = ()
    body_at: int = 0
    received: int = 0
    notes: frozenset[Note] = frozenset()
    charset: str = ""

    def raw(self, name: str) -> bytes:
        """Return the first value of a field, b"" when it is absent."""
        return next((value for found, value in self.fields if found == name), b"")

    def raws(self, name: str) -> tuple[bytes, ...]:
        """Return every value of a field, in order."""
        return tuple(value for found, value in self.fields if found == name)

    def has(self, name: str) -> bool:
        """Tell whether the field is there at all."""
        return any(found == name for found, _ in self.fields)

    def word(self, name: str) -> str:
        """Return the first word of a machine-written field, in lower case, without comments."""
        value = self.raw(name)[:1_000].decode("ascii", "replace").lower()
        words = re.split(r"[\s;(]+", value.strip(), maxsplit=1)
        return clean(words[0], one_line=True)

    def text(self, name: str, notes: set[Note]) -> str:
        """Return the first value of a field as one clean line, encoded words decoded."""
        return self.read(self.raw(name), notes)

    def read(self, value: bytes, notes: set[Note]) -> str:
        """Return a raw value of this header as one clean line, encoded words decoded."""
        text, guessed, over = decode_words(self.shown(value, notes))
        if guessed:
            notes.add(Note.CHARSET_GUESSED)
        if over:
            notes.add(Note.TOO_MANY_WORDS)
        return clean(text, one_line=True)

    def shown(self, value: bytes, notes: set[Note]) -> str:
        """Return a raw value as text; bytes outside ASCII as UTF-8, else in the mail's charset."""
        if value.isascii():
            return value.decode("ascii")
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            notes.add(Note.CHARSET_GUESSED)
            return decode(value, self.charset)[0]


def read_header(raw: bytes, start: int = 0, end: int | None = None) -> Header:
    """Return the header block that begins at `start`; `body_at` is an offset into `raw`."""
    end = len(raw) if end is None else end
    at_once = _FIRST_EMPTY.match(raw, start, end)
    if at_once:
        return Header(body_at=at_once.end())
    blank = _EMPTY_LINE.search(raw, start, end)
    stop, body_at = (blank.start() + 1, blank.end()) if blank else (end, end)
    notes: set[Note] = set()
    block = raw[start:stop]
    received = len(_RECEIVED.findall(block)) if len(block) < 1_000_000 else 0
    if len(block) > MAX_HEADER_BYTES:
        notes.add(Note.HEADER_TOO_LONG)
        block = block[: block.rfind(b"\n", 0, MAX_HEADER_BYTES) + 1]
    fields: list[tuple[str, list[bytes]]] = []
    for at, line, rest in _lines(block):
        if line[:1] in b" \t" and fields:
            fields[-1][1].append(line)
            continue
        match = _FIELD.match(line.lstrip() if not fields else line)
        if match is None:
            if not fields or _KNOWN.match(rest):
                notes.add(Note.HEADER_UNREADABLE)
                continue
            notes.add(Note.HEADER_UNREADABLE)
            body_at = start + at
            break
        if len(fields) == MAX_FIELDS:
            notes.add(Note.HEADER_TOO_LONG)
            break
        value = line[line.index(b":") + 1 :]
        fields.append((match[1].decode("ascii").lower(), [value]))
    joined = tuple((name, b"".join(parts).strip(b" \t\r\n")) for name, parts in fields)
    return Header(joined, body_at, received, frozenset(notes))


def _lines(block: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (offset, line without its end, the next line)."""
    lines = block.split(b"\n")
    at = 0
    for line, following in zip(lines, [*lines[1:], b""], strict=True):
        if line or at + 1 < len(block):
            yield at, line.removesuffix(b"\r"), following
        at += len(line) + 1
