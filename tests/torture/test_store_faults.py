"""Faults of the store under a running daemon: full disk, failing disk, a database that is locked.

Whatever happens, 250 means kept; the doors say 4xx in time; and when the fault is gone, everything
goes on by itself, with the same processes and nothing lost.
"""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from running import Helpdesk, mail, until
from torture.books import Books
from torture.faults import failing_sync, fill, locked, no_writing, small_disk
from torture.history import DEFERRED, OK, SUPPORT, Attempt
from torture.wire import hand_over

from gateway.outbound.courier import Settings

pytestmark = pytest.mark.timeout(300)
WEB = '[web]\nlisten = "127.0.0.1:0"\n\n[[vo]]\nname = "atlas"'
ANSWER_S = 30.0  # 5 s, and what a busy machine adds; a commit that hangs is waited for for 60
BACK_S = 60.0
LOCKED_S = 6.0


needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


class Client:
    """Sends mails of its own and remembers which were taken."""

    def __init__(self, desk: Helpdesk) -> None:
        self.desk = desk
        self.sent = 0
        self.taken: dict[int, str] = {}  # the number in the 250, and the Message-ID

    def send(self, text: str = "It fails.") -> Attempt:
        self.sent += 1
        raw = mail(self.sent, text=text)
        attempt = hand_over(self.desk.smtp, raw, "anna@physics.example", SUPPORT)
        if attempt.how == OK:
            assert attempt.kept_as not in self.taken
            self.taken[attempt.kept_as] = f"<{self.sent}@physics.example>"
        return attempt

    def assert_nothing_is_lost(self) -> None:
        """Each mail that was taken is there under its number, and decided once."""
        books = Books(self.desk.place)
        try:
            until(lambda: not books.waiting(), "everything is decided and sent")
        except AssertionError as error:
            left = books.desk("SELECT * FROM outbox WHERE state != 'sent'")
            raise AssertionError(f"{books.waiting()}; {left[:3]}; {self.desk.tail()}") from error
        rows = books.desk("SELECT mail, message_id, outcome, state FROM inbox")
        found = {row["mail"]: row["message_id"] for row in rows}
        assert {n: found.get(n) for n in self.taken} == self.taken
        assert {row["state"] for row in rows} <= {"done"}
        events = [row["mail"] for row in books.desk("SELECT mail FROM event")]
        assert sorted(events) == sorted(r["mail"] for r in rows if r["outcome"] != "duplicate")
        assert books.wrong_digests() == []


@pytest.fixture(scope="module")
def desk(disk: str) -> Iterator[Helpdesk]:
    """One daemon for all faults: it must be as good as new after each."""
    with tempfile.TemporaryDirectory(prefix="tg-", dir=disk) as name:
        running = Helpdesk(Path(name), {'[[vo]]\nname = "atlas"': WEB}, workers=2)
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def client(desk: Helpdesk) -> Client:
    """Who sends to it."""
    return Client(desk)


@needs_root
def test_a_disk_below_its_reserve_takes_no_mail_and_forgets_none(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "330m") as disk:
        desk = Helpdesk(disk, {'[[vo]]\nname = "atlas"': WEB}, workers=2)
        desk.start()
        client, filler = Client(desk), disk / "filler"
        assert client.send().how == OK
        until(lambda: not _undecided(desk), "it is decided")
        roles = desk.roles()
        for worker in _slots(roles, "work"):
            os.kill(worker, signal.SIGSTOP)
        for _ in range(5):
            assert client.send().how == OK
        fill(filler, leave=150_000_000)
        until(lambda: client.send().reply.startswith("452"), "the door has looked", BACK_S)
        assert client.send().reply.startswith("452")
        undecided = _undecided(desk)
        assert undecided >= 5
        fill(filler, leave=0)
        assert client.send().reply.startswith("452")
        for worker in _slots(roles, "work"):
            os.kill(worker, signal.SIGCONT)
        _stays(lambda: _undecided(desk) == undecided, "nothing is decided on a full disk")
        assert _page(desk) == 200
        filler.unlink()
        _accepts_again(client)
        client.assert_nothing_is_lost()
        assert desk.roles() == roles
        desk.stop()


@pytest.mark.parametrize("role", ["doors", "work", "courier"])
def test_a_role_that_cannot_write_a_byte_loses_nothing_and_recovers(
    role: str, desk: Helpdesk, client: Client
) -> None:
    assert client.send().how == OK
    until(lambda: not _undecided(desk), "it is decided")
    roles = desk.roles()
    with no_writing(_slots(roles, role)):
        for _ in range(8):
            attempt = client.send()
            assert attempt.how in {OK, DEFERRED}, attempt
            assert attempt.reply[:3] in {"250", "451", "452", "421"}, attempt
            assert (attempt.how == OK) == (role != "doors"), attempt
            assert attempt.seconds < ANSWER_S
        if role == "work":
            _stays(lambda: _undecided(desk) == 8, "nothing is decided")
        if role == "courier":
            until(lambda: _unsent(desk) > 0, "there is something to send")
            _stays(lambda: _unsent(desk) > 0, "nothing is sent")
        assert _page(desk) == 200
    _accepts_again(client)
    client.assert_nothing_is_lost()
    assert desk.roles() == roles


def test_the_outcome_of_a_sending_is_written_down_as_long_as_its_claim_holds() -> None:
    courier = Settings()  # given up sooner, a mail would rest for the remainder of its claim
    tried_s = sum(courier.mark_waits_s)
    assert 600 < tried_s <= courier.claim_s - courier.send_s


def test_a_locked_journal_is_answered_in_time_and_nothing_is_lost(
    desk: Helpdesk, client: Client
) -> None:
    assert client.send().how == OK
    with locked(desk.place / "journal.db"):
        for _ in range(2):  # the lock stays until both are answered
            attempt = client.send()
            assert (attempt.how, attempt.seconds < ANSWER_S) == (DEFERRED, True), attempt
    _accepts_again(client)
    client.assert_nothing_is_lost()


def test_a_locked_desk_does_not_reach_the_doors_and_nothing_is_lost(
    desk: Helpdesk, client: Client
) -> None:
    assert client.send().how == OK
    with locked(desk.place / "tickets.db"):
        attempts = []
        end = time.monotonic() + LOCKED_S
        while time.monotonic() < end or len(attempts) < 5:
            attempts.append(client.send())
            assert attempts[-1].how == OK, attempts[-1]
            threading.Event().wait(0.2)
        assert min(attempt.seconds for attempt in attempts) < 1.0, "a lock would hold up each"
    client.assert_nothing_is_lost()


@needs_strace
def test_a_mail_is_never_taken_while_the_disk_fails_to_sync(desk: Helpdesk, client: Client) -> None:
    assert client.send().how == OK
    with failing_sync(desk.roles()["doors-0"]):
        attempts = [client.send() for _ in range(8)]
        assert {attempt.how for attempt in attempts} == {DEFERRED}, attempts
        assert max(attempt.seconds for attempt in attempts) < ANSWER_S
    _accepts_again(client)
    client.assert_nothing_is_lost()


@needs_strace
def test_what_was_taken_just_before_the_disk_fails_survives_a_kill(on_disk: Path) -> None:
    desk = Helpdesk(on_disk)
    desk.start()
    client = Client(desk)
    for _ in range(5):
        assert client.send().how == OK
    with failing_sync(desk.roles()["doors-0"]):
        assert client.send().how == DEFERRED
        desk.kill()
    desk.start()
    assert client.send().how == OK
    client.assert_nothing_is_lost()
    desk.stop()


def _accepts_again(client: Client) -> None:
    until(lambda: client.send().how == OK, "mail is accepted again", BACK_S)


def _stays(condition: Callable[[], bool], what: str, for_s: float = 2.0) -> None:
    """Watch that a condition holds for a while."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        assert condition(), what
        time.sleep(0.1)  # between two looks


def _slots(roles: dict[str, int], role: str) -> list[int]:
    return [pid for name, pid in roles.items() if name.startswith(f"{role}-")]


def _undecided(desk: Helpdesk) -> int:
    books = Books(desk.place)
    kept = books.journal("SELECT count(*) AS n FROM delivery")[0]["n"]
    return int(kept) - books.number("SELECT count(*) FROM inbox WHERE state = 'done'")


def _unsent(desk: Helpdesk) -> int:
    return Books(desk.place).number("SELECT count(*) FROM outbox WHERE state != 'sent'")


def _page(desk: Helpdesk) -> int:
    with urlopen(f"http://{desk.web}/", timeout=10) as answer:  # our own page on loopback
        return int(answer.status)
