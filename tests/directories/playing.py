"""A real HTTP server over TLS that plays GOCDB, VOMS-Admin, IAM and Topology.

It asks for what they ask: a client certificate, the guard header, a bearer token; it pages as they
do. What it says comes from documents of their shape, and any answer can be replaced by a bad one.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

from tests.imap.certificates import Authority

DOCUMENTS = Path(__file__).parent / "documents"
TOKEN = "a-bearer-token"


@dataclass(frozen=True)
class Reply:
    """An answer: `cut` bytes are announced and not sent, `drip_s` passes before each byte."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/xml"
    headers: tuple[tuple[str, str], ...] = ()
    cut: int = 0
    drip_s: float = 0.0


@dataclass
class Asked:
    """A question as it came."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    subject: str


Answering = Callable[[Asked], Reply]


@dataclass
class Player:
    """What the server says, by path; `asked` is every question. `bad` answers before all else."""

    answers: dict[str, Answering] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    bad: Answering | None = None
    url: str = ""
    ending: threading.Event = field(default_factory=threading.Event)

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.bad is not None:
            return self.bad(asked)
        for path, answer in self.answers.items():
            if asked.path.startswith(path):
                return answer(asked)
        return Reply(b"no such page", 404, "text/plain")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    player: Player
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(30)
        with self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)
            with suppress(OSError):
                tls.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or is not let in, is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        shown = self.connection.getpeercert() or {}  # type: ignore[attr-defined]
        subject = "".join(f"/{k}={v}" for rdn in shown.get("subject", ()) for k, v in rdn)
        player = self.server.player
        reply = player.reply(Asked(parts.path, query, dict(self.headers), subject))
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        sent = reply.body[: len(reply.body) - reply.cut] if reply.cut else reply.body
        if not reply.drip_s:
            self.wfile.write(sent)
        for at in range(len(sent) if reply.drip_s else 0):
            if player.ending.wait(reply.drip_s):
                break
            self.wfile.write(sent[at : at + 1])
            self.wfile.flush()
        if reply.cut:
            self.close_connection = True

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(
    player: Player, authority: Authority, name: str = "server", host: str = "localhost", *,
    ask_certificate: bool = True,
) -> Iterator[Player]:  # fmt: skip
    """Let a player answer on a free port for the length of a block."""
    cert, key = authority.sign(name, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if ask_certificate:
        context.load_verify_locations(authority.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(("127.0.0.1", 0), Handler)
    server.player, server.context = player, context
    player.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield player
    finally:
        player.ending.set()
        server.shutdown()
        server.server_close()
        thread.join(30)


def document(name: str) -> bytes:
    return (DOCUMENTS / name).read_bytes()


def gocdb(page_size: int = 0, **documents: bytes) -> Answering:
    """GOCDB's interface; with a page size it pages by cursor."""
    said = {
        "get_site": document("gocdb-sites.xml"),
        "get_ngi": document("gocdb-ngis.xml"),
        "get_downtime": document("gocdb-downtimes.xml"),
    } | documents

    def answer(asked: Asked) -> Reply:
        method = asked.query["method"]
        if method not in said:
            return Reply(b"<results><error>no such method</error></results>")
        if asked.path.startswith("/gocdbpi/public") and method != "get_downtime":
            return Reply(b"forbidden", 403, "text/html")
        if not page_size:
            return Reply(said[method])
        root = ET.fromstring(said[method])
        entries = list(root)
        start = int(asked.query.get("next_cursor", "0"))
        page = ET.Element("results")
        page.extend(entries[start : start + page_size])
        meta = ET.SubElement(page, "meta")
        path = f"https://inside.example/gocdbpi/private/?method={method}&next_cursor="
        ET.SubElement(meta, "link", rel="self", href=path + str(start))
        if start + page_size < len(entries):
            ET.SubElement(meta, "link", rel="next", href=path + str(start + page_size))
        ET.SubElement(meta, "count").text = str(len(page) - 1)
        ET.SubElement(meta, "max_page_size").text = str(page_size)
        return Reply(ET.tostring(page))

    return answer


def voms(users: list[Any] | None = None, most: int = 100) -> Answering:
    """VOMS-Admin's users, from 0 on; a page holds `most` at most."""
    people = json.loads(document("voms-users.json")) if users is None else users

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("X-VOMS-CSRF-GUARD") is None:
            return Reply(b'{"error":"no guard"}', 403, "application/json")
        start, size = int(asked.query["startIndex"]), int(asked.query["pageSize"])
        page = people[start : start + min(size, most)]
        body = {"startIndex": start, "pageSize": size, "count": len(people), "result": page}
        return Reply(json.dumps(body).encode(), kind="application/json;charset=UTF-8")

    return answer


def iam(most: int = 100, changes: Mapping[str, Any] | None = None) -> Answering:
    """IAM's groups and accounts, from 1 on; a page holds `most` at most."""
    world = json.loads(document("iam.json")) | dict(changes or {})

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(b'{"error":"unauthorized"}', 401, "application/json")
        if asked.path == "/scim/Groups":
            entries = world["groups"]
        else:
            group = asked.path.rpartition("/")[2]
            entries = [world["users"][name] for name in world["accounts"].get(group, [])]
        start, size = int(asked.query["startIndex"]), min(int(asked.query["count"]), most)
        assert start >= 1
        page = entries[start - 1 : start - 1 + size]
        body = {
            "totalResults": len(entries), "itemsPerPage": len(page), "startIndex": start,
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "Resources": page,
        }  # fmt: skip
        return Reply(json.dumps(body).encode(), kind="application/scim+json;charset=UTF-8")

    return answer


def many_users(amount: int) -> list[dict[str, Any]]:
    """Invented people of a VO; the first three are alarmers."""
    return [
        {
            "id": n,
            "name": f"User {n}",
            "emailAddress": f"user{n}@atlas.example",
            "certificates": [{"subjectString": f"/DC=org/DC=example/CN=User {n}"}],
            "fqans": ["/atlas", "/atlas/team", *(["/atlas/alarm"] if n < 3 else [])],
        }
        for n in range(amount)
    ]


def waited(_seconds: float) -> None:
    """Wait between attempts, as long as a test has patience."""
    time.sleep(0)


def users(*ids: int) -> list[dict[str, Any]]:
    return [user for user in json.loads(document("voms-users.json")) if user["id"] in ids]
