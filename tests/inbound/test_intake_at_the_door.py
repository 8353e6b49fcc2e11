"""What a peer hears of the way to the disk."""

import asyncio
from typing import Any

import pytest

from gateway.inbound import writer
from store.engine import Store
from tests.inbound.intakes import (
    commits,
    locked,
    until,
)


async def test_the_door_answers_451_while_the_store_fails_and_250_afterwards(
    open_door: Any, store: Store
) -> None:
    world = await open_door()
    peer = await world.greeted()
    with locked(store):
        for _ in range(writer.FAILURES_UNTIL_UNHEALTHY):
            assert (await peer.mail()).startswith("451 4.3.0 ")
        assert (await peer.say("MAIL FROM:<a@x.example>")).startswith("451 4.3.0 ")
        assert (await (await world.connect()).gone()).startswith(b"421 4.3.0 ")
        assert await peer.say("NOOP") == "250 2.0.0 OK"
    await until(lambda: world.intake.healthy)
    assert (await peer.mail()).startswith("250 ")
    await world.greeted()


async def test_the_door_answers_452_before_the_mail_when_the_disk_is_short(open_door: Any) -> None:
    world = await open_door(reserve_bytes=1 << 60)
    peer = await world.greeted()
    assert (await peer.say("MAIL FROM:<a@x.example>")).startswith("452 4.3.1 ")


async def test_the_door_answers_452_when_too_much_is_in_flight(open_door: Any) -> None:
    world = await open_door(in_flight_bytes=500_000)
    slow, other = await world.greeted(), await world.greeted()
    await slow.begin()
    slow.send(b"From: a@x.example\r\n\r\n" + b"x" * 600_000)
    await until(lambda: world.intake._room.bytes_held > 200_000)
    assert (await other.mail(b"From: a@x.example\r\n\r\n" + b"x" * 600_000 + b"\r\n")).startswith(
        "452 4.3.1 "
    )
    assert (await other.mail()).startswith("250 ")
    slow.leave()
    await until(lambda: world.intake._room.bytes_held == 0)


async def test_many_clients_share_commits(open_door: Any, store: Store) -> None:
    world = await open_door()

    async def client(number: int) -> None:
        peer = await world.greeted()
        for turn in range(5):
            raw = b"From: a@x.example\r\n\r\n%d.%d\r\n" % (number, turn)
            assert (await peer.mail(raw)).startswith("250 ")

    with commits(store) as seen:
        await asyncio.gather(*(client(number) for number in range(30)))
    assert len(set(world.raws())) == 150
    assert len(seen) < 150


async def test_an_error_of_ours_shows_nothing_to_the_peer(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_raw: bytes) -> None:
        raise RuntimeError("password=hunter2")

    peer = await world.greeted()
    with monkeypatch.context() as patch:
        patch.setattr("gateway.inbound.taking.look", break_down)
        reply = await peer.mail()
    assert reply == "451 4.3.0 The helpdesk cannot take mail at the moment; try again later"
    assert (await peer.mail()).startswith("250 ")
