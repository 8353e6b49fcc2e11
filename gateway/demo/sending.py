"""Sample mails: whole mails as people write them, sent to the door of a running demo.

Each sample is a file in gateway/demo/mails. Its Message-ID and Date are made fresh, and the demo's
addresses become those of the configuration. `alarm-...` is `alarm` with a signature (signing.py).
What answers a mail of ours is no file (answering.py).
"""

import re
import smtplib
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from importlib.resources import files

from gateway.config.load import Config
from gateway.config.values import Listen
from gateway.demo.answering import ANSWERS, answer
from gateway.demo.signing import WAYS, Way, sign
from gateway.demo.words import PEOPLE
from gateway.now import utc_now

ALARM = "alarm"
TIMEOUT_S = 30.0
_FRESH = re.compile(rb"^(Message-ID|Date):[^\n]*\n", re.MULTILINE)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, never bound


class CannotSend(Exception):  # noqa: N818 - the fact, as it is said to the operator
    """The sample could not be sent; the argument says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail ready to be sent. `raw` has CRLF line ends."""

    mail_from: str
    recipient: str
    message_id: str
    raw: bytes


def kinds() -> tuple[str, ...]:
    """Return the names of the samples; those that answer a mail of ours are last."""
    names = (entry.name for entry in files("gateway.demo").joinpath("mails").iterdir())
    stems = {name.removesuffix(".eml") for name in names if name.endswith(".eml")}
    return (*sorted(stems | set(WAYS)), *ANSWERS)


def sample(kind: str, config: Config) -> Sample:
    """Return the sample of that kind.

    Raises CannotSend when there is nothing to answer, or no key to sign with.
    """
    if kind in ANSWERS:
        return _answer(kind, config)
    way = WAYS.get(kind)
    name = f"{ALARM if way else kind}.eml"
    raw = files("gateway.demo").joinpath("mails").joinpath(name).read_bytes()
    helpdesk = config.helpdesk
    for demo, ours in (
        (b"support@helpdesk.example", helpdesk.address),
        (b"team@helpdesk.example", helpdesk.team_address),
        (b"alarm@helpdesk.example", helpdesk.alarm_address),
        (b"Alarm: helpdesk.example", f"Alarm: {helpdesk.domain}"),
    ):
        raw = raw.replace(demo, ours.encode())
    message_id = make_msgid(domain="atlas.example")
    fresh = f"Message-ID: {message_id}\nDate: {formatdate()}\n".encode()
    raw = fresh + _FRESH.sub(b"", raw, count=2)
    mail = message_from_bytes(raw, policy=policy.default)
    one = _sample(mail, message_id, raw)
    return one if way is None else _signed(one, way, config)


def send(one: Sample, door: Listen) -> str:
    """Hand a sample to the door; return its reply. Raises CannotSend."""
    host = _ANYWHERE.get(door.host, door.host)
    try:
        with smtplib.SMTP(host, door.port, "sample.example", timeout=TIMEOUT_S) as smtp:
            smtp.ehlo_or_helo_if_needed()
            code, text = smtp.mail(one.mail_from)
            if code == 250:
                code, text = smtp.rcpt(one.recipient)
            if code == 250:
                code, text = smtp.data(one.raw)
    except smtplib.SMTPResponseException as error:
        code, text = error.smtp_code, _bytes(error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        raise CannotSend(f"{door} does not answer: {error}; is `ticketgate serve` up?") from error
    return f"{code} {text.decode('ascii', 'replace')}"


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _sample(mail: EmailMessage, message_id: str, raw: bytes) -> Sample:
    return Sample(
        mail_from=parseaddr(str(mail["Return-Path"] or mail["From"]))[1],
        recipient=parseaddr(str(mail["To"]))[1],
        message_id=message_id,
        raw=re.sub(rb"\r?\n", b"\r\n", raw),
    )


def _answer(kind: str, config: Config) -> Sample:
    if not config.relay.url.startswith("maildir:"):
        raise CannotSend("an answer needs [relay] url = maildir:..., to find a mail to answer")
    row = ANSWERS[kind]
    mail = answer(row, config)
    if mail is None:
        raise CannotSend(row.missing)
    one = _sample(mail, str(mail["Message-ID"]), mail.as_bytes())
    return one if row.way is None else _signed(one, row.way, config)


def _signed(one: Sample, way: Way, config: Config) -> Sample:
    directory = config.file.parent / PEOPLE
    try:
        return replace(one, raw=sign(way, one.raw, directory, utc_now()))
    except OSError as error:
        reason = error.strerror or error
        message = f"{error.filename or directory}: {reason}: `init` writes it for a new demo"
        raise CannotSend(message) from error
