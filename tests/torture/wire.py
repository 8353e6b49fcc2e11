"""Handing one mail over, byte for byte: nothing is repaired on the way, and every wait ends."""

import smtplib
import time
from contextlib import closing

from torture.history import DEFERRED, OK, REFUSED, UNKNOWN, UNSENT, Attempt

TIMEOUT_S = 40.0
_HOW = {2: OK, 4: DEFERRED, 5: REFUSED}


def stuffed(raw: bytes) -> bytes:
    """Return a mail as it goes over the wire (RFC 5321 section 4.5.2): only CRLF ends a line."""
    text = raw.replace(b"\r\n.", b"\r\n..")
    text = b"." + text if text.startswith(b".") else text
    return text + (b".\r\n" if not text or text.endswith(b"\r\n") else b"\r\n.\r\n")


def as_kept(raw: bytes) -> bytes:
    """Return the bytes that a receiver keeps: the line end before the dot belongs to the mail."""
    return raw if not raw or raw.endswith(b"\r\n") else raw + b"\r\n"


def hand_over(
    door: tuple[str, int],
    raw: bytes,
    mail_from: str,
    to: str,
    *,
    leaves_early: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Attempt:
    """Try once. `leaves_early`: go away without reading the answer."""
    begun = time.monotonic()
    in_text = False
    try:
        with closing(smtplib.SMTP(timeout=timeout_s)) as client:
            code, text = client.connect(*door)
            if code == 220:
                code, text = client.ehlo("sender.example")
            if code == 250:
                code, text = client.mail(mail_from)
            if code == 250:
                code, text = client.rcpt(to)
            if code == 250:
                code, text = client.docmd("DATA")
            if code == 354:
                in_text = True
                client.send(stuffed(raw))
                if leaves_early:
                    return Attempt(UNKNOWN, "left early", time.monotonic() - begun)
                code, text = client.getreply()
    except (OSError, smtplib.SMTPException) as error:
        how = UNKNOWN if in_text else UNSENT
        return Attempt(how, repr(error)[:200], time.monotonic() - begun)
    how = _HOW.get(code // 100, UNKNOWN if in_text else UNSENT)
    said = f"{code} {text.decode('latin-1')}"
    kept = int(said.rsplit(" ", 1)[1]) if how == OK else 0
    return Attempt(how, said, time.monotonic() - begun, kept)
