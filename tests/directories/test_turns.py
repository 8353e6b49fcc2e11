"""When a directory is read, and by whom, on both databases."""

from datetime import timedelta

from gateway.directories.sync import sync, sync_what_is_due
from router.directories import Said
from store.directories import claim, expect
from tests.directories.conftest import Opening
from tests.directories.playing import Player, Reply, waited

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
