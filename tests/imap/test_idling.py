"""Waiting for news: by IDLE, without it, and with servers that get it wrong."""

from itertools import pairwise
from time import monotonic
from typing import Any

import pytest

from gateway.inbound.imap import mailbox
from tests.imap.boxes import mail
from tests.imap.conftest import Read
from tests.imap.fake import FakeServer, Session, reading

pytestmark = pytest.mark.usefixtures("hasty")


async def test_idling_in_silence_does_not_hide_new_mail(server: FakeServer, read: Read) -> None:
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    server.mails[40_001] = mail(40_001)  # nothing is announced
    await world.holds(3, 7, 40_000, 40_001)


@pytest.mark.parametrize("verb", ["FETCH", "STORE", "MOVE"])
async def test_a_mail_that_is_told_of_while_others_are_read_is_not_waited_for(
    verb: str, server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server tells of a mail once: with the answer to whatever it was just asked."""
    monkeypatch.undo()  # not hasty: nothing but these words is to bring us back

    def comes(session: Session, _tag: bytes, _line: str) -> bool:
        if not server.moved:
            server.mails[40_001] = mail(40_001)
            session.send(b"* 4 EXISTS\r\n")
        return False

    server.faults[verb] = comes
    world = await read(reading(server, poll="5 min"))
    await world.holds(3, 7, 40_000, 40_001)
    await world.until(lambda: not server.mails, "all are moved")
    assert server.said["connections"] == 1


async def test_a_dead_idle_is_left(server: FakeServer, read: Read) -> None:
    def dead(session: Session, _tag: bytes, _line: str) -> bool:
        session.send(b"+ idling\r\n")
        session.hang()
        return True

    server.faults["IDLE"] = dead
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    server.mails[40_001] = mail(40_001)
    await world.holds(3, 7, 40_000, 40_001)


async def test_a_server_that_dies_while_we_idle_is_noticed_and_nothing_spins(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[tuple[float, float]] = []  # from when, to when
    one_turn = mailbox.Mailbox._one_turn

    def turn(self: Any) -> float:
        begun = monotonic()
        wait_s = one_turn(self)
        turns.append((begun, monotonic()))
        return wait_s

    monkeypatch.setattr(mailbox.Mailbox, "_one_turn", turn)
    world = await read(reading(server, poll="5 min"))
    await world.holds(3, 7, 40_000)
    await world.until(lambda: server.said["IDLE"] >= 1)
    server.__exit__()
    await world.until(lambda: "no connection" in world.detail("user"))
    await world.until(lambda: len(turns) > 8)
    pauses = [after[0] - before[1] for before, after in pairwise(turns)]
    assert min(pauses) > mailbox.FIRST_S / 4, "it waits before each attempt: half of it or more"


async def test_a_server_without_idle_is_polled(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty: on a busy machine this server is silent for half a second
    server.faults["IDLE"] = lambda s, tag, _l: (s.done(tag, "BAD no such command"), True)[1]
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    server.mails[40_001] = mail(40_001)
    await world.holds(3, 7, 40_000, 40_001)
    assert server.said["IDLE"] == 1
    assert server.said["connections"] == 1


async def test_news_before_the_plus_of_idle_are_no_fault(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty, as above
    monkeypatch.setattr(mailbox, "SETTLE_S", 0.4)
    idled_at: list[float] = []

    def eager(session: Session, tag: bytes, _line: str) -> bool:
        idled_at.append(monotonic())
        session.send(b"* 9 EXISTS\r\n+ idling\r\n* 10 EXISTS\r\n")
        session.stream.readline()
        session.done(tag)
        return True

    server.faults["IDLE"] = eager
    world = await read(reading(server, poll="5 min"))
    await world.until(lambda: len(idled_at) > 4, "buffered news end the wait at once")
    pauses = [after - before for before, after in pairwise(idled_at)]
    assert min(pauses) > mailbox.SETTLE_S * 0.9, "a server that never stops telling makes no spin"
    assert server.said["connections"] == 1
