import http.client
import os
import signal
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from gateway.web.app import Download, Source, make_app
from router.links import LinkState, check_link, link_day, sign_link
from router.tokens import Keyring
from tests.daemon.served import Serve

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
KEYS = Keyring((b"k" * 32,))
NASTY = '../<b>"\r\nX-Evil: 1\u202e€ \ud800.pdf'
CONTENT = bytes(range(256)) * 1000


def attachment(mail: int, index: int) -> Download | None:
    return Download(NASTY, CONTENT) if (mail, index) == (7, 1) else None


def broken() -> Mapping[str, int]:
    raise RuntimeError("the store is away")


def client(**changes: object) -> TestClient:
    source = {
        "name": "Help <desk>",
        "ways": {"support@example.org": "any problem & question"},
        "tickets": lambda: {"in progress": 3, "solved": 41},
        "mails": dict,
        "attachment": attachment,
        "keys": KEYS,
        "now": lambda: NOW,
    }
    app = make_app(Source(**(source | changes)))  # type: ignore[arg-type]
    return TestClient(app, raise_server_exceptions=False)


def test_the_front_page_says_how_to_write_and_counts() -> None:
    page = client().get("/")
    assert page.status_code == 200
    assert "<h1>Help &lt;desk&gt;</h1>" in page.text
    assert 'href="mailto:support@example.org"' in page.text
    assert "any problem &amp; question" in page.text
    assert '<th scope="row">in progress</th><td class="number">3</td>' in page.text
    assert "None so far." in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_front_page_stands_without_the_store() -> None:
    page = client(tickets=broken).get("/")
    assert page.status_code == 200
    assert "not available" in page.text
    assert "away" not in page.text


@pytest.mark.parametrize(
    "path", ["/", "/style.css", "/nothing", "/attachments/7/1", sign_link(KEYS, 7, 1, 30000)]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_every_answer_has_the_headers(path: str, method: str) -> None:
    answer = client().request(method, path)
    csp = answer.headers["content-security-policy"]
    assert csp.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in csp
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    if method not in {"GET", "HEAD"}:
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"


def test_a_fault_of_ours_says_nothing_and_has_the_headers() -> None:
    def fails(_mail: int, _index: int) -> Download | None:
        raise RuntimeError("inner secret")

    answer = client(attachment=fails).get(sign_link(KEYS, 7, 1, 30000))
    assert answer.status_code == 500
    assert "inner secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_signed_link_gives_the_attachment_as_a_file_to_keep() -> None:
    answer = client().get(sign_link(KEYS, 7, 1, link_day(NOW)))
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == (
        'attachment; filename="_<b>___X-Evil: 1__ _.pdf"; '
        "filename*=UTF-8''_%3Cb%3E___X-Evil%3A%201_%E2%82%AC%20_.pdf"
    )
    assert "x-evil" not in answer.headers


def test_a_head_of_a_signed_link_has_its_length_and_no_body() -> None:
    answer = client().head(sign_link(KEYS, 7, 1, 30000))
    assert answer.headers["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/attachments/7/1", 404),
        ("/attachments/7/1?until=x&sig=y", 404),
        ("/attachments/7/1?until=99999999999999999999&sig=" + "0" * 40, 404),
        ("/attachments/-7/1?until=30000&sig=" + "0" * 40, 404),
        (sign_link(KEYS, 7, 2, 30000).replace("/7/2", "/7/1"), 404),
        (sign_link(KEYS, 7, 1, 100).replace("until=100", "until=30000"), 404),
        (sign_link(Keyring((b"x" * 32,)), 7, 1, 30000), 404),
        (sign_link(KEYS, 7, 1, link_day(NOW) - 1), 410),
        (sign_link(KEYS, 8, 1, 30000), 410),
    ],
)
def test_no_other_link_gives_anything(path: str, status: int) -> None:
    answer = client().get(path)
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_a_link_outlives_a_change_of_keys_but_not_its_day() -> None:
    both = Keyring((b"n" * 32, *KEYS.secrets))
    link = sign_link(KEYS, 7, 1, 20600)
    signature = link.rpartition("=")[2]
    assert check_link(both, 7, 1, 20600, signature, today=20600) is LinkState.VALID
    assert check_link(both, 7, 1, 20600, signature, today=20601) is LinkState.EXPIRED
    assert check_link(both, 7, 1, 20601, signature, today=20600) is LinkState.FORGED
    assert check_link(both, 71, 1, 20600, signature, today=20600) is LinkState.FORGED
    assert link_day(datetime(1970, 1, 2, 0, 30, tzinfo=UTC) - timedelta(hours=1)) == 0


WEB = """
from starlette.responses import PlainTextResponse
from gateway.web.server import serve_web
asyncio.run(serve_web(LISTEN, PlainTextResponse("here"), link))
note("stop")
"""


def fetch(address: str) -> tuple[int, bytes]:
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_the_web_role_serves_stops_and_comes_back_on_its_port(serve: Serve) -> None:
    served = serve(web={"code": WEB.replace("LISTEN", '"127.0.0.1:0"')})
    address = served.ready().strip().removeprefix("ready web=")
    assert fetch(address) == (200, b"here")
    os.kill(served.pid("web.0"), signal.SIGKILL)
    served.pid("web.0", times=2)
    served.err_has("role ready", times=2)
    assert fetch(address) == (200, b"here")
    assert served.stop() == 0
    assert served.notes("web.0 stop")


def test_the_web_role_takes_a_unix_socket_that_a_killed_one_left(serve: Serve) -> None:
    served = serve(web={"code": WEB.replace("LISTEN", 'f"unix:{here}/web"')})
    assert served.ready().startswith("ready web=unix:/")
    os.kill(served.pid("web.0"), signal.SIGKILL)
    served.err_has("role ready", times=2)
    assert served.stop() == 0
    assert not (served.err.parent / "web").exists()


def test_a_web_port_in_use_is_said(serve: Serve) -> None:
    other = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{other.getsockname()[1]}"
    with other:
        served = serve(web={"code": WEB.replace("LISTEN", repr(address))})
        assert served.process.wait(60) == 1
    reason = served.logged()[-1]["reason"]
    assert f"web cannot listen on {address}: Address already in use" in reason
