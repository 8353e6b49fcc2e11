"""Servers on their worst day: nothing hangs, spins, grows, or is lost."""

import asyncio
import resource
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.inbound.imap import mailbox, wire
from tests.imap.conftest import Read, World, mail, section
from tests.imap.fake import FakeServer, Session


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer({uid: mail(uid) for uid in (3, 7, 40_000)}) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECT_S", "SILENCE_S"):
        monkeypatch.setattr(wire, name, 0.5)
    allow = wire.Client.allow

    def shorter(
        client: Any, size: int = 2**20, seconds: float = 5.0, silence_s: float = 0.5
    ) -> None:
        allow(client, size, min(seconds, 3.0), min(silence_s, 0.5))

    monkeypatch.setattr(wire.Client, "allow", shorter)
    monkeypatch.setattr(mailbox, "IDLE_ANSWER_S", (0.5, 0.5))
    monkeypatch.setattr(mailbox, "FIRST_S", 0.1)


def reading(server: FakeServer, **changes: Any) -> Any:
    return section(server.port, "user", **{"poll": "1 s", **changes})


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def taken(world: World, *numbers: int) -> None:
    """Wait until just these mails are kept."""
    await world.until(lambda: sorted(world.raws()) == sorted(mail(n) for n in numbers), "mails")


def only_fetch(uid: int, answer: Any, *, body: bool = True) -> Any:
    """Answer so when the bytes of one mail are asked for, alone or with others."""

    def fault(session: Session, tag: bytes, line: str) -> bool:
        asked = uid in session._wanted(line.split()[2])
        if asked and ("BODY" in line) == body:
            answer(session, tag)
            return True
        return False

    return fault


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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailbox, "MOST_S", 1.0)  # fifteen lost connections in a row
    good = (1, 2, 10, 20)

    def fault(session: Session, tag: bytes, line: str) -> bool:
        asked = [uid for uid in session._wanted(line.split()[2]) if uid in faults]
        if asked and "BODY" in line:
            faults[asked[0]](session, tag)
            return True
        return False

    with FakeServer({uid: mail(uid) for uid in (*good, *faults)}, {"FETCH": fault}) as server:
        world = await read(reading(server))
        await taken(world, *good)
        await world.until(lambda: len(server.moved.get("Refused", [])) == len(faults), "aside")
        refused = await asyncio.to_thread(world.refusals)
        assert sorted(int(one.reason.split()[1]) for one in refused) == sorted(faults)
        assert all("not to be had in 3 attempts" in one.reason for one in refused)
        await world.until(lambda: f"{len(faults)} parked in a day" in world.detail("user"))
        server.mails[50] = mail(50)
        await taken(world, *good, 50)
        await world.until(lambda: server.mails == {}, "the folder is empty")
    assert "It fails" not in "".join(capfd.readouterr()), "no text of a mail in the log"


async def test_a_mail_whose_size_is_refused_does_not_hold_up_the_others(
    server: FakeServer, read: Read
) -> None:
    server.faults["FETCH"] = only_fetch(7, POLITE[3], body=False)
    world = await read(reading(server))
    await taken(world, 3, 40_000)
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])


async def test_a_failing_mail_that_gets_well_is_taken(server: FakeServer, read: Read) -> None:
    server.faults["FETCH"] = only_fetch(7, POLITE[4])
    world = await read(reading(server))
    await taken(world, 3, 40_000)
    del server.faults["FETCH"]
    await taken(world, 3, 7, 40_000)
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
    await taken(world, 3, 40_000)
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB
    assert sent < 30_000_000
    assert "more than max_size" in (await asyncio.to_thread(world.refusals))[0].reason


async def test_a_big_mail_is_known_by_its_size_and_never_fetched(
    server: FakeServer, read: Read
) -> None:
    server.sizes[7] = 100_000_000
    world = await read(reading(server))
    await taken(world, 3, 40_000)
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])


async def test_lines_without_end_are_cut_off(server: FakeServer, read: Read) -> None:
    def endless(session: Session, _tag: bytes, _line: str) -> bool:
        for _ in range(200):
            session.send(b"* SEARCH " + b"1 " * 50_000)
        return True

    server.faults["SEARCH"] = endless
    world = await read(reading(server))
    await world.until(lambda: "more than was asked for" in world.detail("user"))
    del server.faults["SEARCH"]
    await taken(world, 3, 7, 40_000)


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
    await taken(world, 3, 7, 40_000)
    await world.until(lambda: world.detail("user") == "")


async def test_a_refused_login_backs_off(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "FIRST_S", 1.0)
    server.faults["LOGIN"] = lambda s, tag, _l: (s.done(tag, "NO [AUTHENTICATIONFAILED] no"), True)[
        1
    ]
    world = await read(reading(server))
    await world.until(lambda: "login refused" in world.detail("user"))
    await world.until(lambda: server.said["LOGIN"] >= 2)
    begun, logins = time.monotonic(), server.said["LOGIN"]
    await world.until(lambda: server.said["LOGIN"] > logins or time.monotonic() > begun + 4)
    assert server.said["LOGIN"] - logins <= 3


async def test_idling_in_silence_does_not_hide_new_mail(server: FakeServer, read: Read) -> None:
    world = await read(reading(server))
    await taken(world, 3, 7, 40_000)
    server.mails[40_001] = mail(40_001)  # nothing is announced
    await taken(world, 3, 7, 40_000, 40_001)


async def test_a_dead_idle_is_left(server: FakeServer, read: Read) -> None:
    def dead(session: Session, _tag: bytes, _line: str) -> bool:
        session.send(b"+ idling\r\n")
        session.hang()
        return True

    server.faults["IDLE"] = dead
    world = await read(reading(server))
    await taken(world, 3, 7, 40_000)
    server.mails[40_001] = mail(40_001)
    await taken(world, 3, 7, 40_000, 40_001)


async def test_a_server_that_dies_while_we_idle_is_noticed_and_costs_no_cpu(
    server: FakeServer, read: Read
) -> None:
    world = await read(reading(server, poll="5 min"))
    await taken(world, 3, 7, 40_000)
    await world.until(lambda: server.said["IDLE"] >= 1)
    server.__exit__()
    await world.until(lambda: "no connection" in world.detail("user"))
    begun, used = time.monotonic(), cpu_s()
    await world.until(lambda: time.monotonic() - begun > 3)
    assert (cpu_s() - used) / (time.monotonic() - begun) < 0.3


async def test_a_server_without_idle_is_polled(server: FakeServer, read: Read) -> None:
    server.faults["IDLE"] = lambda s, tag, _l: (s.done(tag, "BAD no such command"), True)[1]
    world = await read(reading(server))
    await taken(world, 3, 7, 40_000)
    server.mails[40_001] = mail(40_001)
    await taken(world, 3, 7, 40_000, 40_001)
    assert server.said["IDLE"] == 1
    assert server.said["connections"] == 1


async def test_news_before_the_plus_of_idle_are_no_fault(server: FakeServer, read: Read) -> None:
    def eager(session: Session, tag: bytes, _line: str) -> bool:
        session.send(b"* 9 EXISTS\r\n+ idling\r\n* 10 EXISTS\r\n")
        session._stream.readline()  # type: ignore[attr-defined]
        session.done(tag)
        return True

    server.faults["IDLE"] = eager
    world = await read(reading(server, poll="5 min"))
    await world.until(lambda: server.said["IDLE"] >= 3, "buffered news end the wait at once")
    begun, idles = time.monotonic(), server.said["IDLE"]
    await world.until(lambda: time.monotonic() - begun > 1)
    assert server.said["IDLE"] - idles < 15, "a server that never stops telling makes no spin"
    assert server.said["connections"] == 1


async def test_exists_without_mails_is_nothing(read: Read) -> None:
    with FakeServer({}) as server:
        world = await read(reading(server))
        await world.until(lambda: world.detail("user") == "")
        assert world.kept() == []


async def test_without_move_a_copy_is_made_and_only_ours_is_removed(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.imap.fake.CAPABILITY", "CAPABILITY IMAP4rev1 UIDPLUS")
    world = await read(reading(server))
    await taken(world, 3, 7, 40_000)
    await world.until(lambda: server.said["EXPUNGE"] >= 1)
    assert server.said["COPY"] == 1
    assert server.said["MOVE"] == 0


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
    assert time.monotonic() - begun < 5
