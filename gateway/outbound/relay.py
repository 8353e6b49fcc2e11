"""What carries a mail away: the relay as the courier sees it, and the kinds of relay by URL.

A relay takes one mail for one recipient, or raises: Refused (this mail will never be taken),
Deferred (perhaps later), RelayDown (nothing about this mail: no mail would be taken now).
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from gateway.outbound.maildir import Maildir
from gateway.outbound.smtp import Security, SmtpRelay

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Relay(Protocol):
    """The next hop. Safe for several mails at a time."""

    async def send(self, mail: bytes, mail_from: str, rcpt: str) -> str:
        """Hand over one mail and return the relay's words; `mail_from` "" is the null sender.

        After this returns the relay answers for the mail.
        """
        ...

    async def close(self) -> None:
        """Let go of what is kept open; `send` may be called again afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """How we show ourselves to a relay, and whom it must show itself as.

    `ca_file` holds further certificates to trust; None trusts what the system trusts.
    """

    user: str = ""
    password: str = ""
    ca_file: Path | None = None

    def __repr__(self) -> str:
        """Never show the password."""
        return f"Login({self.user!r}, ca_file={self.ca_file})"


def open_relay(url: str, login: Login | None = None, hello: str = "localhost") -> Relay:
    """Return the relay at a URL; nothing is connected yet. Raises ValueError, saying what is wrong.

    `maildir:DIR` writes files; `smtp://HOST:PORT` is plain SMTP, `smtp+starttls://` asks for TLS
    and `smtps://` begins with it. A password is never sent without TLS, but for loopback.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "maildir":
        if not rest or rest.startswith("//"):
            raise ValueError(f"relay {url!r}: write maildir:DIR")
        return Maildir(Path(rest))
    if scheme not in _PORTS:
        raise ValueError(
            f"relay {url!r}: begin with maildir:, {', '.join(f'{s}://' for s in _PORTS)}"
        )
    return _smtp(url, login or Login(), hello)


def _smtp(url: str, login: Login, hello: str) -> SmtpRelay:
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise ValueError(f"relay {parts.scheme}: {error}") from error
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"relay {parts.scheme}: write {parts.scheme}://HOST:PORT and no more")
    security = Security(parts.scheme)
    plain = security is Security.NONE and parts.hostname not in _LOOPBACK
    if login.password and plain:
        raise ValueError("relay: a password needs smtps:// or smtp+starttls://")
    return SmtpRelay(
        parts.hostname,
        port,
        security,
        user=login.user,
        password=login.password,
        tls=ssl.create_default_context(cafile=login.ca_file) if login.ca_file else None,
        hello=hello,
    )
