"""When a directory is read, and by whom, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.directories import sync as sync_file
from gateway.directories.reading import Heard
from gateway.directories.rounds import begin
from gateway.directories.sync import sync, sync_what_is_due
from parsers.directory import Answer
from router.directories import Said
from store.directories import CLAIM, JUST_TRIED, claim, expect, read_copy, read_states
from tests.directories.conftest import Opening
from tests.directories.playing import Player, Reply, users, voms, waited

USERS = "/voms/atlas/apiv2/users"


def test_a_directory_is_read_when_it_is_due_and_sooner_again_after_trouble(
    office: Opening, player: Player
) -> None:
    there = office("people", "goc")

    def round_() -> list[str]:
        return [done.name for done in sync_what_is_due(there.desk, there.config, "t", waited)]

    assert sorted(round_()) == ["goc", "people"]
    assert round_() == []
    hours = (there.state("people").due_at - there.now) / timedelta(hours=1)
    assert 21.6 <= hours <= 26.4
    there.now += timedelta(hours=27)
    player.bad = lambda _: Reply(b"", 403)
    assert sorted(round_()) == ["goc", "people"]
    assert there.state("people").due_at - there.now < timedelta(minutes=67)


def test_of_two_readers_one_reads(office: Opening) -> None:
    there = office("people")
    with there.store.writing() as conn:
        expect(conn, ["people"], there.now)
        assert claim(conn, "people", "another daemon", there.now, due=True)
    assert sync(there.desk, there.config, "people", "t", waited) is None
    assert list(sync_what_is_due(there.desk, there.config, "t", waited)) == []
    there.now += timedelta(minutes=31)  # the other one is gone for good
    assert there.sync("people").said is Said.OK


def test_who_comes_second_does_not_read_again_what_was_just_read(office: Opening) -> None:
    there = office("people")
    there.sync("people")  # after the other one saw that it is due
    assert sync(there.desk, there.config, "people", "t", waited, due=True) is None


def test_who_ends_second_with_an_older_answer_replaces_nothing(
    office: Opening, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = office("people")
    read = sync_file.read_directory

    def slowly(*given: Any) -> Heard:
        older = read(*given)
        monkeypatch.setattr(sync_file, "read_directory", read)
        player.answers["/voms/atlas/apiv2/users"] = voms(users(4, 5, 6, 7, 8, 9))
        there.now += CLAIM
        assert there.sync("people").said is Said.OK
        return older

    monkeypatch.setattr(sync_file, "read_directory", slowly)
    assert sync(there.desk, there.config, "people", "test", waited) is None
    with there.store.reading() as conn:
        assert {one.id for one in read_copy(conn, "people").members} == set("456789")
    assert there.state("people").version == 1


def test_a_person_who_breaks_off_may_ask_again_at_once(
    office: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = office("people")

    def broken_off(*_: object) -> Heard:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sync_file, "read_directory", broken_off)
        with pytest.raises(KeyboardInterrupt):
            there.sync("people")
    assert there.sync("people").said is Said.OK


def test_a_start_reads_all_again_because_the_configuration_may_say_otherwise(
    office: Opening,
) -> None:
    there = office("people", "goc")
    for name in ("people", "goc"):
        there.sync(name)
    there.now += JUST_TRIED
    there.sync("goc")
    assert begin(there.desk, there.config) == []
    assert (there.state("people").due_at, there.state("goc").due_at > there.now) == (
        there.now, True,
    ), "what was read a moment ago is not read again by each start"  # fmt: skip


def test_what_was_taken_out_of_the_configuration_is_kept_for_a_month_and_then_forgotten(
    office: Opening,
) -> None:
    there = office("people", "goc")
    for name in ("people", "goc"):
        there.sync(name)
    less = there.config.model_copy(update={"directory": {"goc": there.config.directory["goc"]}})
    assert begin(there.desk, less) == []
    there.now += timedelta(days=32)
    assert begin(there.desk, less) == ["people"]
    with there.store.reading() as conn:
        assert set(read_states(conn)) == {"goc"}
        assert read_copy(conn, "people") == Answer()
        assert read_copy(conn, "goc").sites
