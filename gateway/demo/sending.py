"""Sample mails: whole mails as people write them, sent to the door of a running demo.

Each sample is a file in gateway/demo/mails. Its Message-ID and Date are made fresh, and the demo's
addresses become those of the configuration. `alarm-...` is `alarm` with a signature (signing.py).
`reply` is no file: it answers the newest mail that the demo's maildir holds for the sample sender,
as a mail program would.
"""

import re
import smtplib
import time
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from importlib.resources import files
from pathlib import Path

from gateway.config.load import Config
from gateway.config.values import Listen
from gateway.demo.signing import WAYS, sign
from gateway.demo.words import ALARMER
from gateway.now import utc_now

SENDER = "Ada Example <ada@atlas.example>"
ALARM = "alarm"
REPLY = "reply"
TIMEOUT_S = 30.0
MAX_MAILDIR_FILES = 5000
RECEIPT_WAIT_S = 5.0  # whoever types fast is faster than worker and courier
LOOK_EVERY_S = 0.1
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
    """Return the names of the samples; `reply` is last, since it needs an answer of ours."""
    names = (entry.name for entry in files("gateway.demo").joinpath("mails").iterdir())
    stems = {name.removesuffix(".eml") for name in names if name.endswith(".eml")}
    return (*sorted(stems | set(WAYS)), REPLY)


def sample(kind: str, config: Config) -> Sample:
    """Return the sample of that kind.

    Raises CannotSend when there is nothing to answer, or no key to sign with.
    """
    if kind == REPLY:
        return _reply(config)
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
    if way is None:
        return one
    directory = config.file.parent / ALARMER
    try:
        return replace(one, raw=sign(way, one.raw, directory, utc_now()))
    except OSError as error:
        reason = error.strerror or error
        raise CannotSend(f"{error.filename or directory}: {reason}: `init` writes it") from error


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


def _reply(config: Config) -> Sample:
    if not config.relay.url.startswith("maildir:"):
        raise CannotSend("reply needs [relay] url = maildir:..., to find a mail to answer")
    answered = _awaited(Path(config.relay.url.removeprefix("maildir:")))
    if answered is None:
        raise CannotSend(f"there is no mail to {SENDER} to answer yet: send user-site first")
    body = answered.get_body(("plain",))
    quoted = body.get_content().splitlines() if isinstance(body, EmailMessage) else []
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = SENDER
    mail["To"] = str(answered["Reply-To"] or answered["From"])
    subject = str(answered["Subject"] or "")
    mail["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    message_id = make_msgid(domain="atlas.example")
    mail["Message-ID"] = message_id
    mail["Date"] = formatdate()
    mail["In-Reply-To"] = str(answered["Message-ID"])
    mail["References"] = f"{answered['References'] or ''} {answered['Message-ID']}".strip()
    lines = ["Thank you. It still happens, once in an hour or so.", "", "Ada", ""]
    lines += ["On the day of the demo, the helpdesk wrote:", *(f"> {line}" for line in quoted)]
    mail.set_content("\n".join(lines) + "\n")
    return _sample(mail, message_id, mail.as_bytes())


def _awaited(maildir: Path) -> EmailMessage | None:
    """Return the newest mail to the sample sender; wait a little for the first one."""
    until = time.monotonic() + RECEIPT_WAIT_S
    while (found := _newest(maildir)) is None and time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
    return found


def _newest(maildir: Path) -> EmailMessage | None:
    """Return the newest mail in a maildir that went to the sample sender, None without one."""
    found = [path for name in ("new", "cur") for path in (maildir / name).glob("*")]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    address = parseaddr(SENDER)[1]
    for path in found[:MAX_MAILDIR_FILES]:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if address in str(mail["Delivered-To"] or mail["To"]) and isinstance(mail, EmailMessage):
            return mail
    return None
