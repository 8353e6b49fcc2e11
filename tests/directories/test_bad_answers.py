"""Answers that are none: wrong, cut, slow, endless; none is taken for an answer."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from gateway.directories import fetching
from gateway.directories.reading import Heard
from router.directories import Said
from tests.directories import playing
from tests.directories.playing import (
    Asked,
    Player,
    Reply,
    document,
    many_users,
    voms,
)

KINDS = ("gocdb", "voms", "iam", "topology")


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
    assert (heard.said, heard.detail) == (Said.UNREACHABLE, "no whole answer in time")


def test_header_lines_that_drip_end_at_the_deadline_too(
    ask: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    def drips(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        with suppress(OSError):
            while not handler.server.player.ending.wait(0.1):
                handler.wfile.write(b"X-More: y\r\n")

    monkeypatch.setattr(playing.Handler, "do_GET", drips)
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    heard = ask("voms", timeout=timedelta(seconds=1))  # the drip never ends
    assert (heard.said, heard.detail) == (Said.UNREACHABLE, "no whole answer in time")


def test_pages_that_each_come_in_time_end_when_there_are_too_many_of_them(
    ask: Callable[..., Heard], player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(asked: Asked) -> Reply:
        player.ending.wait(0.1)
        return voms(many_users(9_900))(asked)

    monkeypatch.setattr(fetching, "MOST_S", 0.5)
    player.bad = slow
    heard = ask("voms")
    assert heard.said is Said.UNREACHABLE
    assert "not all of it could be read" in heard.detail
    assert len(player.asked) < 10


def test_a_server_that_says_nothing_is_unreachable(
    ask: Callable[..., Heard], player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)

    def silent(_: Asked) -> Reply:
        player.ending.wait(30)
        return Reply()

    player.bad = silent
    heard = ask("gocdb", timeout=timedelta(seconds=1))
    assert (heard.said, heard.detail) == (Said.UNREACHABLE, "no whole answer in time")


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


def test_our_own_mistake_is_a_broken_directory_and_not_a_crash(
    ask: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("gateway.directories.reading.read_voms", breaks)
    heard = ask("voms")
    assert heard.said is Said.BROKEN
    assert "KeyError" in heard.detail
