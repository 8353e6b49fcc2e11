"""Waiting for news: by IDLE, without it, and with servers that get it wrong."""

import resource
import time

import pytest

from tests.imap.boxes import mail
from tests.imap.conftest import Read
from tests.imap.fake import FakeServer, Session, reading

pytestmark = pytest.mark.usefixtures("hasty")


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def test_idling_in_silence_does_not_hide_new_mail(server: FakeServer, read: Read) -> None:
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    server.mails[40_001] = mail(40_001)  # nothing is announced
    await world.holds(3, 7, 40_000, 40_001)


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


async def test_a_server_that_dies_while_we_idle_is_noticed_and_costs_no_cpu(
    server: FakeServer, read: Read
) -> None:
    world = await read(reading(server, poll="5 min"))
    await world.holds(3, 7, 40_000)
    await world.until(lambda: server.said["IDLE"] >= 1)
    server.__exit__()
    await world.until(lambda: "no connection" in world.detail("user"))
    begun, used = time.monotonic(), cpu_s()
    await world.until(lambda: time.monotonic() - begun > 3)
    assert (cpu_s() - used) / (time.monotonic() - begun) < 0.3


async def test_a_server_without_idle_is_polled(server: FakeServer, read: Read) -> None:
    server.faults["IDLE"] = lambda s, tag, _l: (s.done(tag, "BAD no such command"), True)[1]
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    server.mails[40_001] = mail(40_001)
    await world.holds(3, 7, 40_000, 40_001)
    assert server.said["IDLE"] == 1
    assert server.said["connections"] == 1


async def test_news_before_the_plus_of_idle_are_no_fault(server: FakeServer, read: Read) -> None:
    def eager(session: Session, tag: bytes, _line: str) -> bool:
        session.send(b"* 9 EXISTS\r\n+ idling\r\n* 10 EXISTS\r\n")
        session.stream.readline()
        session.done(tag)
        return True

    server.faults["IDLE"] = eager
    world = await read(reading(server, poll="5 min"))
    await world.until(lambda: server.said["IDLE"] >= 3, "buffered news end the wait at once")
    begun, idles = time.monotonic(), server.said["IDLE"]
    await world.until(lambda: time.monotonic() - begun > 1)
    assert server.said["IDLE"] - idles < 15, "a server that never stops telling makes no spin"
    assert server.said["connections"] == 1
