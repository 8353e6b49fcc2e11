"""How sinks speak HTTP: one request, one answer, within one deadline.

Redirects are not followed and proxies of the environment not used: an alarm goes to the address in
the configuration or nowhere. The authority of TLS is the one named, else that of the machine.
Standard library only.
"""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gateway.hook.sinks import words
from gateway.hook.sinks.settings import wrong
from parsers.errors import Deferred, Refused

MAX_ANSWER_BYTES = 8 * 1024 * 1024
SHOWN_CHARS = 300
_TRY_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `body` is cut at MAX_ANSWER_BYTES."""

    status: int
    body: bytes
    location: str = ""

    def json(self) -> Any:
        """Return the body as JSON; raises Deferred, since a system that starts may say anything."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Deferred("Monitoring cannot be understood.", f"no JSON: {error}") from error

    def text(self) -> str:
        """Return the beginning of the body for the log, as one line."""
        return words.one_line(self.body[:2_000].decode("utf-8", "replace"))[:SHOWN_CHARS]


@dataclass(frozen=True, slots=True)
class Peer:
    """One HTTP server: the URL in front of every path, the headers of every request."""

    url: str
    timeout_s: float
    headers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None

    @property
    def shown(self) -> str:
        """The server without the path, which is a secret with some services."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request and return the answer, whatever its status.

        `body` is sent as JSON, bytes as they are. Raises Deferred when there is no answer, Refused
        when the server cannot be trusted.
        """
        parts = urlsplit(self.url)
        end = time.monotonic() + self.timeout_s
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Accept": "application/json", "Connection": "close"} | dict(self.headers)
        if sent is not None:
            said["Content-Type"] = "application/json"
        connection = self._connection(parts)
        try:
            connection.request(method, parts.path + path, sent, said | dict(headers or {}))
            answer = connection.getresponse()
            read = _read(answer, end)
            return Reply(answer.status, read, answer.headers.get("Location", ""))
        except ssl.SSLCertVerificationError as error:
            raise Refused(
                "Monitoring cannot be trusted.",
                f"{self.shown}: {error.verify_message}: ca_file must hold the authority that "
                "signed the server's certificate, and url the name in it",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise Deferred("Monitoring does not answer.", f"{self.shown}: {why}") from error
        finally:
            connection.close()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, parts.port, timeout=self.timeout_s, context=self.context
            )
        return http.client.HTTPConnection(host, parts.port, timeout=self.timeout_s)


def peer(url: str, ca_file: str | None, timeout_s: float, **headers: str) -> Peer:
    """Return a server for a URL of `checked_url`; raises Refused when `ca_file` cannot be used."""
    return Peer(url, timeout_s, headers, trust(url, ca_file))


def checked_url(url: str, key: str = "url") -> str:
    """Return the URL of a setting without a slash at its end; raises Refused when it is none."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or "@" in parts.netloc or not url.isascii():
        wrong(key, f"is no address like https://monitoring.example:8443/path: {url!r}")
    return url.rstrip("/")


def trust(url: str, ca_file: str | None) -> ssl.SSLContext | None:
    """Return whom to trust for a URL: nothing for http."""
    if not url.startswith("https:"):
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        wrong("ca_file", f"cannot be used: {error}: {ca_file}")


def basic(user: str, password: str) -> str:
    """Return an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def expect(reply: Reply, what: str, advice: Mapping[int, str] | None = None) -> Reply:
    """Return a reply of 2xx; raises Deferred where a later try may help, else Refused.

    `advice` says for a status what a person should do.
    """
    if 200 <= reply.status < 300:
        return reply
    detail = f"{what}: HTTP {reply.status} {reply.text()}".rstrip()
    if reply.location:
        detail += (
            f" (redirects to {words.one_line(reply.location)[:SHOWN_CHARS]}: write that as url)"
        )
    hint = (advice or {}).get(reply.status)
    detail += f": {hint}" if hint else ""
    if reply.status >= 500 or reply.status in _TRY_AGAIN:
        raise Deferred("Monitoring does not take alarms now.", detail)
    raise Refused("Monitoring refuses the alarm.", detail)


def _read(answer: http.client.HTTPResponse, end: float) -> bytes:
    """Read in pieces, so that a server that drips does not hold us up for ever."""
    pieces, size = [], 0
    while piece := answer.read1(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise http.client.HTTPException("the answer is too long")
        if time.monotonic() > end:
            raise TimeoutError("the answer takes too long")
    return b"".join(pieces)


def trusting_anybody(peer: Peer) -> Peer:
    """Return the same server with its certificate not looked at: only where it was asked for."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return replace(peer, context=context)
