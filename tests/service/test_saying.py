"""Saying how one is never disturbs the role: not a store that fails, not one that hangs."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from running import until

from gateway import saying
from gateway.config.sections import Store as Section
from gateway.intake import Intake
from gateway.processes import link as links
from gateway.processes.link import Link
from gateway.processes.post import Post
from gateway.saying import say_again_and_again
from parsers.errors import Deferred
from store.engine import Store
from store.health import read_doors, read_roles, say_of_door

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def post(store: Any = None, link: Link | None = None) -> Post:
    there = SimpleNamespace(astray=lambda: "")  # a store whose files are where they were
    desk = SimpleNamespace(store=store or there, clock=lambda: NOW)
    return cast("Post", SimpleNamespace(desk=desk, link=link or Link(), name="work-0"))


def fine() -> str:
    return ""


def test_it_is_said_at_once_and_again_under_each_name(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saying, "EVERY_S", 0.05)
    trouble = [""]
    with say_again_and_again(post(store), say_of_door, ["smtp", "lmtp"], lambda: trouble[0]):
        until(lambda: len(read_doors(store)) == 2, "both doors have spoken")
        trouble[0] = "the store fails"
        until(lambda: all(one.failing for one in read_doors(store)), "both say so")
        trouble[0] = ""
        until(lambda: not any(one.failing for one in read_doors(store)), "both are well")


def test_what_changes_is_said_soon_and_what_does_not_is_not_repeated_so_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saying, "LOOK_S", 0.01)
    monkeypatch.setattr(saying, "EVERY_S", 3600.0)
    said, asked, trouble = list[str](), list[int](), [""]

    def now() -> str:
        asked.append(1)
        return trouble[0]

    with say_again_and_again(post(), lambda *words: said.append(words[2]), ["work-0"], now):
        until(lambda: len(asked) >= 5, "it has looked five times")
        assert said == [""]
        trouble[0] = "1 broken mail"
        until(lambda: len(said) == 2, "the trouble is said before its time")
        trouble[0] = "2 broken mails"  # in trouble still: the figure may wait
        looks = len(asked)
        until(lambda: len(asked) >= looks + 5, "it has looked five times more")
        assert said == ["", "1 broken mail"]
        trouble[0] = ""
        until(lambda: said[-1] == "", "its end is said before its time")


@pytest.mark.parametrize("error", [Deferred("x", "the disk is full"), RuntimeError("odd")])
def test_a_store_that_fails_is_tried_again_and_the_role_hears_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saying, "LOOK_S", 0.02)
    tries = []

    def fails(*_words: object) -> None:
        tries.append(1)
        raise error

    with say_again_and_again(post(), fails, ["work-0"], fine):
        until(lambda: len(tries) >= 3, "three attempts")


def test_a_trouble_that_cannot_be_told_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saying, "EVERY_S", 0.02)
    asked = []

    def unknown() -> str:
        asked.append(1)
        raise ZeroDivisionError

    with say_again_and_again(post(), lambda *_: None, ["work-0"], unknown):
        until(lambda: len(asked) >= 3, "asked again")


def test_a_store_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saying, "END_WAIT_S", 0.1)
    let_go, hanging = threading.Event(), threading.Event()

    def hangs(*_words: object) -> None:
        hanging.set()
        let_go.wait(100)

    begun_at = time.monotonic()
    with say_again_and_again(post(), hangs, ["work-0"], fine):
        assert hanging.wait(60)
    assert time.monotonic() - begun_at < 60
    let_go.set()


def test_nor_does_it_hold_up_the_end_of_the_daemon(
    in_files: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saying, "LAST_WAIT_S", 0.1)
    section = Section(url=in_files.desk.url.render_as_string())
    with in_files.writing(), in_files.journal_writing():
        saying.say_the_end(section, ["smtp"], ["work-0"], "", NOW)
        assert read_doors(in_files) == ()
    until(lambda: read_roles(in_files), "it is said when the store is free again")
    assert [one.stopped for one in (*read_doors(in_files), *read_roles(in_files))] == [True, True]


def test_the_end_makes_no_store_where_there_was_one(place: Path) -> None:
    section = Section(url=f"sqlite:///{place}/tickets.db")
    saying.say_the_end(section, ["smtp"], ["work-0"], "", NOW)
    assert list(place.iterdir()) == []


def test_a_main_loop_that_stands_still_is_a_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saying, "STILL_S", 600.0)  # the machine may be slow; the hours are ours
    monkeypatch.setattr(links, "ALIVE_S", 0.0)
    link, said = Link(), list[str]()

    def say_once() -> str:
        saying._say_once(post(link=link), lambda *w: said.append(w[2]), ["work-0"], fine)
        return said[-1]

    def let_an_hour_pass() -> None:
        link._moved_at -= 3600

    assert say_once() == ""
    let_an_hour_pass()
    assert say_once().startswith("its main loop stands still for")
    link.wait(0)
    assert say_once() == ""
    link.busy([1], time.monotonic() + 600)
    let_an_hour_pass()
    assert say_once() == ""  # busy is no trouble


def test_the_doors_say_what_keeps_mail_from_being_kept(in_files: Store) -> None:
    nobody: Callable[[], None] = lambda: None  # noqa: E731 - nobody to wake
    assert Intake(in_files, wake=nobody, reserve_bytes=0).trouble() == ""
    assert (
        Intake(in_files, wake=nobody, reserve_bytes=1 << 62).trouble() == "disk below its reserve"
    )
    failing = Intake(in_files, wake=nobody, reserve_bytes=0)
    failing._writer._failures = 3
    assert failing.trouble() == "the store fails"
