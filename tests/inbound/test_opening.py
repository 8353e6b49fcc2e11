"""Opening and closing the door."""

import asyncio
import socket
from typing import Any

import pytest


async def test_port_0_takes_a_free_port(world: Any) -> None:
    host, port = world.address
    assert host == "127.0.0.1"
    assert port > 0


async def test_an_ipv6_literal_is_an_address(open_door: Any) -> None:
    world = await open_door(listen="[::1]:0")
    assert world.address[0] == "::1"
    assert (await (await world.greeted()).mail()).startswith("250 ")
    assert world.kept()[0].envelope.peer == "::1"


async def test_a_listening_socket_may_be_given(open_door: Any) -> None:
    given = socket.create_server(("127.0.0.1", 0))
    world = await open_door(listening=given)
    assert world.address == given.getsockname()
    assert (await (await world.greeted()).mail()).startswith("250 ")


async def test_a_port_in_use_is_an_error(open_door: Any, world: Any) -> None:
    with pytest.raises(OSError, match=r"smtp cannot listen on .*: Address already in use"):
        await open_door(listen=f"127.0.0.1:{world.address[1]}")


async def test_closing_sends_idle_peers_away_and_accepts_nobody(world: Any) -> None:
    address = world.address
    idle = await world.greeted()
    between = await world.greeted()
    await between.say("MAIL FROM:<a@x.example>")
    await world.door.close(grace_s=20)
    assert (await idle.gone()).startswith(b"421 4.3.2 ")
    assert (await between.gone()).startswith(b"421 4.3.2 ")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)


async def test_closing_lets_a_mail_finish(world: Any) -> None:
    peer = await world.greeted()
    await peer.begin()
    closing = asyncio.create_task(world.door.close(grace_s=20))
    await asyncio.sleep(0)
    peer.send(b"From: a@x.example\r\n\r\nx\r\n.\r\n")
    assert await peer.reply() == "250 2.0.0 kept as 1"
    assert (await peer.gone()).startswith(b"421 4.3.2 ")
    await closing
    assert len(world.kept()) == 1


async def test_closing_does_not_wait_for_ever(world: Any) -> None:
    peer = await world.greeted()
    await peer.begin()
    peer.send(b"From: a@x.example\r\n\r\nhalf")
    await world.door.close(grace_s=0.05)
    assert (await peer.gone()).startswith(b"421 4.3.2 ")
    assert world.kept() == []


async def test_closing_twice_is_harmless(world: Any) -> None:
    await world.door.close(grace_s=0)
    await world.door.close(grace_s=0)
