"""Syncing with real servers into both databases: what is kept, said, told and made of it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.clock import tick
from gateway.directories import known as known_file
from gateway.directories.health import look_at_directories
from gateway.directories.sync import sync, sync_what_is_due
from gateway.health import State
from parsers.errors import Deferred
from router.decision import Decision
from router.directories import Changes, Said
from router.ticket import Participant, Ticket, TicketKind
from router.words import Outcome, Priority, Reason, Role, Status
from store.commit import Decided, write
from store.directories import claim, expect
from store.rows import read_tickets
from store.tables import directory_entry, event, outbox
from tests.directories.conftest import NOW, Office, Opening
from tests.directories.playing import Player, Reply, document, gocdb, many_users, voms, waited

USERS = "/voms/atlas/apiv2/users"
NOT_FJELL = document("gocdb-sites.xml").replace(
    b"<CERTIFICATION_STATUS>Certified</CERTIFICATION_STATUS>",
    b"<CERTIFICATION_STATUS>Suspended</CERTIFICATION_STATUS>", 1,
)  # fmt: skip


def users(*ids: int) -> list[dict[str, Any]]:
    return [user for user in json.loads(document("voms-users.json")) if user["id"] in ids]


def alarmers(office: Office) -> list[str]:
    return [m.name for m in office.desk.source.fresh().roster.members if "alarm" in m.roles]  # type: ignore[union-attr]


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


def opened(there: Office, site: str, unit: str, **more: Any) -> int:
    """Write an open ticket that notifies a site, as a mail would have left it."""
    ticket = Ticket(
        0, 0, TicketKind.USER, TicketKind.USER, Status.ASSIGNED, None, Priority.LESS_URGENT,
        "It fails", "anna@physics.example", unit, there.now, there.now, notified_site=site,
    )  # fmt: skip
    people = (
        Participant(Role.SUBMITTER, "anna@physics.example"),
        Participant(Role.SUPPORTER, "helpdesk@ngi-north.example", unit),
        Participant(Role.SITE, "admins@fjell.example", site),
    )
    decision = Decision(Outcome.NEW, (Reason.SITE_NAMED,), replace(ticket, **more), joins=people)
    with there.store.writing() as conn:
        numbers = write(conn, [Decided((decision,))], there.desk.policy, there.now)
    return numbers[0][0]


def ticket_of(there: Office, number: int) -> Ticket:
    with there.store.reading() as conn:
        return read_tickets(conn, [number])[number]


def test_a_site_that_loses_its_certification_is_taken_from_open_tickets(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    there.sync("goc")
    touched = opened(there, "FJELL-LCG2", "NGI_OLD")
    solved = opened(there, "FJELL-LCG2", "NGI_NORTH", status=Status.SOLVED)
    held = opened(there, "FJELL-LCG2", "TPM", held=Reason.UNPROVEN)
    other = opened(there, "DUIN-ELPROD", "NGI_NORTH")
    assert there.desk.known.registry.find_sites("FJELL-LCG2")[0].routable  # kept for some seconds
    player.answers["/gocdbpi"] = gocdb(get_site=NOT_FJELL)
    there.sync("goc")
    tick(there.desk)
    tick(there.desk)
    ticket = ticket_of(there, touched)
    assert (ticket.notified_site, ticket.support_unit) == ("", "NGI_NORTH")
    assert {(p.role, p.address) for p in ticket.participants} == {
        (Role.SUBMITTER, "anna@physics.example"), (Role.SUPPORTER, "helpdesk@ngi-north.example"),
    }  # fmt: skip
    with there.store.reading() as conn:
        rows = conn.execute(select(event).where(event.c.ticket == touched)).mappings().all()
        mails = conn.execute(
            select(outbox.c.recipient).where(outbox.c.ticket == touched, outbox.c.kind == "update")
        ).scalars().all()  # fmt: skip
    assert [row["kind"] for row in rows] == ["site no longer notified"]
    assert rows[0]["by"] == "ticketgate"
    assert "FJELL-LCG2 is suspended" in rows[0]["text"]
    assert [change[0] for change in rows[0]["changes"]] == [
        "notified site", "responsible unit",
    ]  # fmt: skip
    assert mails == ["helpdesk@ngi-north.example"]
    for untouched, site in ((solved, "FJELL-LCG2"), (held, "FJELL-LCG2"), (other, "DUIN-ELPROD")):
        assert ticket_of(there, untouched).notified_site == site


def test_a_site_that_is_listed_no_more_leaves_its_tickets_to_their_unit(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    there.sync("goc")
    number = opened(there, "FJELL-LCG2", "NGI_NORTH")
    gone = document("gocdb-sites.xml").replace(b"FJELL-LCG2", b"FJELL-NEW")
    player.answers["/gocdbpi"] = gocdb(get_site=gone)
    assert there.sync("goc").said is Said.OK
    tick(there.desk)
    ticket = ticket_of(there, number)
    assert (ticket.notified_site, ticket.support_unit) == ("", "NGI_NORTH")


def test_a_site_that_is_back_before_the_clock_looks_keeps_its_tickets(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    there.sync("goc")
    number = opened(there, "FJELL-LCG2", "NGI_NORTH")
    player.answers["/gocdbpi"] = gocdb(get_site=NOT_FJELL)
    there.sync("goc")
    player.answers["/gocdbpi"] = gocdb()
    there.sync("goc")
    tick(there.desk)
    assert ticket_of(there, number).notified_site == "FJELL-LCG2"


def test_no_ticket_loses_its_site_while_a_directory_has_never_been_read(office: Opening) -> None:
    there = office("goc", "people")
    number = opened(there, "ONLY-IN-GOCDB", "NGI_NORTH")
    there.sync("people")
    tick(there.desk)
    assert ticket_of(there, number).notified_site == "ONLY-IN-GOCDB"


def test_tier_1_sites_without_alarm_address_are_told_of_daily_until_there_is_one(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    told: list[int] = []
    for _ in range(3):
        there.sync("goc")
        for _ in range(2):
            tick(there.desk)
        told.append(len(there.notices()))
        there.now += timedelta(hours=25)
    assert told == [1, 2, 3]
    title, *lines = there.notices()[0]
    assert title == "Sites without an alarm address"
    assert lines == ["DUIN-ELPROD (tier 1, from goc): an alarm goes to grid@duin.example"]
    there.sync("goc")
    there.sync("goc")
    tick(there.desk)
    assert len(there.notices()) == 4
    address = b"<ALARM_EMAIL>a@duin.example</ALARM_EMAIL>"
    before = b"<CONTACT_EMAIL>grid@duin"
    fixed = document("gocdb-sites.xml").replace(before, address + before)
    player.answers["/gocdbpi"] = gocdb(get_site=fixed)
    for _ in range(3):
        there.now += timedelta(hours=25)
        there.sync("goc")
        tick(there.desk)
    assert len(there.notices()) == 4
