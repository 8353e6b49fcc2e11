"""Asking real servers over TLS: what they require, how they page, all that goes wrong."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.config.federation import Directory
from gateway.config.secrets import Secret
from gateway.directories import fetching
from gateway.directories.reading import Heard, read_directory
from router.directories import Said
from tests.directories.conftest import NOW
from tests.directories.playing import (
    TOKEN,
    Asked,
    Player,
    Reply,
    document,
    gocdb,
    iam,
    many_users,
    serving,
    voms,
    waited,
)
from tests.imap.certificates import Authority

PLACE = Path("/nonexistent")
KINDS = ("gocdb", "voms", "iam", "topology")


@pytest.fixture
def ask(player: Player, authority: Authority) -> Callable[..., Heard]:
    """Read a directory of a kind from the player."""

    def asking(kind: str, **changes: Any) -> Heard:
        paths = {"gocdb": "/gocdbpi", "voms": "/voms/atlas"}
        values = {
            "kind": kind,
            "url": player.url + paths.get(kind, ""),
            "vo": "atlas",
            "certificate": authority.place / "client.pem",
            "key": Secret((authority.place / "client.key").read_bytes()),
            "token": Secret(TOKEN.encode()) if kind == "iam" else None,
            "ca_file": authority.ca,
            "timeout": timedelta(seconds=30),
        } | changes
        return read_directory(
            Directory.model_construct(**(_defaults() | values)), PLACE, NOW, waited
        )

    return asking


def _defaults() -> dict[str, Any]:
    return {name: f.default for name, f in Directory.model_fields.items() if not f.is_required()}


def test_gocdb_gives_sites_rocs_and_downtimes_to_our_certificate(
    ask: Callable[..., Heard], player: Player
) -> None:
    heard = ask("gocdb")
    assert heard.answer is not None, heard.detail
    assert [site.name for site in heard.answer.sites] == [
        "FJELL-LCG2", "DUIN-ELPROD", "Izola MRF", "MOOR-GRID",
    ]  # fmt: skip
    assert len(heard.answer.rocs) == 3
    assert [(one.id, len(one.services)) for one in heard.answer.downtimes] == [
        ("900G0", 2), ("901G0", 1),
    ], "the services of one downtime are one, and what is over is left out"  # fmt: skip
    assert all("CN=robot.helpdesk.example" in one.subject.replace("commonName", "CN")
               for one in player.asked)  # fmt: skip
    assert player.asked[0].path == "/gocdbpi/private/"
    assert player.asked[0].query["exclude_certification_status"] == "Closed"
    assert player.asked[2].query["windowend"] == "2026-04-01"


def test_gocdb_is_paged_by_its_cursor_at_the_host_that_we_ask(
    ask: Callable[..., Heard], player: Player
) -> None:
    player.answers["/gocdbpi"] = gocdb(page_size=2)
    heard = ask("gocdb")
    assert heard.answer is not None, heard.detail
    assert len(heard.answer.sites) == 4
    assert len(heard.answer.downtimes) == 2
    cursors = [
        one.query.get("next_cursor") for one in player.asked if "site" in one.query["method"]
    ]
    assert cursors == [None, "2", "4"]


def test_gocdb_may_be_asked_for_downtimes_only(ask: Callable[..., Heard], player: Player) -> None:
    heard = ask("gocdb", reads=("downtimes",), certificate=None, key=None)
    assert heard.said is Said.UNREACHABLE, "this server wants a certificate for anything"
    heard = ask("gocdb", reads=("downtimes",))
    assert heard.answer is not None
    assert not heard.answer.sites
    assert [one.query["method"] for one in player.asked] == ["get_downtime"]


def test_voms_wants_the_guard_and_is_paged_from_zero(
    ask: Callable[..., Heard], player: Player
) -> None:
    player.answers["/voms/atlas/apiv2/users"] = voms(many_users(250))
    heard = ask("voms")
    assert heard.answer is not None, heard.detail
    assert len(heard.answer.members) == 250
    assert [one.query["startIndex"] for one in player.asked] == ["0", "100", "200"]
    assert {one.headers["X-VOMS-CSRF-GUARD"] for one in player.asked} == {"y"}


@pytest.mark.parametrize(
    ("amount", "most"), [(0, 100), (1, 100), (100, 100), (101, 100), (120, 50)]
)
def test_no_user_is_lost_or_doubled_at_the_edge_of_a_page(
    ask: Callable[..., Heard], player: Player, amount: int, most: int
) -> None:
    player.answers["/voms/atlas/apiv2/users"] = voms(many_users(amount), most)
    heard = ask("voms")
    assert heard.answer is not None, heard.detail
    assert [one.id for one in heard.answer.members] == [str(n) for n in range(amount)]


def test_a_voms_whose_pages_count_from_one_is_not_whole(
    ask: Callable[..., Heard], player: Player
) -> None:
    honest = voms(many_users(150))

    def from_one(asked: Asked) -> Reply:
        start = int(asked.query["startIndex"])
        asked.query["startIndex"] = str(max(start - 1, 0) if start else 1)
        return honest(asked)

    player.answers["/voms/atlas/apiv2/users"] = from_one
    heard = ask("voms")
    assert (heard.said, heard.answer) == (Said.BROKEN, None)
    assert "149 came" in heard.detail


def test_a_group_that_nobody_is_in_is_asked_about(
    ask: Callable[..., Heard],
) -> None:
    heard = ask("voms", alarm=("/atlas/ALARM",))
    assert heard.answer is not None
    assert any("/atlas/ALARM: is the name right?" in note for note in heard.answer.notes)


def test_iam_wants_the_token_and_is_paged_from_one(
    ask: Callable[..., Heard], player: Player
) -> None:
    player.answers |= {"/scim": iam(most=3), "/iam": iam(most=2)}
    heard = ask("iam")
    assert heard.answer is not None, heard.detail
    found = {one.id: one.roles for one in heard.answer.members}
    assert found == {
        "ada-id": {"team", "alarm"}, "bo-id": {"team"}, "susan-id": {"alarm"}, "egon-id": {"alarm"},
    }  # fmt: skip
    groups = [one.query["startIndex"] for one in player.asked if one.path == "/scim/Groups"]
    assert groups == ["1", "4"]


def test_a_group_that_iam_does_not_know_is_null_and_not_empty(ask: Callable[..., Heard]) -> None:
    heard = ask("iam", alarm=("/atlas/alarms",))
    assert (heard.said, heard.answer) == (Said.NULL, None)
    assert "/atlas/alarms" in heard.detail


def test_topology_is_read(ask: Callable[..., Heard], player: Player) -> None:
    player.answers["/rgsummary/xml"] = lambda _: Reply(document("topology.xml"), kind="text/xml")
    heard = ask("topology", roc="OSG")
    assert heard.answer is not None, heard.detail
    assert [site.roc for site in heard.answer.sites] == ["OSG", "OSG"]


HTML = b"<html>Please log in</html>"
JSON = "application/json"
BAD: dict[str, tuple[Reply, Said, str]] = {
    "not let in": (Reply(HTML, 401, "text/html"), Said.UNREACHABLE, "401"),
    "forbidden": (Reply(HTML, 403, "text/html"), Said.UNREACHABLE, "403"),
    "not found": (Reply(HTML, 404, "text/html"), Said.UNREACHABLE, "404"),
    "its own fault": (Reply(HTML, 500, "text/html"), Said.UNREACHABLE, "500"),
    "busy": (Reply(HTML, 503, "text/html"), Said.UNREACHABLE, "503"),
    "sent elsewhere": (
        Reply(b"", 302, "text/html", (("Location", "https://login.example/"),)),
        Said.BROKEN, "login.example",
    ),
    "of another kind": (Reply(HTML, kind="text/html"), Said.BROKEN, "text/html"),
    "of no kind": (Reply(HTML, kind=""), Said.BROKEN, "of no kind"),
    "packed": (
        Reply(b"x", kind=JSON, headers=(("Content-Encoding", "gzip"),)), Said.BROKEN, "packed",
    ),
    "empty body, xml": (Reply(b""), Said.BROKEN, ""),
    "empty body, json": (Reply(b"", kind=JSON), Said.BROKEN, ""),
    "cut": (Reply(b'{"result": []}' * 9, kind=JSON, cut=20), Said.BROKEN, "breaks off"),
    "cut, xml": (Reply(document("gocdb-sites.xml"), cut=200), Said.BROKEN, "breaks off"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_no_answer_of_any_directory(
    ask: Callable[..., Heard], player: Player, kind: str, case: str
) -> None:
    reply, said, why = BAD[case]
    player.bad = lambda _: reply
    heard = ask(kind)
    assert heard.answer is None
    assert heard.said is (said if reply.kind != JSON or kind in {"voms", "iam"} else Said.BROKEN)
    if reply.kind not in {JSON, "application/xml"}:
        assert why in heard.detail


@pytest.mark.parametrize(("case", "times"), [("its own fault", 3), ("cut", 3), ("forbidden", 1)])
def test_only_what_may_pass_is_asked_again_and_not_for_ever(
    ask: Callable[..., Heard], player: Player, case: str, times: int
) -> None:
    player.bad = lambda _: BAD[case][0]
    ask("voms")
    assert len(player.asked) == times


def test_a_server_that_recovers_is_read_at_the_second_attempt(
    ask: Callable[..., Heard], player: Player
) -> None:
    def first_fails(_: Asked) -> Reply:
        player.bad = None
        return Reply(HTML, 502, "text/html")

    player.bad = first_fails
    assert ask("voms").answer is not None


def test_an_answer_that_drips_ends_at_the_deadline(
    ask: Callable[..., Heard], player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    player.bad = lambda _: Reply(b"x" * 1_000, kind=JSON, drip_s=0.1)
    heard = ask("voms", timeout=timedelta(seconds=1))
    assert (heard.said, heard.detail) == (Said.UNREACHABLE, "the answer does not end in time")


def test_a_server_that_says_nothing_is_unreachable(
    ask: Callable[..., Heard], player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)

    def silent(_: Asked) -> Reply:
        player.ending.wait(30)
        return Reply()

    player.bad = silent
    heard = ask("gocdb", timeout=timedelta(seconds=1))
    assert (heard.said, heard.detail) == (Said.UNREACHABLE, "no answer in time")


def test_a_flood_ends_at_the_limit(
    ask: Callable[..., Heard], player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 10_000)
    player.bad = lambda _: Reply(b"x" * 10_001, kind=JSON)
    heard = ask("voms")
    assert heard.said is Said.BROKEN
    assert "too long" in heard.detail


@pytest.mark.parametrize("kind", ["gocdb", "voms", "iam"])
def test_pages_that_go_in_a_circle_end(
    ask: Callable[..., Heard], player: Player, kind: str
) -> None:
    circles = {
        "gocdb": Reply(b'<results><SITE NAME="A"/><meta><link rel="next" href="?next_cursor=1"/>'
                       b"</meta></results>"),
        "voms": Reply(b'{"count": 9, "result": [{"id": 1}]}', kind=JSON),
        "iam": Reply(b'{"totalResults": 9, "startIndex": 1, "Resources":'
                     b' [{"id": "1", "displayName": "g"}]}', kind=JSON),
    }  # fmt: skip
    player.bad = lambda _: circles[kind]
    heard = ask(kind)
    assert heard.said is Said.BROKEN
    assert "circle" in heard.detail
    assert len(player.asked) == 2


def test_pages_without_end_end(
    ask: Callable[..., Heard], player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_PAGES", 5)

    def another(asked: Asked) -> Reply:
        cursor = int(asked.query.get("next_cursor", "0"))
        return Reply(f'<results><SITE NAME="S{cursor}"/><meta><link rel="next" '
                     f'href="?next_cursor={cursor + 1}"/></meta></results>'.encode())  # fmt: skip

    player.bad = another
    heard = ask("gocdb")
    assert "too many pages" in heard.detail
    assert len(player.asked) == 6


def test_nobody_listens(ask: Callable[..., Heard]) -> None:
    heard = ask("gocdb", url="https://localhost:9")
    assert heard.said is Said.UNREACHABLE
    assert heard.answer is None


def test_a_server_of_another_name_is_not_believed(
    ask: Callable[..., Heard], authority: Authority
) -> None:
    with serving(Player({"/gocdbpi": gocdb()}), authority, "wrong", "other.example") as other:
        heard = ask("gocdb", url=other.url + "/gocdbpi")
        assert heard.said is Said.UNREACHABLE
        assert "certificate" in heard.detail
        assert not other.asked


def test_a_server_of_another_authority_is_not_believed(
    ask: Callable[..., Heard], player: Player, tmp_path: Path
) -> None:
    heard = ask("voms", ca_file=Authority(tmp_path).ca)
    assert heard.said is Said.UNREACHABLE
    assert "certificate" in heard.detail
    assert "ca_file" in heard.detail
    assert "_ssl.c" not in heard.detail
    assert not player.asked


def test_a_server_that_wants_a_certificate_gets_none_from_us(
    ask: Callable[..., Heard], player: Player
) -> None:
    heard = ask("voms", certificate=None, key=None)
    assert heard.said in {Said.UNREACHABLE, Said.BROKEN}
    assert heard.answer is None
    assert "_ssl.c" not in heard.detail
    assert not player.asked


def test_a_key_that_does_not_fit_is_said_without_a_word_of_it(
    ask: Callable[..., Heard],
) -> None:
    heard = ask("voms", key=Secret(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END"))
    assert heard.said is Said.UNREACHABLE
    assert "c2VjcmV0" not in heard.detail


def test_a_wrong_token_is_refused_and_not_repeated(ask: Callable[..., Heard]) -> None:
    heard = ask("iam", token=Secret(b"wrong-token"))
    assert heard.said is Said.UNREACHABLE
    assert "401" in heard.detail
    assert "wrong-token" not in heard.detail


def test_our_own_mistake_is_a_broken_directory_and_not_a_crash(
    ask: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("gateway.directories.reading.read_voms", breaks)
    heard = ask("voms")
    assert heard.said is Said.BROKEN
    assert "KeyError" in heard.detail


def test_no_thread_is_left_behind(ask: Callable[..., Heard]) -> None:
    before = threading.active_count()
    ask("voms")
    assert threading.active_count() <= before + 1
