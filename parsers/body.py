"""The text of a mail: which parts are text for people, and how each is read.

Rule: text/plain before HTML unless it is blank; parts in a row are joined in their order; what is
not text, is named, or says that it is an attachment becomes a file. Text is read up to 256 kB,
with a note when there is more. Which parts are files is decided here and nowhere else.
"""

import re
from dataclasses import dataclass, replace

from parsers.charsets import decode
from parsers.flowed import unflow
from parsers.heard import SIGNATURES, Note
from parsers.html import MAX_HTML_CHARS, text_of_html
from parsers.parts import Part
from parsers.text import MAX_TEXT_BYTES, clean, cut

MAX_ENCODED_BYTES = 4 * MAX_HTML_CHARS
# Text that is data for programs.
_DATA = frozenset(
    {"text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/rtf", "text/xml",
     "text/rfc822-headers", "text/directory", "text/x-amp-html", "text/css", "text/javascript"}
)  # fmt: skip
_ENVELOPED = bytes.fromhex("2a864886f70d010703")  # RFC 5652 section 6: id-envelopedData
_ARMOUR = "-----BEGIN PGP MESSAGE-----"


@dataclass(frozen=True, slots=True)
class Choice:
    """The parts that hold the text, and the files; both in the order of the mail.

    `others` are the other ways to read the same text, of which nobody knows who reads them.
    """

    texts: tuple[Part, ...] = ()
    files: tuple[Part, ...] = ()
    others: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """The whole text, the same without what mark-up shows to be a quote, and where it came from."""

    text: str = ""
    own: str = ""
    from_html: bool = False


def choose(top: Part) -> Choice:
    """Sort the parts of a mail into text and files."""
    choice = _choose(top)
    if choice.texts:
        return choice
    for part in choice.files:  # a mail whose only text has a name
        word, _ = part.disposition()
        if part.content_type in {"text/plain", "text/html"} and word != "attachment":
            return Choice((part,), tuple(p for p in choice.files if p is not part))
    return choice


def read_body(texts: tuple[Part, ...], notes: set[Note]) -> Body:
    """Return the text of the chosen parts, clean and within 256 kB."""
    whole: list[str] = []
    own: list[str] = []
    room = MAX_TEXT_BYTES
    html_room = MAX_HTML_CHARS
    from_html = False
    for part in texts:
        if room <= 0:
            notes.add(Note.TEXT_CUT)
            break
        source = _source(part, notes)
        if part.content_type == "text/html":
            if len(source) > html_room:
                notes.add(Note.TEXT_CUT)
                source = source[:html_room]
            html_room -= len(source)
            from_html = True
            shown, mine = text_of_html(source)
        else:
            shown = mine = _plain(part, source)
        shown, short = cut(shown, room)
        if short:
            notes.add(Note.TEXT_CUT)
        room -= len(shown.encode("utf-8", "replace"))
        whole.append(shown)
        own.append(cut(mine)[0])
    if from_html:
        notes.add(Note.TEXT_FROM_HTML)
    if any(_ARMOUR in text for text in whole):
        notes.add(Note.ENCRYPTED)
    return Body(_join(whole), _join(own), from_html)


def is_encrypted(top: Part) -> bool:
    """Tell whether the mail holds a part that only its recipient's key can open."""
    if top.content_type == "multipart/encrypted":
        return True
    for part in (top, *top.leaves()):
        if part.content_type in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            said = part.params.get("smime-type", "").lower()
            der = part.content()[0][:64]
            if "enveloped" in said or (not said and _ENVELOPED in der):
                return True
    return False


def is_file(part: Part) -> bool:
    """Tell whether a part without children is kept as a file."""
    word, params = part.disposition()
    if part.kind != "text" or part.content_type in _DATA or word == "attachment":
        return True
    named = params.get("filename") or part.params.get("name")
    return bool(named)


def _choose(part: Part) -> Choice:
    if not part.children:
        if part.kind == "multipart":  # no boundary was found: show what is there
            return Choice(texts=(part,)) if part.body.strip() else Choice()
        return Choice(files=(part,)) if is_file(part) else Choice(texts=(part,))
    choices = [_choose(child) for child in part.children]
    if part.content_type == "multipart/signed":
        choices[1:] = map(_as_signature, choices[1:])
    files = tuple(file for choice in choices for file in choice.files)
    others = tuple(other for choice in choices for other in choice.others)
    texts = [choice.texts for choice in choices if choice.texts]
    if part.content_type == "multipart/alternative" and texts:
        best = _best(texts)
        rest = tuple(part for some in texts if some is not best for part in some)
        return Choice(best, files, (*rest, *others))
    if part.content_type == "multipart/related" and texts:
        return Choice(texts[0], files + tuple(p for rest in texts[1:] for p in rest), others)
    if part.content_type == "multipart/encrypted":
        return Choice(files=tuple(part.leaves()))
    return Choice(tuple(p for some in texts for p in some), files, others)


def _as_signature(choice: Choice) -> Choice:
    """Mark a signature: what else somebody put beside a signed part stays as it is."""
    files = (replace(p, signs=p.content_type in SIGNATURES) for p in choice.files)
    return replace(choice, files=tuple(files))


def _best(alternatives: list[tuple[Part, ...]]) -> tuple[Part, ...]:
    """Return the plain alternative unless it is blank, else HTML, else the last with a text."""

    def rank(parts: tuple[Part, ...]) -> int:
        if not any(p.content()[0].strip() for p in parts):
            return 3
        kinds = {p.content_type for p in parts}
        return 0 if kinds == {"text/plain"} else 1 if "text/html" in kinds else 2

    return min(alternatives, key=rank)


def _source(part: Part, notes: set[Note]) -> str:
    payload, damaged = part.content()
    if damaged or part.kind == "multipart":
        notes.add(Note.BODY_BROKEN)
    if len(payload) > MAX_ENCODED_BYTES:
        payload = payload[:MAX_ENCODED_BYTES]
        notes.add(Note.TEXT_CUT)
    label = part.params.get("charset", "")
    if not label and part.content_type == "text/html":
        label = _meta_charset(payload[:2_000])
    text, guessed = decode(payload, label)
    if guessed:
        notes.add(Note.CHARSET_GUESSED)
    return clean(text)


def _meta_charset(start: bytes) -> str:
    found = re.search(
        rb"<meta[^>]{0,200}charset=[\"']?([A-Za-z0-9_:.-]{1,40})", start, re.IGNORECASE
    )
    return found[1].decode("ascii") if found else ""


def _plain(part: Part, source: str) -> str:
    if part.params.get("format", "").lower() == "flowed":
        source = unflow(source, delsp=part.params.get("delsp", "").lower() == "yes")
    return source.strip("\n")


def _join(texts: list[str]) -> str:
    return "\n\n".join(text for text in texts if text.strip())
