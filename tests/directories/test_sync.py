"""Syncing with real servers into both databases: what is kept, and what counts of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.directories import known as known_file
from parsers.errors import Deferred
from router.directories import Changes
from store.tables import directory_entry
from tests.directories.conftest import NOW, Opening, alarmers
from tests.directories.playing import Player, users, voms

USERS = "/voms/atlas/apiv2/users"


def test_a_first_sync_keeps_everything_and_says_what_is_new(office: Opening) -> None:
    there = office("goc", "people")
    assert str(there.sync("goc")) == "goc: +9 -0 ~0"
    assert str(there.sync("people")) == "people: +7 -0 ~0"
    known = there.desk.known
    assert [site.name for site in known.registry.sites] == [
        "DUIN-ELPROD", "FJELL-LCG2", "Izola MRF", "MOOR-GRID",
    ]  # fmt: skip
    assert [roc.name for roc in known.registry.rocs] == ["NGI_NORTH", "NGI_SOUTH"]
    assert {member.name for member in known.roster.members} == {
        "Ada Example", "Robot", "Žofie Nováková-Ærø",
    }, "nobody suspended, expired or without a role"  # fmt: skip
    fjell = known.registry.find_sites("FJELL-LCG2")[0]
    assert (fjell.source, fjell.updated_at) == ("goc", NOW + timedelta(minutes=1))
    (downtime,) = known.registry.downtimes_of(fjell)
    assert downtime.ongoing(NOW)


def test_a_second_sync_without_news_writes_no_new_version(office: Opening) -> None:
    there = office("people")
    there.sync("people")
    before = there.state("people")
    done = there.sync("people")
    assert not done.changes.any
    after = there.state("people")
    assert (after.version, after.good_at) == (before.version, there.now)
    assert after.since == before.since


def test_changes_are_counted_and_only_changed_rows_are_touched(
    office: Opening, player: Player
) -> None:
    there = office("people")
    there.sync("people")
    other = users(4, 6, 7, 8, 9, 10)
    other[3]["emailAddress"] = "zofie2@atlas.example"
    fresh = {"id": 11, "name": "New", "emailAddress": "new@atlas.example", "fqans": ["/atlas/team"]}
    player.answers[USERS] = voms([*other, fresh])
    done = there.sync("people")
    assert done.changes == Changes(1, 1, 1)
    with there.store.reading() as conn:
        entry = directory_entry.c
        rows = conn.execute(select(entry.key, entry.since, entry.changed_at)).all()
    times = {key: (since, changed) for key, since, changed in rows}
    first, second = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    assert times["atlas 4"] == (first, first)
    assert times["atlas 8"] == (first, second)
    assert times["atlas 11"] == (second, second)
    assert "atlas 5" not in times


def test_a_running_process_sees_a_new_copy_within_seconds_and_asks_seldom(
    office: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = office("people")
    moment = 100.0
    monkeypatch.setattr(known_file.time, "monotonic", lambda: moment)
    looks = []
    seen = known_file.read_versions
    monkeypatch.setattr(known_file, "read_versions", lambda conn: looks.append(1) or seen(conn))
    assert there.desk.known.roster.members == ()
    there.sync("people")
    for _ in range(1_000):
        assert there.desk.known.roster.members == ()
    assert len(looks) == 1, "a thousand mails cost no look"
    moment += known_file.LOOK_EVERY_S
    assert len(there.desk.known.roster.members) == 3
    assert len(looks) == 2


def test_a_membership_ends_without_a_sync(office: Opening) -> None:
    there = office("people")
    there.sync("people")
    assert "Ada Example" in alarmers(there)
    there.now = there.now.replace(year=2031)
    assert alarmers(there) == []


def test_what_is_known_stays_while_the_store_cannot_be_read(
    office: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = office("people")
    there.sync("people")
    assert alarmers(there)

    def fails(_conn: object) -> None:
        raise Deferred("The store is away.")

    monkeypatch.setattr(known_file, "read_versions", fails)
    assert alarmers(there) == ["Ada Example", "Robot"]


def test_a_directory_taken_out_of_the_configuration_counts_no_more(
    office: Opening,
) -> None:
    there = office("people", "goc")
    there.sync("people")
    there.sync("goc")
    less = there.config.model_copy(update={"directory": {"goc": there.config.directory["goc"]}})
    assert alarmers(replace(there, config=less)) == []
