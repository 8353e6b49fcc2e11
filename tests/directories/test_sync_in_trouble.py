"""Answers that replace nothing, on both databases: what is kept, said, told, and when."""

from datetime import timedelta

import pytest

from gateway.directories.health import look_at_directories
from gateway.health import State
from router.directories import Changes, Said
from tests.directories.conftest import Opening, alarmers
from tests.directories.playing import Player, Reply, gocdb, many_users, users, voms

USERS = "/voms/atlas/apiv2/users"


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (Reply(b'{"count": 0, "result": []}', kind="application/json"), Said.EMPTY),
        (Reply(b"null", kind="application/json"), Said.NULL),
        (Reply(b'{"result": null}', kind="application/json"), Said.NULL),
        (Reply(b'{"result": [', kind="application/json"), Said.BROKEN),
        (Reply(b"<html/>", kind="text/html"), Said.BROKEN),
        (Reply(b"", 500), Said.UNREACHABLE),
        (Reply(b"", 403), Said.UNREACHABLE),
    ],
    ids=["empty", "null", "null-result", "cut", "html", "500", "403"],
)
def test_trouble_keeps_the_last_good_copy_and_is_told_once_and_when_it_is_over(
    office: Opening, player: Player, bad: Reply, word: Said
) -> None:
    there = office("people")
    there.sync("people")
    good = there.state("people")
    player.bad = lambda _: bad
    for _ in range(3):
        assert there.sync("people").said is word
    assert alarmers(there) == ["Ada Example", "Robot"]
    state = there.state("people")
    assert (state.said, state.good_at, state.version) == (word, good.good_at, good.version)
    (line,) = look_at_directories(there.config, there.store, there.now)
    assert (line.state, line.name) == (State.FAILING, "directory people")
    assert "2026-03-02 12:01 UTC is in use" in line.detail
    (notice,) = there.notices()
    assert notice[0] == f"Directory people: {word}"
    assert "The copy of 2026-03-02 12:01 UTC stays in use." in notice
    player.bad = None
    assert there.sync("people").said is Said.OK
    assert [title for title, *_ in there.notices()] == [
        f"Directory people: {word}", "Directory people: all is well again",
    ]  # fmt: skip
    (line,) = look_at_directories(there.config, there.store, there.now)
    assert line.state is State.OK


def test_a_short_answer_is_kept_out_until_a_person_accepts_it(
    office: Opening, player: Player
) -> None:
    there = office("people")
    player.answers[USERS] = voms(many_users(20))
    there.sync("people")
    player.answers[USERS] = voms(many_users(10))
    done = there.sync("people")
    assert done.said is Said.SHORT
    assert "10 of 20 people are missing" in str(done)
    assert "the copy of 2026-03-02 12:01 UTC stays" in str(done)
    assert "ticketgate sync people --accept" in there.notices()[0][-1]
    assert len(there.desk.source.fresh().roster.members) == 20  # type: ignore[union-attr]
    done = there.sync("people", accept=True)
    assert (done.said, done.changes) == (Said.OK, Changes(0, 10, 0))
    assert "accepted" in str(done)
    assert len(there.desk.source.fresh().roster.members) == 10  # type: ignore[union-attr]


def test_a_vo_without_any_alarmer_left_is_short(office: Opening, player: Player) -> None:
    there = office("people")
    there.sync("people")
    everybody = users(4, 5, 6, 7, 8, 9, 10)
    for user in everybody:
        user["fqans"] = [one for one in user["fqans"] if "alarm" not in one]
    player.answers[USERS] = voms(everybody)
    done = there.sync("people")
    assert done.said is Said.SHORT
    assert "nobody of atlas has the role alarm" in done.detail
    assert alarmers(there) == ["Ada Example", "Robot"]


def test_how_much_may_be_missing_is_configured(office: Opening, player: Player) -> None:
    there = office("people", add="max_shrink = 0.6\n")
    player.answers[USERS] = voms(many_users(20))
    there.sync("people")
    player.answers[USERS] = voms(many_users(10))
    assert there.sync("people").said is Said.OK


def test_alarm_addresses_that_vanish_all_at_once_keep_the_old_ones(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    many = b"".join(
        b'<SITE NAME="S%d"><ROC>R</ROC><CERTIFICATION_STATUS>Certified</CERTIFICATION_STATUS>'
        b"<ALARM_EMAIL>s%d@x.example</ALARM_EMAIL></SITE>" % (n, n) for n in range(9)
    )  # fmt: skip
    player.answers["/gocdbpi"] = gocdb(get_site=b"<results>%s</results>" % many)
    there.sync("goc")
    player.answers["/gocdbpi"] = gocdb(
        get_site=b"<results>%s</results>" % many.replace(b"ALARM_EMAIL", b"OTHER")
    )
    done = there.sync("goc")
    assert done.said is Said.SHORT
    assert "9 of 9 alarm addresses" in done.detail
    assert there.desk.known.registry.find_sites("s3")[0].alarm_addresses == ("s3@x.example",)


def test_a_source_that_was_never_read_has_no_copy(office: Opening, player: Player) -> None:
    there = office("people")
    player.bad = lambda _: Reply(b"", 500)
    assert str(there.sync("people")).endswith("no copy")
    assert there.desk.known.roster.members == ()
    assert "There is no earlier copy." in there.notices()[0]
    (line,) = look_at_directories(there.config, there.store, there.now)
    assert "there is no copy" in line.detail


def test_a_directory_that_nobody_reads_any_more_is_silent(office: Opening) -> None:
    there = office("people")
    (line,) = look_at_directories(there.config, there.store, there.now)
    assert (line.state, line.detail) == (State.SILENT, "it has never been read")
    there.sync("people")
    (line,) = look_at_directories(there.config, there.store, there.now + timedelta(hours=49))
    assert line.state is State.SILENT


def test_trouble_that_lasts_is_told_again_each_week_whatever_it_is_called(
    office: Opening, player: Player
) -> None:
    there = office("people")
    there.sync("people")
    bad = (Reply(b"", 403), Reply(b"null", kind="application/json"))
    for attempt in range(15 * 3):
        reply = bad[attempt % 2]
        player.bad = lambda _, reply=reply: reply
        there.sync("people")
        there.now += timedelta(hours=8)
    titles = [title for title, *_ in there.notices()]
    assert titles[:2] == ["Directory people: unreachable", "Directory people: null"]
    assert len(titles) == 4, "once each, and once for each of two weeks"
