"""A web service gets the document; only 2xx says that it has it."""

import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gateway.hook.sinks.sink import Sink
from gateway.hook.sinks.webhook import WEBHOOK
from parsers.alarm_document import fitting, hear_alarm
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, alarm, showing
from tests.imap.certificates import Authority
from tests.monitoring.programs import SITE
from tests.ports import free_port


class Service:
    """A web server on loopback; it answers with `status` and keeps what it gets."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.status, self.headers, self.delay_s = 200, dict[str, str](), 0.0
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.got.append((self.path, dict(self.headers), body))
                time.sleep(service.delay_s)  # a slow service, not a wait of the test
                self.send_response(service.status)
                for name, value in service.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"said the service\n\x1b[2J")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if context is not None:
            scheme = "https"
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://localhost:{self._server.server_port}/hook/page"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    opened = Service()
    yield opened
    opened.close()


def secret(place: Path, text: str) -> str:
    path = place / "secret"
    path.write_text(text)
    return str(path)


def sink_of(service: Service, **changes: Any) -> Sink:
    return WEBHOOK.make({"url": service.url} | changes, SITE)


def test_the_document_is_posted_with_a_token(service: Service, tmp_path: Path) -> None:
    fired = fitting(alarm(summary=HOSTILE))
    sink = sink_of(service, token_file=secret(tmp_path, "t0ken\n"))
    assert sink.show(showing(fired)) == f"{service.url.removesuffix('/hook/page')} answered 200"
    ((path, headers, body),) = service.got
    assert path == "/hook/page"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == fired.event_id
    assert "X-Alarm-Signature" not in headers
    assert hear_alarm(body) == fired


def test_a_signature_holds_over_the_body(service: Service, tmp_path: Path) -> None:
    sink_of(service, secret_file=secret(tmp_path, "k\u00e9y\n")).show(showing(alarm()))
    ((_, headers, body),) = service.got
    wanted = hmac.new("k\u00e9y".encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Alarm-Signature"] == f"sha256={wanted}"
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, Refused, "token_file"),
        (403, Refused, "secret_file"),
        (404, Refused, "look at url"),
        (400, Refused, "said the service"),
        (302, Refused, "write that as url"),
        (408, Deferred, "408"),
        (429, Deferred, "429"),
        (500, Deferred, "said the service"),
        (503, Deferred, "503"),
    ],
)
def test_what_is_no_2xx_is_not_taken(
    service: Service, status: int, kind: type[Deferred | Refused], told: str
) -> None:
    service.status = status
    service.headers = {"Location": "http://127.0.0.1:9/other"} if status == 302 else {}
    with pytest.raises(kind, match=told) as caught:
        sink_of(service).show(showing(alarm()))
    assert caught.value.detail.isprintable()
    assert len(service.got) == 1
    service.status = 202
    assert sink_of(service).show(showing(alarm())).endswith("202")


def test_a_proxy_of_the_environment_is_not_used(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    sink_of(service).show(showing(alarm()))


def test_a_slow_or_absent_service_defers_in_time(service: Service) -> None:
    service.delay_s = 3.0
    with pytest.raises(Deferred, match="timed out"):
        sink_of(service, timeout_s=0.3).show(showing(alarm()))
    with pytest.raises(Deferred):
        sink_of(service, url=f"http://127.0.0.1:{free_port()}").show(showing(alarm()))


def test_a_service_that_drips_or_talks_nonsense_defers() -> None:
    said = [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"no http at all\r\n"]
    for first in said:
        with socket.create_server(("127.0.0.1", 0)) as door:
            url = f"http://127.0.0.1:{door.getsockname()[1]}"
            Thread(target=_drip, args=(door, first), daemon=True).start()
            began = time.monotonic()
            with pytest.raises(Deferred):
                WEBHOOK.make({"url": url, "timeout_s": 0.5}, SITE).show(showing(alarm()))
            assert time.monotonic() - began < 50  # the drip lasts for 100


def _drip(door: socket.socket, first: bytes) -> None:
    peer, _ = door.accept()
    with peer:
        try:
            peer.sendall(first)
            for _ in range(2000):
                peer.sendall(b"x")
                time.sleep(0.05)  # the drip itself
        except OSError:
            return


def test_only_the_named_authority_is_believed(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.sign("good")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    service = Service(context)
    try:
        sink_of(service, ca_file=str(authority.ca)).show(showing(alarm()))
        with pytest.raises(Refused, match="ca_file"):
            sink_of(service).show(showing(alarm()))
        other = service.url.replace("localhost", "127.0.0.1")
        with pytest.raises(Refused, match="the name in it"):
            sink_of(service, url=other, ca_file=str(authority.ca)).show(showing(alarm()))
    finally:
        service.close()
    assert len(service.got) == 1
