"""A relay spoken to by SMTP: one recipient per mail, several mails per connection.

Each phase has its time limit, and every answer is one of three: taken, Refused (5xx about this
mail or recipient), Deferred (4xx). What is not about the mail at all, such as no connection, a bad
certificate, a failed login or a sender that the relay does not allow, is RelayDown: somebody
repairs it, and no mail may be given up for it.
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

import aiosmtplib

from gateway.outbound.errors import RecipientDeferred, RelayDown
from parsers.errors import Deferred, MailError, Refused

_SAID_CHARS = 300
_QUIT_S = 2.0
_TOO_BIG = 552
_CLOSING = 421
_NOT_NOW = "Mail cannot be sent at the moment."
_NOT_TAKEN = "The mail was not taken."


class Security(Enum):
    """How the connection is protected; with both kinds of TLS the certificate must be valid."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


@dataclass(frozen=True, slots=True)
class Phases:
    """The time limit of each phase, in seconds, and how many mails one connection carries.

    Shorter than RFC 5321 section 4.5.3.2 asks for: a relay is our own neighbour.
    """

    connect_s: float = 30
    command_s: float = 60
    data_s: float = 300
    mails: int = 100


@dataclass(slots=True)
class _Line:
    """One open connection; `used` counts the mails that it has carried."""

    smtp: aiosmtplib.SMTP
    used: int = 0


class SmtpRelay:
    """The relay at host:port. `user` "" means no login; `hello` is the name that we give.

    As many connections are kept as were in use at the same time; the courier bounds them.
    """

    def __init__(
        self,
        host: str,
        port: int,
        security: Security = Security.NONE,
        *,
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        hello: str = "localhost",
        phases: Phases | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._tls = tls or ssl.create_default_context()
        self._hello = hello
        self._phases = phases or Phases()
        self._idle: list[_Line] = []

    async def send(self, mail: bytes, mail_from: str, rcpt: str) -> str:
        """Hand over one mail; raises Refused, Deferred or RelayDown."""
        line = await self._line()
        reusable = False
        try:
            said = await self._carry(line.smtp, mail, mail_from, rcpt)
            reusable = True
        except (Refused, RecipientDeferred):
            reusable = True
            raise
        else:
            return said
        finally:  # also when cancelled: a half-spoken line is of no use to the next mail
            line.used += 1
            if reusable and line.used < self._phases.mails and line.smtp.is_connected:
                self._idle.append(line)
            else:
                line.smtp.close()

    async def close(self) -> None:
        """Say goodbye on every idle connection, without waiting long for an answer."""
        while self._idle:
            smtp = self._idle.pop().smtp
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=_QUIT_S)
            smtp.close()

    async def _line(self) -> _Line:
        """Return a connection that is ready for MAIL: a kept one that still answers, or a new one.

        Raises RelayDown.
        """
        while self._idle:
            line = self._idle.pop()
            try:
                await line.smtp.rset(timeout=self._phases.command_s)
            except (aiosmtplib.SMTPException, OSError):
                line.smtp.close()  # closed by the relay while it was idle: no fault
            else:
                return line
        smtp = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._hello,
            use_tls=self._security is Security.TLS,
            start_tls=self._security is Security.STARTTLS,
            tls_context=None if self._security is Security.NONE else self._tls,
            username=self._user or None,
            password=self._password or None,
            timeout=self._phases.connect_s,
        )
        try:
            await smtp.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            smtp.close()
            raise RelayDown(_NOT_NOW, f"connect: {_said(error)}") from error
        except BaseException:
            smtp.close()
            raise
        return _Line(smtp)

    async def _carry(self, smtp: aiosmtplib.SMTP, mail: bytes, mail_from: str, rcpt: str) -> str:
        limits = self._phases
        try:
            await smtp.mail(mail_from, timeout=limits.command_s)
            await smtp.rcpt(rcpt, timeout=limits.command_s)
        except (aiosmtplib.SMTPTimeoutError, UnicodeError) as error:
            raise _before_data(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _judged(error) from error
        try:
            answer = await smtp.data(mail, timeout=limits.data_s)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _judged(error) from error
        return f"{answer.code} {answer.message}"[:_SAID_CHARS]


def _before_data(error: Exception) -> MailError:
    """Judge silence before the mail itself was sent, and addresses that are not ASCII."""
    if isinstance(error, UnicodeError):
        return Refused(_NOT_TAKEN, "the address is not plain ASCII")
    return RelayDown(_NOT_NOW, _said(error))


def _judged(error: Exception) -> MailError:
    """Translate what a relay answered, by the command and the code that it answered with."""
    said = _said(error)
    code = getattr(error, "code", 0)
    if code == _CLOSING or isinstance(error, aiosmtplib.SMTPHeloError):
        return RelayDown(_NOT_NOW, said)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and code >= 500 and code != _TOO_BIG:
        return RelayDown(_NOT_NOW, said)  # our own address: no mail of ours would be taken
    if code >= 500:
        return Refused(_NOT_TAKEN, said)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return RecipientDeferred(_NOT_NOW, said)
    return Deferred(_NOT_NOW, said)


def _said(error: Exception) -> str:
    """Return what went wrong as one line for a log."""
    step = type(error).__name__.removeprefix("SMTP")
    code = getattr(error, "code", "")
    words = f"{step} {code} {getattr(error, 'message', '') or error}"
    return " ".join(words.split())[:_SAID_CHARS]
