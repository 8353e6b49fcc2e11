"""Servers that do not greet, let nobody in, never end, or hang: nothing hangs, spins or grows."""

import threading
import time
from itertools import pairwise

import pytest

from gateway.inbound.imap import mailbox, trouble
from gateway.inbound.imap import reading as reading_module
from tests.imap.boxes import mail
from tests.imap.conftest import Read
from tests.imap.fake import FakeServer, Session, reading

pytestmark = pytest.mark.usefixtures("hasty")


async def test_lines_without_end_are_cut_off(server: FakeServer, read: Read) -> None:
    def endless(session: Session, _tag: bytes, _line: str) -> bool:
        for _ in range(200):
            session.send(b"* SEARCH " + b"1 " * 50_000)
        return True

    server.faults["SEARCH"] = endless
    world = await read(reading(server))
    await world.until(lambda: "more than was asked for" in world.detail("user"))
    del server.faults["SEARCH"]
    await world.holds(3, 7, 40_000)


GREETINGS = {
    "garbage": lambda s, _t, _l: (s.send(b"\0\xff nonsense\r\n" * 3), True)[1],
    "another protocol": lambda s, _t, _l: (s.send(b"220 mx.example ESMTP\r\n"), True)[1],
    "bye": lambda s, _t, _l: (s.send(b"* BYE too many connections\r\n"), s.leave())[1],
    "silence": lambda s, _t, _l: (s.hang(), True)[1],
    "closes": lambda s, _t, _l: s.leave(),
}


@pytest.mark.parametrize("kind", GREETINGS)
async def test_a_server_that_does_not_greet_is_come_back_to(
    kind: str, server: FakeServer, read: Read
) -> None:
    server.faults["greeting"] = GREETINGS[kind]
    world = await read(reading(server))
    await world.until(lambda: world.detail("user") not in {"", "nothing"})
    del server.faults["greeting"]
    await world.holds(3, 7, 40_000)
    await world.until(lambda: world.detail("user") == "")


async def test_a_refused_login_backs_off(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty: an answer that comes late is another trouble, soon tried again
    monkeypatch.setattr(mailbox, "LOGIN_FIRST_S", 0.4)
    monkeypatch.setattr(mailbox, "MOST_S", 1.6)
    asked_at: list[float] = []

    def refuse(session: Session, tag: bytes, _line: str) -> bool:
        asked_at.append(time.monotonic())
        session.done(tag, "NO [AUTHENTICATIONFAILED] no")
        return True

    server.faults["LOGIN"] = refuse
    world = await read(reading(server))
    await world.until(lambda: "login refused" in world.detail("user"))
    await world.until(lambda: len(asked_at) > 3)
    pauses = [after - before for before, after in pairwise(asked_at)]
    least = (0.2, 0.4, 0.8)  # a half of what doubles: the rest is jitter
    assert all(pause >= most for pause, most in zip(pauses, least, strict=False)), pauses


async def test_closing_does_not_wait_for_a_server_that_hangs(
    server: FakeServer, read: Read
) -> None:
    hanging = threading.Event()

    def hang(session: Session, _tag: bytes, _line: str) -> bool:
        hanging.set()
        session.hang()
        return True

    server.faults["SEARCH"] = hang
    world = await read(reading(server))
    await world.until(hanging.is_set)
    begun = time.monotonic()
    await world.mailboxes.close(1.0)
    assert time.monotonic() - begun < 50  # the server hangs for 60


async def test_a_long_visit_is_not_taken_for_a_reader_that_hangs(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty: half a second of silence would be a trouble of its own
    monkeypatch.setattr(mailbox, "STUCK_AFTER_S", 4.0)
    monkeypatch.setattr(trouble, "TELL_PROGRESS_S", 3600.0)
    monkeypatch.setattr(reading_module, "CHUNK", 1)
    mails = {uid: mail(uid) for uid in range(1, 13)}
    said = set()

    def slow(session: Session, _tag: bytes, _line: str) -> bool:
        said.add(world.mailboxes._mailboxes[0].described())
        session.server.over.wait(0.4)
        return False

    with FakeServer(dict(mails), {"FETCH": slow}) as server:
        world = await read(reading(server))
        await world.holds(*mails)
    assert said == {""}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_reader_whose_thread_ends_is_told_at_once(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(reading_module.Reader, "visit", end)
    world = await read(reading(server))
    await world.until(lambda: "restart the doors" in world.detail("user"))


async def test_a_mailbox_is_not_said_to_be_well_before_it_was_looked_into(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty: the answer takes as long as the test needs
    asked, answer = threading.Event(), threading.Event()

    def wait(_session: Session, _tag: bytes, _line: str) -> bool:
        asked.set()
        answer.wait(30)
        return False

    server.faults["SEARCH"] = wait
    world = await read(reading(server))
    await world.until(asked.is_set)
    assert world.detail("user") == "nothing"
    answer.set()
    await world.until(lambda: world.detail("user") == "")
