"""How a mail of the hook's leaves: by a sendmail program, or by a server with SMTP.

Rule: a way either took the mail or raises Deferred; nothing waits longer than the timeout. A
certificate that does not hold ends the attempt; there is no second way in clear text.
Standard library only.
"""

import smtplib
import ssl
import subprocess
from pathlib import Path

from gateway.hook.config import MailWay
from parsers.errors import Deferred


def send(way: MailWay, to: str, mail: bytes) -> None:
    """Hand over one mail; raises Deferred."""
    if way.host:
        _by_server(way, to, mail)
    else:
        _by_program(way, to, mail)


def read_password(file: Path | None) -> str:
    """Return the first line of a password file; raises OSError."""
    return file.read_text("utf-8").partition("\n")[0].rstrip("\r") if file else ""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return how the other side is checked; raises OSError when the file cannot be used."""
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def open_server(way: MailWay) -> smtplib.SMTP:
    """Return a connection that is secured and logged in; raises OSError, SMTPException."""
    server: smtplib.SMTP
    name = way.sender.rpartition("@")[2]  # asking the resolver for ours may take longer than a mail
    if way.tls == "tls":
        server = smtplib.SMTP_SSL(
            way.host, way.port, name, timeout=way.timeout_s, context=tls_context(way.ca_file)
        )
    else:
        server = smtplib.SMTP(way.host, way.port, name, timeout=way.timeout_s)
    try:
        if way.tls == "starttls":
            server.starttls(context=tls_context(way.ca_file))
        if way.user:
            server.login(way.user, read_password(way.password_file))
    except BaseException:
        server.close()
        raise
    return server


def _by_server(way: MailWay, to: str, mail: bytes) -> None:
    try:
        with open_server(way) as server:
            server.sendmail(way.sender, [to], mail)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Deferred("Not now.", f"{way.host}:{way.port}: {error!r}") from error


def _by_program(way: MailWay, to: str, mail: bytes) -> None:
    try:
        run = subprocess.run(
            [way.sendmail, "-oi", "-f", way.sender, "--", to],
            input=mail.replace(b"\r\n", b"\n"),
            capture_output=True,
            timeout=way.timeout_s,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Deferred("Not now.", f"{way.sendmail}: {error}") from error
    if run.returncode != 0:
        said = (run.stdout + run.stderr)[-300:].decode("utf-8", "replace").strip()
        raise Deferred("Not now.", f"{way.sendmail} exits {run.returncode}: {said}")
