"""From an outbox row to the bytes that a relay gets: the row, its words, its head, its files.

Rule: only the row and the stored mail that it names are read, never the ticket, so that a row
tried again gives the same bytes. A broken template gives the built-in words instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.outbound.alarm import AlarmSigner, alarm_of
from gateway.outbound.enclosures import Travelling, travelling
from parsers.html import text_of_html
from parsers.returned import digest_of
from parsers.text import clean
from router.addresses import OurAddresses
from router.notices import ANSWERS
from router.tokens import Keyring, write_root_id
from router.words import MailKind
from store.outbox import OutboxRow
from templates.alarm_mail import build_alarm
from templates.fallback import fallback
from templates.message import Head, build
from templates.render import BrokenTemplate, Setting, Speaker, Spoken

ATTACHMENT_BYTES = 5_000_000  # in total; a bigger load stays with the ticket and is named
_log = structlog.get_logger(__name__)

RawOf = Callable[[int], bytes | None]
LinkOf = Callable[[int, int, datetime], str]
Sign = Callable[[bytes, datetime], bytes]


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail in its envelope. `mail_from` "" is the null sender.

    `words` are digests by which a solution is known again when it comes back.
    """

    mail: bytes
    mail_from: str
    rcpt: str
    words: tuple[str, ...] = ()


class Writer:
    """Writes letters for one helpdesk.

    `raw_of` gives a stored mail by its delivery, None when it is no longer kept; it may raise
    Deferred. `link_of` gives a link to a file of such a mail (delivery,
    index of the file, date of our mail: the same link each time). `sign` signs a whole mail, the
    same for the same mail and date. `sign_alarm` signs an alarm mail by certificate, before that;
    it may raise Deferred. `sign_document` signs what programs read of an alarm. `alarm_sender` is
    the From address of alarms, `url` where people read more.
    """

    def __init__(
        self,
        speaker: Speaker,
        *,
        name: str,
        addresses: OurAddresses,
        keys: Keyring,
        raw_of: RawOf,
        link_of: LinkOf | None = None,
        sign: Sign | None = None,
        sign_alarm: Sign | None = None,
        sign_document: AlarmSigner | None = None,
        alarm_sender: str = "",
        url: str = "",
    ) -> None:
        self._speaker = speaker
        self._name = name
        self._addresses = addresses
        self._keys = keys
        self._raw_of = raw_of
        self._link_of = link_of
        self._sign = sign
        self._sign_alarm = sign_alarm
        self._sign_document = sign_document
        self._url = url
        self._alarm_sender = alarm_sender or addresses.support

    def letter(self, row: OutboxRow) -> Letter:
        """Return the letter of a row, each time the same.

        Raises Malformed for a recipient that cannot be written to, Deferred when the stored mail
        cannot be read at the moment.
        """
        bounces = self._addresses.bounce_to(row.bounce_token) if row.bounce_token else ""
        if row.kind is MailKind.ALARM:
            return Letter(self._signed(self._alarm(row), row), bounces, row.recipient)
        files = self._files(row)
        setting = Setting(row.ticket, row.date, bool(row.reply_token), files.left_out)
        spoken = self._words(row, setting)
        mail = build(spoken, self._head(row), files.enclosures)
        words = _digests(spoken) if row.kind is MailKind.SOLUTION else ()
        return Letter(self._signed(mail, row), bounces, row.recipient, words)

    def _alarm(self, row: OutboxRow) -> bytes:
        words = self._words(row, Setting(row.ticket, row.date, bool(row.reply_token)))
        alarm = alarm_of(row, self._addresses, self._url)
        signature = ""
        if self._sign_document is not None:
            signature = self._sign_document.line(alarm)
        else:
            _log.error("alarm without a signature: [keys] alarm_key is not set", row=row.id)
        mail = build_alarm(alarm, words.text, self._head(row), signature)
        return self._sign_alarm(mail, row.date) if self._sign_alarm is not None else mail

    def _signed(self, mail: bytes, row: OutboxRow) -> bytes:
        """Sign as the last step; what cannot be signed goes unsigned, for a lost mail is worse."""
        if self._sign is None:
            return mail
        try:
            return self._sign(mail, row.date)
        except Exception:
            _log.exception("mail not signed", row=row.id)
            return mail

    def _words(self, row: OutboxRow, setting: Setting) -> Spoken:
        try:
            return self._speaker.render(row.kind, row.values, setting)
        except BrokenTemplate as error:
            _log.error("template broken, built-in text sent", row=row.id, fault=str(error))
            return fallback(row.kind, row.values, setting)

    def _head(self, row: OutboxRow) -> Head:
        domain = self._addresses.domain
        root = (write_root_id(self._keys, row.ticket, domain),) if row.ticket else ()
        return Head(
            sender_name=self._name,
            sender=self._alarm_sender if row.kind is MailKind.ALARM else self._addresses.support,
            recipient=row.recipient,
            message_id=row.message_id,
            date=row.date,
            reply_to=self._addresses.reply_to(row.reply_token) if row.reply_token else "",
            in_reply_to=row.in_reply_to[-1:] or root,
            references=root + row.in_reply_to,
            auto="auto-replied" if row.kind in ANSWERS else "auto-generated",
            loop_mark=domain,
        )

    def _files(self, row: OutboxRow) -> Travelling:
        if not row.attachments_of:
            return Travelling()
        raw = self._raw_of(row.attachments_of)
        link_of = self._link_of
        return travelling(
            raw,
            row.values.get("attachments"),
            ATTACHMENT_BYTES,
            (lambda index: link_of(row.attachments_of, index, row.date))
            if link_of
            else lambda _index: "",
        )


def _digests(spoken: Spoken) -> tuple[str, ...]:
    """Return the digests of both texts of a mail; a program sends back the one that it showed."""
    texts = [clean(spoken.text)]
    if spoken.html:
        texts.append(text_of_html(clean(spoken.html))[0])
    return tuple(sorted({digest_of(spoken.subject, text) for text in texts}))
