"""A store of which a part is gone: what an operator reads, and that no second helpdesk starts."""

import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from smtplib import SMTPException

import pytest
from fresh import open_fresh
from running import DEADLINE_S, PROGRAM, Helpdesk, mail, until

from tests.store.test_pairing import keep_only

SUPPORT = ["support@helpdesk.example"]
WEB = {'[[vo]]\nname = "atlas"': '[web]\nlisten = "127.0.0.1:0"\n\n[[vo]]\nname = "atlas"'}


def refused(desk: Helpdesk) -> str:
    """Serve what cannot be served; return the last line that it said."""
    done = subprocess.run(
        [PROGRAM, "serve", "--config", desk.config],
        capture_output=True,
        text=True,
        env=desk.env,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def worked(place: Path, mails: int = 2) -> Helpdesk:
    """Return a stopped helpdesk that has worked on so many mails."""
    desk = Helpdesk(place)
    desk.start()
    for number in range(1, mails + 1):
        desk.send(mail(number), SUPPORT)
    desk.settled(mails)
    desk.stop()
    return desk


def move(desk: Helpdesk, name: str, there: Path) -> None:
    """Move a database away with what lies beside it."""
    there.mkdir(exist_ok=True)
    for path in sorted(desk.place.glob(f"{name}*")):
        path.rename(there / path.name)


def test_without_its_tickets_no_second_helpdesk_starts_over_the_journal(place: Path) -> None:
    desk = worked(place)
    backup = place / "tickets.backup"
    shutil.copy(place / "tickets.db", backup)
    desk.start()
    desk.send(mail(3), SUPPORT)
    desk.settled(3)
    desk.stop()
    sent = desk.outgoing()
    move(desk, "tickets.db", place / "away")
    for said in (refused(desk), desk.typed("check-config").out, desk.typed("tickets").err):
        assert f"{place}/journal.db holds 3 mails, but {place}/tickets.db is missing." in said
        assert "put tickets.db back, from a backup" in said
    assert desk.typed("check-config").code == 1
    assert not (place / "tickets.db").exists()
    assert desk.outgoing() == sent
    shutil.copy(backup, place / "tickets.db")
    desk.start()
    try:
        assert len(desk.settled(3)) == 3
        assert len(desk.listing("tickets")) == 3
    finally:
        desk.stop()


def test_a_typo_in_the_url_is_not_another_helpdesk(place: Path) -> None:
    desk = worked(place, 1)
    desk.config.write_text(desk.config.read_text().replace("///tickets.db", "///tickers.db"))
    said = refused(desk)
    assert "Correct [store] url (beside it lies tickets.db)" in said
    assert "beside it lies tickets.db" in desk.typed("check-config").out
    assert not (place / "tickers.db").exists()


def test_a_mail_that_was_accepted_before_anything_was_pulled_is_worked_on(place: Path) -> None:
    desk = Helpdesk(place)
    store = open_fresh(desk.store_url)
    keep_only(store, "x")
    store.close()
    desk.start()
    try:
        desk.settled(1)
    finally:
        desk.stop()


def test_lost_tickets_are_made_anew_only_when_that_is_asked_for(place: Path) -> None:
    desk = worked(place)
    assert desk.typed("accept-loss").code == 3
    move(desk, "tickets.db", place / "away")
    done = desk.typed("accept-loss")
    assert done.code == 1
    assert "(2) will be worked on again" in done.out
    assert not (place / "tickets.db").exists()
    assert desk.typed("accept-loss", "--yes").code == 0
    desk.start()
    try:
        assert len(desk.settled(2)) == 2
    finally:
        desk.stop()


def test_without_its_journal_it_starts_only_when_that_is_asked_for(place: Path) -> None:
    """Else a new mail would get the number of an old one, and nobody would work on it."""
    desk = worked(place)
    move(desk, "journal.db", place / "away")
    for said in (refused(desk), desk.typed("check-config").out, desk.typed("tickets").err):
        assert f"tickets.db knows mails up to number 2, but the newest in {place}/journal" in said
    assert not (place / "journal.db").exists()
    assert desk.typed("accept-loss", "--yes").code == 0
    desk.start()
    try:
        desk.send(mail(3), SUPPORT)
        assert desk.settled(3)[0]["mail"] == 3
    finally:
        desk.stop()


def test_a_directory_that_is_missing_is_named_by_all_who_look(place: Path) -> None:
    desk = Helpdesk(place)
    desk.config.write_text(desk.config.read_text().replace("///tickets.db", "///nodir/x.db"))
    sentence = f"the directory {place}/nodir is missing: make it, or correct [store] url"
    assert sentence in refused(desk)
    assert sentence in desk.typed("check-config").out
    assert sentence in desk.typed("tickets").err
    health = desk.typed("health").out
    assert "store tickets: failing" in health
    assert sentence in " ".join(health.split())


@pytest.fixture
def read_only(place: Path) -> Iterator[Path]:
    """A disk with a store on it that is read-only now; needs the right to mount."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    disk = place / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", disk], check=True)
    worked(disk, 1)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_is_read_only_is_named_by_all_who_look(read_only: Path) -> None:
    desk = Helpdesk.__new__(Helpdesk)  # its configuration cannot be written any more
    desk.place, desk.config, desk.env = read_only, read_only / "config.toml", dict(os.environ)
    desk.env["TICKETGATE_TEST_SECRET"] = "a secret for tests only, 32 bytes"
    sentence = f"{read_only} lies on a file system that is read-only: mount it writable"
    assert sentence in refused(desk)
    assert sentence in desk.typed("check-config").out
    assert sentence in desk.typed("tickets").err
    assert sentence in " ".join(desk.typed("health").out.split())


@pytest.fixture
def desk(place: Path) -> Iterator[Helpdesk]:
    running = Helpdesk(place, WEB)
    running.start()
    try:
        running.send(mail(1), SUPPORT)
        running.settled(1)
        until(lambda: ready(running)[0] == 200, "ready")
        yield running
    finally:
        running.stop()


def ready(desk: Helpdesk) -> tuple[int, str]:
    host, _, port = desk.web.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def is_kept(desk: Helpdesk, number: int) -> bool:
    try:
        return desk.send(mail(number), SUPPORT).startswith("250")
    except (AssertionError, SMTPException):
        return False


def test_tickets_that_are_moved_away_show_and_mail_waits_until_they_are_back(
    desk: Helpdesk,
) -> None:
    away = desk.place / "away"
    move(desk, "tickets.db", away)
    gone = f"{desk.place}/tickets.db is missing while the daemon has the old one open: stop"
    until(lambda: ready(desk)[0] == 503 and gone in ready(desk)[1], "the page says it")
    until(lambda: gone in desk.tail(), "the log says it")
    until(lambda: "smtp: failing" in desk.typed("health").out, "the doors say it")
    health = " ".join(desk.typed("health").out.split())
    assert "store journal: ok" in health
    assert (
        f"store tickets: failing, it cannot be read: {desk.place}/tickets.db is missing" in health
    )
    assert is_kept(desk, 2), "the journal is there"
    assert not (desk.place / "tickets.db").exists()
    move_back(away, desk)
    until(lambda: ready(desk)[0] == 200, "well again")
    assert len(desk.settled(2)) == 2


def test_no_mail_is_accepted_into_a_journal_that_was_moved_away(desk: Helpdesk) -> None:
    away = desk.place / "away"
    move(desk, "journal.db", away)
    assert not is_kept(desk, 2)
    gone = f"{desk.place}/journal.db is missing while the daemon has the old one open: stop"
    until(lambda: ready(desk)[0] == 503 and gone in ready(desk)[1], "the page says it")
    until(lambda: gone in desk.tail(), "the log says it")
    health = " ".join(desk.typed("health").out.split())
    assert (
        f"store journal: failing, it cannot be read: {desk.place}/journal.db is missing" in health
    )
    assert "store tickets: ok" in health
    assert not (desk.place / "journal.db").exists()
    move_back(away, desk)
    until(lambda: is_kept(desk, 3), "mail is taken again")
    assert len(desk.settled(2)) == 2


def test_a_file_that_is_replaced_by_a_copy_is_not_the_one_that_is_open(desk: Helpdesk) -> None:
    away = desk.place / "away"
    move(desk, "journal.db", away)
    shutil.copy(away / "journal.db", desk.place / "journal.db")
    assert not is_kept(desk, 2)
    line = f"store journal: failing, it cannot be read: {desk.place}/journal.db has been replaced"
    until(lambda: line in ready(desk)[1], "the page says it", 30)
    (desk.place / "journal.db").unlink()
    move_back(away, desk)
    until(lambda: is_kept(desk, 3), "mail is taken again")


def move_back(away: Path, desk: Helpdesk) -> None:
    for path in away.iterdir():
        path.rename(desk.place / path.name)
