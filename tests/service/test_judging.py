"""What is judged of the rows that doors and roles write: ok, failing, silent, or nobody's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from running import Helpdesk

from gateway import daemon
from gateway.config.load import load
from gateway.health import State, expected_roles, look
from store.engine import Store, open_store
from store.health import read_doors, read_roles, say_of_door, say_of_role, say_stopped

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def well(place: Path, in_files: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration, and a store in which everybody has just said that all is well."""
    monkeypatch.setenv("TICKETGATE_TEST_SECRET", "x" * 32)
    desk = Helpdesk(place, {"[store]": "[work]\nprocesses = 2\n\n[store]"})
    say_of_door(in_files, "smtp", "", NOW)
    for name in ("work-0", "work-1", "courier-0"):
        say_of_role(in_files, name, "", NOW)
    return desk.config


def states(config: Path, store: Store | None, now: datetime = NOW) -> dict[str, str]:
    return {line.name: str(line.state) for line in look(load(config), store, now)}


def test_who_has_said_nothing_for_a_minute_is_silent_and_so_is_who_never_did(
    well: Path, in_files: Store
) -> None:
    assert set(states(well, in_files).values()) == {"ok"}
    assert states(well, in_files, NOW + timedelta(seconds=59))["work-1"] == "ok"
    assert states(well, in_files, NOW + timedelta(seconds=61))["work-1"] == "silent"
    well.write_text(well.read_text().replace("processes = 2", "processes = 3"))
    assert states(well, in_files)["work-2"] == "silent"


def test_pages_are_missed_where_they_are_configured(well: Path, in_files: Store) -> None:
    say_of_role(in_files, "web-0", "", NOW - timedelta(days=1))
    assert "web-0" not in states(well, in_files)
    well.write_text(well.read_text() + '\n[web]\nlisten = "127.0.0.1:0"\n')
    assert states(well, in_files)["web-0"] == "silent"
    say_of_role(in_files, "web-0", "", NOW)
    assert set(states(well, in_files).values()) == {"ok"}


def test_a_door_that_is_no_longer_configured_is_not_looked_at(well: Path, in_files: Store) -> None:
    say_of_door(in_files, "lmtp", "the store fails", NOW - timedelta(days=1))
    assert "lmtp" not in states(well, in_files)


def test_daemons_on_one_database_are_told_apart_and_one_that_is_gone_is_missed_for_an_hour(
    place: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETGATE_TEST_SECRET", "x" * 32)
    config = load(Helpdesk(place, {"sqlite:///tickets.db": postgres_url}).config)
    ours, theirs = "@one.example:0123abcd", "@two.example:4567cdef"
    store = open_store(postgres_url)
    slots = [name.removesuffix(ours) for name in expected_roles(config, ours)]
    say_of_door(store, "smtp", "the door of an older program", NOW)
    for of, detail in ((ours, ""), (theirs, "the store fails")):
        say_of_door(store, "smtp" + of, detail, NOW)
        for slot in slots:
            say_of_role(store, slot + of, "", NOW)

    def seen(after: timedelta = timedelta(0), *, others: bool) -> dict[str, str]:
        found = look(config, store, NOW + after, of=ours, others=others)
        return {line.name: str(line.state) for line in found}

    own = {"store journal", "store tickets", *(name + ours for name in ("smtp", *slots))}
    assert seen(others=False) == dict.fromkeys(own, "ok")
    both = seen(others=True)
    assert set(both) == own | {name + theirs for name in ("smtp", *slots)}
    assert {name for name, state in both.items() if state != "ok"} == {"smtp" + theirs}
    say_of_door(store, "smtp" + ours, "", NOW + timedelta(minutes=59))
    assert seen(timedelta(minutes=59), others=True)["smtp" + theirs] == "silent"
    assert seen(timedelta(minutes=59), others=True)["smtp" + ours] == "ok"
    assert set(seen(timedelta(minutes=61), others=True)) == own
    say_stopped(store, ["smtp" + theirs], [], "", NOW)
    say_of_role(store, "work-0" + theirs, "", NOW, NOW + timedelta(seconds=1))
    states_of = seen(timedelta(seconds=1), others=True)
    assert states_of["smtp" + theirs] == "stopped"
    assert states_of["work-0" + theirs] == "ok"
    store.close()


def test_a_daemon_that_stops_leaves_a_mailbox_to_the_one_that_reads_it(
    place: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETGATE_TEST_SECRET", "x" * 32)
    monkeypatch.setenv("TICKETGATE_TEST_PASSWORD", "secret")
    box = (
        '[[imap]]\naddress = "support@helpdesk.example"\nhost = "mail.example"\n'
        'user = "help"\npassword = { env = "TICKETGATE_TEST_PASSWORD" }\n\n[store]'
    )
    path = Helpdesk(place, {"[store]": box, "sqlite:///tickets.db": postgres_url}).config
    config, store = load(path), open_store(postgres_url)
    mailbox = "imap help@mail.example/INBOX"
    say_of_door(store, mailbox, "", NOW)
    daemon._say_the_end(config, store, path, "")
    rows = {one.name: one.stopped for one in (*read_doors(store), *read_roles(store))}
    assert rows.pop(mailbox) is False
    assert len(rows) == 3
    assert all(rows.values())
    store.close()


def test_since_begins_anew_with_each_process_that_speaks(well: Path, in_files: Store) -> None:
    """A worker that was killed and one that never stopped do not look alike."""

    def since() -> datetime | None:
        found = look(load(well), in_files, NOW + timedelta(seconds=40))
        return next(one.since for one in found if one.name == "work-0")

    born = NOW + timedelta(seconds=15)
    say_of_role(in_files, "work-0", "", NOW + timedelta(seconds=10))
    assert since() == NOW
    say_of_role(in_files, "work-0", "", born, born)
    say_of_role(in_files, "work-0", "", NOW + timedelta(seconds=25), born)
    assert since() == born
    say_of_role(in_files, "work-0", "", NOW - timedelta(days=1), NOW - timedelta(days=1))
    assert since() == NOW - timedelta(days=1)  # its clock was wrong before


def test_who_was_stopped_says_so_at_once_and_why_it_does_not_start_again(
    well: Path, in_files: Store
) -> None:
    def found(after_s: float, *, starting: bool = False) -> dict[str, tuple[str, str, int]]:
        now = NOW + timedelta(seconds=after_s)
        lines = look(load(well), in_files, now, starting=starting)
        return {
            one.name: (one.state, one.detail, (one.since - NOW).seconds)
            for one in lines
            if one.since is not None
        }

    names = ("work-0", "work-1", "courier-0")
    say_stopped(in_files, ["smtp"], names, "", NOW + timedelta(seconds=1))
    assert found(1) == dict.fromkeys(("smtp", *names), ("stopped", "", 1))
    assert found(1, starting=True)["smtp"] == ("starting", "", 1)
    assert found(62, starting=True)["smtp"] == ("stopped", "", 1)
    say_stopped(in_files, ["smtp"], names, "the port is in use", NOW + timedelta(seconds=300))
    assert found(300) == dict.fromkeys(("smtp", *names), ("stopped", "the port is in use", 1))
    say_of_door(in_files, "smtp", "", NOW + timedelta(seconds=301))
    assert found(301)["smtp"] == ("ok", "", 301)


def test_what_somebody_says_is_wrong_is_failing_since_it_began(well: Path, in_files: Store) -> None:
    for seconds in (0, 10, 20):
        say_of_door(in_files, "smtp", "the store fails", NOW + timedelta(seconds=seconds))
    found = {one.name: one for one in look(load(well), in_files, NOW + timedelta(seconds=21))}
    assert (found["smtp"].state, found["smtp"].since) == (State.FAILING, NOW)


@pytest.mark.parametrize(
    ("broken", "silent", "well_still"),
    [("tickets.db", "work-0", "smtp"), ("journal.db", "smtp", "work-0")],
)
def test_a_half_of_the_store_that_cannot_be_read_says_so_and_the_other_half_stands(  # noqa: PLR0917 - cases and fixtures
    well: Path, in_files: Store, place: Path, broken: str, silent: str, well_still: str
) -> None:
    in_files.close()
    for path in place.glob(f"{broken}*"):
        path.write_bytes(b"no database" * 1000)
    found = {one.name: one for one in look(load(well), in_files, NOW)}
    part = "tickets" if broken == "tickets.db" else "journal"
    assert found[f"store {part}"].state is State.FAILING
    assert "cannot be read: file is not a database" in found[f"store {part}"].detail
    assert found[silent].state is State.SILENT
    assert found[well_still].state is State.OK
