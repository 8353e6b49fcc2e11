"""Whom we believe when we ask, and what we show of ourselves."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.secrets import Secret
from gateway.directories.reading import Heard
from router.directories import Said
from tests.directories.playing import (
    Player,
    gocdb,
    serving,
)
from tests.imap.certificates import Authority


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
    assert not player.asked


def test_a_server_that_wants_a_certificate_gets_none_from_us(
    ask: Callable[..., Heard], player: Player
) -> None:
    heard = ask("voms", certificate=None, key=None)
    assert heard.said in {Said.UNREACHABLE, Said.BROKEN}
    assert heard.answer is None
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


def test_no_thread_is_left_behind(ask: Callable[..., Heard]) -> None:
    before = threading.active_count()
    ask("voms")
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("token", ["first-half\nsecond-half", "one-half two-half", "half-\u00fc"])
def test_a_token_that_cannot_be_sent_is_said_without_a_word_of_it(
    ask: Callable[..., Heard], player: Player, token: str
) -> None:
    heard = ask("iam", token=Secret(token.encode()))
    assert heard.said is Said.UNREACHABLE
    assert "our token" in heard.detail
    assert "half" not in heard.detail
    assert not player.asked
