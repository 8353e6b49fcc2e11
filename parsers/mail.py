"""Hear a mail: bytes in, one value out. The only way from raw mail to what the rooms above read.

Rule: never raises, whatever the bytes are; every step that fails costs its own field and leaves a
note. Caps come before parsing, so the cost is bounded by the size of the mail and small numbers.
Meaning is not judged here: a sender is not proven, a bounce is not believed, a tag routes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from parsers.addresses import mailboxes, strict_mailbox
from parsers.automatic import LOOP_HEADER, automatic
from parsers.block import FieldBlock, hear_block
from parsers.body import Body, Choice, choose, is_encrypted, read_body
from parsers.bounce import bounce
from parsers.charsets import decode
from parsers.files import described
from parsers.gate import AMBIGUOUS, Fault, look
from parsers.header import Header
from parsers.heard import Attachment, Automatic, InboundMail, Mailbox, Note
from parsers.ids import message_id, message_ids
from parsers.parts import Part, read_parts
from parsers.reply import Reply, split_reply
from parsers.returned import Returned, returned
from parsers.subject import is_forward
from parsers.text import clean, cut

MAX_DATE_BYTES = 200
MAX_SUBJECT_CHARS = 2_000
MAX_LOOP_MARKS = 50
MAX_OTHER_WAYS = 3  # to read a text, of those that are compared with what was sent
_T = TypeVar("_T")


def hear(raw: bytes, *, mail_from: str | None = None) -> InboundMail:
    """Return everything that can be heard in a mail; an unreadable one carries Note.UNREADABLE.

    Lines may end in CRLF or LF. `mail_from` is the envelope sender, "" for the null sender, None
    when nobody knows it (then Return-Path is looked at).
    """
    notes: set[Note] = set()
    try:
        mail = _heard(raw, mail_from, notes)
    except Exception:  # the promise of this file
        text = cut(clean(decode(raw[:1_000_000])[0]))[0]
        notes.add(Note.UNREADABLE)
        mail = InboundMail(text=text, visible=text, with_signature=text)
    return replace(mail, notes=tuple(note for note in Note if note in notes))


def _heard(raw: bytes, mail_from: str | None, notes: set[Note]) -> InboundMail:
    top, walked = read_parts(raw)
    notes |= walked
    gate = look(raw, file=True)
    if {Fault.BARE_IN_HEADER, Fault.BARE_IN_BODY} & set(gate.faults):
        notes.add(Note.BARE_LINE_END)
    choice = _guarded(lambda: choose(top), Choice(), notes, Note.UNREADABLE)
    header = _with_charset(top.header, choice.texts)
    mail = _header_values(header, gate.faults, mail_from, notes)
    forward = is_forward(mail.subject)
    body = _guarded(lambda: read_body(choice.texts, notes), Body(), notes, Note.UNREADABLE)
    reply = _guarded(lambda: _reply(body, forward=forward), Reply(body.text, body.text), notes,
                     Note.UNREADABLE)  # fmt: skip
    back: tuple[Returned, ...] = ()
    if not forward:
        back = _guarded(lambda: _came_back(body, reply, choice.others, mail.subject), back, notes,
                        Note.UNREADABLE)  # fmt: skip
    if not reply.adds and choice.others:
        unsure = body, replace(reply, adds=True)
        body, reply = _guarded(
            lambda: _other(choice, notes, forward=forward) or (body, reply),
            unsure, notes, Note.UNREADABLE,
        )  # fmt: skip
    nothing: tuple[tuple[Attachment, bytes], ...] = ()
    files = _guarded(lambda: described(choice.files, notes), nothing, notes, Note.UNREADABLE)
    if _guarded(lambda: is_encrypted(top), False, notes, Note.UNREADABLE):
        notes.add(Note.ENCRYPTED)
    null_sender = _is_null(header, mail_from)
    return replace(
        mail,
        text=body.text,
        visible=reply.visible,
        with_signature=reply.with_signature,
        adds=reply.adds,
        returned=back,
        block=_guarded(
            lambda: _block(body, reply), FieldBlock(), notes, Note.UNREADABLE,
        ),
        attachments=tuple(attachment for attachment, _ in files),
        automatic=_guarded(
            lambda: automatic(header, mail.subject, mail.shown_sender, null_sender=null_sender),
            Automatic.NO, notes, Note.HEADER_UNREADABLE,
        ),
        bounce=_guarded(
            lambda: bounce(top, mail.subject, mail.shown_sender, null_sender=null_sender),
            None, notes, Note.HEADER_UNREADABLE,
        ),
    )  # fmt: skip


def _other(choice: Choice, notes: set[Note], *, forward: bool) -> tuple[Body, Reply] | None:
    """Return another way to read the text that holds words of the writer's own, None without one.

    Nobody knows which of them the writer saw, and a quote alone would say that there are none.
    """
    for other in choice.others:
        noted: set[Note] = set()
        body = read_body((other,), noted)
        reply = _reply(body, forward=forward)
        if reply.adds:
            notes |= noted
            return body, reply
    return None


def _came_back(
    body: Body, reply: Reply, others: tuple[Part, ...], subject: str
) -> tuple[Returned, ...]:
    """Return each way to read a mail that is not surely without a word, to be compared.

    Empty when one of them says something else anyhow, or was not read as it was sent.
    """
    found = []
    if len(others) > MAX_OTHER_WAYS:
        return ()
    for other in (None, *others):
        noted: set[Note] = set()
        if other is not None:
            body = read_body((other,), noted)
            reply = _reply(body, forward=False)
        if reply.adds:
            one = returned(body.text, subject)
            if one is None or noted - {Note.TEXT_FROM_HTML}:
                return ()
            found.append(one)
    return tuple(found)


def _reply(body: Body, *, forward: bool) -> Reply:
    return split_reply(body.own if body.own.strip() else body.text, forward=forward)


def _block(body: Body, reply: Reply) -> FieldBlock:
    """Return the fields at the top; none of a page that shows all of itself to be a quote."""
    if body.text.strip() and not body.own.strip():
        return FieldBlock(rest=reply.visible)
    return hear_block(reply.visible, skip_blank_lines=body.from_html)


def _header_values(
    header: Header, faults: tuple[Fault, ...], mail_from: str | None, notes: set[Note]
) -> InboundMail:
    def ask(read: Callable[[], _T], default: _T) -> _T:
        return _guarded(read, default, notes, Note.HEADER_UNREADABLE)

    def boxes(name: str) -> tuple[Mailbox, ...]:
        return ask(lambda: _boxes(header, name, notes), ())

    return InboundMail(
        message_id=ask(lambda: message_id(header.raw("message-id")), ""),
        in_reply_to=ask(lambda: message_ids(header.raw("in-reply-to")), ()),
        references=ask(lambda: message_ids(header.raw("references")), ()),
        sender=ask(lambda: _sender(header, faults, notes), None),
        shown_sender=ask(lambda: _shown_sender(header, mail_from, notes), None),
        reply_to=boxes("reply-to"),
        to=boxes("to"),
        cc=boxes("cc"),
        subject=ask(lambda: header.text("subject", notes)[:MAX_SUBJECT_CHARS], ""),
        date=ask(lambda: _date(header.raw("date")), None),
        hops=header.received,
        loop_marks=ask(lambda: _loop_marks(header, notes), ()),
    )


def _sender(header: Header, faults: tuple[Fault, ...], notes: set[Note]) -> Mailbox | None:
    if AMBIGUOUS & set(faults) or len(header.raws("from")) != 1:
        return None
    return strict_mailbox(header.raw("from"), lambda name: header.read(name.encode(), notes))


def _shown_sender(header: Header, mail_from: str | None, notes: set[Note]) -> Mailbox | None:
    for name in ("from", "reply-to", "sender", "resent-from", "return-path"):
        found = _boxes(header, name, notes)
        for box in found:
            if box.address:
                return box
        if found and name == "from":
            return found[0]
    return Mailbox("", clean(mail_from, one_line=True)) if mail_from else None


def _boxes(header: Header, name: str, notes: set[Note]) -> tuple[Mailbox, ...]:
    text = ", ".join(header.shown(value, notes) for value in header.raws(name))
    return mailboxes(text, lambda part: header.read(part.encode("utf-8", "replace"), notes))


def _date(value: bytes) -> datetime | None:
    try:
        found = parsedate_to_datetime(value[:MAX_DATE_BYTES].decode("ascii", "replace"))
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _loop_marks(header: Header, notes: set[Note]) -> tuple[str, ...]:
    values = header.raws(LOOP_HEADER.lower())[:MAX_LOOP_MARKS]
    return tuple(header.read(value, notes)[:MAX_SUBJECT_CHARS] for value in values)


def _with_charset(header: Header, texts: tuple[Part, ...]) -> Header:
    """Let raw 8-bit header text be tried with the charset of the body."""
    if header.charset or not texts:
        return header
    return replace(header, charset=texts[0].params.get("charset", "")[:60])


def _is_null(header: Header, mail_from: str | None) -> bool:
    if mail_from is not None:
        return mail_from.strip() in {"", "<>"}
    return header.raw("return-path").strip() == b"<>"


def _guarded(read: Callable[[], _T], default: _T, notes: set[Note], note: Note) -> _T:
    """Return what `read` returns; when it fails, `default` and a note: one field, not the mail."""
    try:
        return read()
    except Exception:  # hostile bytes find ways that no list of exceptions names
        notes.add(note)
        return default
