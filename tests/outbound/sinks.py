"""Relays to send to: aiosmtpd with a script of answers, Postfix's smtp-sink, and a silent port."""

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from running import until

from tests.ports import free_port

SMTP_SINK = "/usr/sbin/smtp-sink"


@dataclass
class Taken:
    mail: bytes
    mail_from: str
    rcpt: str


@dataclass
class Sink:
    """A relay that takes everything but what `answers` says, by command (MAIL, RCPT, DATA).

    An answer is a reply line, or a function of the address (of the mail, for DATA) that gives one,
    or None to take it.
    """

    answers: dict[str, str | Callable[[Any], str | None]] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    seen: list[Taken] = field(default_factory=list)  # whole mails, before any answer
    sessions: int = 0
    hold: asyncio.Event | None = None  # DATA waits for it
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _answer(self, command: str, about: Any) -> str | None:
        answer = self.answers.get(command)
        return answer(about) if callable(answer) else answer

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name and shape
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        del server, session
        refusal = self._answer("MAIL", address)
        if refusal is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return refusal or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and shape
        self, server: Any, session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        del server, session
        refusal = self._answer("RCPT", address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = Taken(envelope.content, envelope.mail_from, envelope.rcpt_tos[0])
        self.seen.append(mail)
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()  # cancelled when the client goes away meanwhile
        refusal = self._answer("DATA", envelope.content)
        if refusal is None:
            self.taken.append(mail)
        return refusal or "250 2.0.0 queued"


@contextlib.asynccontextmanager
async def serving(
    sink: Sink,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    password: str = "",
    port: int = 0,
) -> AsyncIterator[Sink]:
    def authenticator(_s: Any, _session: Any, _env: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == password.encode(), handled=False)

    def session() -> SMTP:
        sink.sessions += 1
        return SMTP(
            sink,
            hostname="sink.example",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticator if password else None,
            auth_required=bool(password),
            auth_require_tls=starttls is not None,
            decode_data=False,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", port, ssl=tls)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        if sink.hold is not None:
            sink.hold.set()


@contextlib.contextmanager
def smtp_sink(*options: str) -> Iterator[str]:
    """Run Postfix's smtp-sink and give its URL; it inherits no port, so it takes a free one."""
    port = free_port()
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    process = subprocess.Popen(
        [SMTP_SINK, *user, *options, f"127.0.0.1:{port}", "20"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        wait_until_open(port, process)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    def is_open() -> bool:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
            return True
        return False

    until(is_open, "smtp-sink listens")


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"


@dataclass(frozen=True)
class Certificates:
    ca: Path
    server: ssl.SSLContext


def make_certificates(folder: Path) -> Certificates:
    """Make a CA and a server certificate for 127.0.0.1 with openssl."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
    openssl(
        *("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"),
        *("-subj", "/CN=Test CA", "-addext", "keyUsage=critical,keyCertSign"),
    )
    openssl(
        *("req", "-x509", *key, "-keyout", "server.key", "-out", "server.pem", "-days", "2"),
        *("-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=relay.example"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"),
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Certificates(folder / "ca.pem", context)
