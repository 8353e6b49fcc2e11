"""Mails that cannot be had, on servers on their worst day: they are parked, and others go on."""

import asyncio
import resource
import threading
from typing import Any

import pytest

from gateway.inbound.imap import wire
from store.mailboxes import remembered
from tests.imap.boxes import mail
from tests.imap.conftest import Read
from tests.imap.fake import FakeServer, Session, only_fetch, reading

pytestmark = pytest.mark.usefixtures("hasty")


async def test_uids_that_jump_are_read_in_order_and_moved(server: FakeServer, read: Read) -> None:
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 3)
    assert world.raws() == [mail(3), mail(7), mail(40_000)]
    assert "Done" in server.folders


POLITE = {
    3: lambda session, tag: session.done(tag, "BAD what?"),
    4: lambda session, tag: session.done(tag, "NO [SERVERBUG] cannot read it"),
    5: lambda session, tag: session.done(tag),
    6: lambda session, tag: (
        session.send(b"* 1 FETCH (UID 6 BODY[] NIL)\r\n"), session.done(tag),
    ),
}  # fmt: skip
RUDE = {
    13: lambda session, _tag: (
        session.send(b"* 1 FETCH (UID 13 BODY[] {500}\r\nFrom: a"), session.leave(),
    ),
    14: lambda session, _tag: (
        session.send(b"* 1 FETCH (UID 14 BODY[] {500}\r\nFrom: a"), session.hang(),
    ),
    15: lambda session, tag: (  # the literal is longer than it says
        session.send(b"* 1 FETCH (UID 15 BODY[] {10}\r\n" + mail(15) + b")\r\n"),
        session.done(tag),
    ),
    16: lambda session, tag: (
        session.send(b"* 1 FETCH (UID 16 BODY[\r\n"), session.done(tag),
    ),
    17: lambda session, _tag: (session.send(b"* BYE overloaded\r\n"), session.leave()),
}  # fmt: skip


@pytest.mark.parametrize("faults", [POLITE, RUDE], ids=["polite", "rude"])
async def test_mails_that_cannot_be_had_are_parked_and_the_others_go_on(
    faults: dict[int, Any],
    read: Read,
    capfd: pytest.CaptureFixture[str],
) -> None:
    good = (1, 2, 10, 20)

    def fault(session: Session, tag: bytes, line: str) -> bool:
        asked = [uid for uid in session.wanted(line.split()[2]) if uid in faults]
        if asked and "BODY" in line:
            faults[asked[0]](session, tag)
            return True
        return False

    with FakeServer({uid: mail(uid) for uid in (*good, *faults)}, {"FETCH": fault}) as server:
        world = await read(reading(server))
        await world.holds(*good)
        await world.until(lambda: len(server.moved.get("Refused", [])) == len(faults), "aside")
        await world.until(lambda: len(world.refusals()) >= len(faults), "the refusals are listed")
        refused = await asyncio.to_thread(world.refusals)
        assert sorted(int(one.reason.split()[1]) for one in refused) == sorted(faults)
        assert all("not to be had in 3 attempts" in one.reason for one in refused)
        await world.until(lambda: f"{len(faults)} parked in a day" in world.detail("user"))
        server.mails[50] = mail(50)
        await world.holds(*good, 50)
        await world.until(lambda: server.mails == {}, "the folder is empty")
    assert "It fails" not in "".join(capfd.readouterr()), "no text of a mail in the log"


async def test_a_mail_whose_size_is_refused_does_not_hold_up_the_others(
    server: FakeServer, read: Read
) -> None:
    server.faults["FETCH"] = only_fetch(7, POLITE[3], body=False)
    world = await read(reading(server))
    await world.holds(3, 40_000)
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])


async def test_a_failing_mail_that_gets_well_is_taken(server: FakeServer, read: Read) -> None:
    server.faults["FETCH"] = only_fetch(7, POLITE[4])
    world = await read(reading(server))
    await world.holds(3, 40_000)
    del server.faults["FETCH"]
    await world.holds(3, 7, 40_000)
    await world.until(lambda: len(server.moved["Done"]) == 3)


async def test_a_mail_of_100_mb_whose_size_is_a_lie_does_not_fill_memory(
    server: FakeServer, read: Read
) -> None:
    sent = 0

    def endless(session: Session, _tag: bytes) -> None:
        nonlocal sent
        session.send(b"* 1 FETCH (UID 7 BODY[] {100000000}\r\n")
        for _ in range(1000):
            session.send(b"x" * 100_000)
            sent += 100_000

    server.faults["FETCH"] = only_fetch(7, endless)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    world = await read(reading(server))
    await world.holds(3, 40_000)
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB
    assert sent < 30_000_000
    assert "more than max_size" in (await asyncio.to_thread(world.refusals))[0].reason


async def test_a_big_mail_is_known_by_its_size_and_never_fetched(
    server: FakeServer, read: Read
) -> None:
    server.sizes[7] = 100_000_000
    world = await read(reading(server))
    await world.holds(3, 40_000)
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])


async def test_hanging_up_at_the_end_is_not_held_against_the_mail(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def slow(session: Session, _tag: bytes, line: str) -> bool:
        if "BODY" in line:
            asked.set()
            session.hang()
        return False

    monkeypatch.setattr(wire.Client, "allow", lambda *_, **__: None)
    with FakeServer({1: mail(1)}, {"FETCH": slow}) as server:
        world = await read(reading(server))
        await world.until(asked.is_set)
        await world.mailboxes.close(0.1)
        await world.until(lambda: not world.mailboxes._mailboxes[0].thread.is_alive())
        assert remembered(world.store, "user@localhost/INBOX", 1, [1]) == {}
