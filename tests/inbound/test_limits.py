"""Peers that are slow, deaf, endless or many."""

import asyncio
import socket
from typing import Any

import pytest

from gateway.inbound.limits import peer_address, within

HOUR = 3600.0
# Who sends while he is cut off may lose our last words to the reset of the connection.
LAST_WORDS = {b"421 4.4.2 Timeout\r\n", b""}


async def test_a_silent_peer_is_told_and_dropped(open_door: Any) -> None:
    world = await open_door(idle_s=0.1)
    peer = await world.connect()
    assert await peer.gone() == b"220 localhost ESMTP\r\n421 4.4.2 Timeout\r\n"


async def test_half_a_command_now_and_then_does_not_help(
    open_door: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    world = await open_door(idle_s=1.0)
    peer = await world.greeted()

    async def trickle() -> None:
        while True:
            peer.send(b"N")
            await asyncio.sleep(0.02)

    task = asyncio.create_task(trickle())
    said = await peer.gone()  # while it still sends
    task.cancel()
    assert said in LAST_WORDS
    assert "phase=command" in "".join(capfd.readouterr()), "its time was over"


async def test_a_mail_slower_than_the_least_rate_is_cut(open_door: Any) -> None:
    world = await open_door(data_grace_s=0.2, data_bytes_a_s=1000.0)
    peer = await world.greeted()
    await peer.begin()

    async def trickle() -> None:
        while True:
            peer.send(b"x")
            await asyncio.sleep(0.02)

    task = asyncio.create_task(trickle())
    said = await peer.gone()
    task.cancel()
    assert said in LAST_WORDS
    assert world.kept() == []


async def test_a_mail_may_take_longer_than_the_idle_time_while_it_flows(open_door: Any) -> None:
    world = await open_door(idle_s=2.0)
    peer = await world.greeted()
    await peer.begin()
    peer.send(b"From: a@example.org\r\n\r\n")
    for _ in range(12):
        peer.send(b"text\r\n")
        await asyncio.sleep(0.2)
    peer.send(b".\r\n")
    assert (await peer.reply()).startswith("250 ")


async def test_a_session_ends_however_busy_it_is(open_door: Any) -> None:
    world = await open_door(session_s=1.0, commands=10**9)
    peer = await world.greeted()
    heard = ""
    while not heard.startswith("421"):
        heard = await peer.say("NOOP")
        assert heard == "250 2.0.0 OK" or heard.startswith("421 4.4.2")
    assert await peer.gone() == b""


async def test_commands_without_a_mail_have_an_end(open_door: Any) -> None:
    world = await open_door(commands=10)
    peer = await world.greeted()
    assert [await peer.say("NOOP") for _ in range(9)] == ["250 2.0.0 OK"] * 9
    assert (await peer.say("NOOP")).startswith("421 4.7.0 Too many commands")
    assert await peer.gone() == b""


async def test_commands_with_mails_have_none(open_door: Any) -> None:
    world = await open_door(commands=10)
    peer = await world.greeted()
    for _ in range(20):
        assert (await peer.mail()).startswith("250 ")


async def test_a_peer_that_never_reads_is_cut_off(open_door: Any) -> None:
    small = socket.create_server(("127.0.0.1", 0))
    small.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # so that it is soon full
    world = await open_door(listening=small, idle_s=0.3, commands=10**9)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(world.address)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    flood = b"HELP\r\n" * 10_000_000
    sending = asyncio.create_task(loop.sock_sendall(deaf, flood))
    await world.until(lambda: world.door.connections == 1)
    await world.until(lambda: world.door.connections == 0)
    sending.cancel()  # the peer's own kernel may hear of it much later
    with pytest.raises((OSError, asyncio.CancelledError)):
        await sending
    deaf.close()


async def test_a_line_without_end_is_cut(world: Any) -> None:
    peer = await world.greeted()
    peer.send(b"x" * 1_000_000)
    heard = await peer.gone()
    assert heard in {b"", b"500 5.5.2 Line too long\r\n"}
    await world.until(lambda: world.door.connections == 0)


async def test_one_address_has_a_few_connections(open_door: Any) -> None:
    world = await open_door(trusted_networks=(), connections_an_address=2)
    first = await world.greeted()
    await world.greeted()
    third = await world.connect()
    assert await third.gone() == b"421 4.7.0 Too many connections from your address\r\n"
    await first.say("QUIT")
    await world.until(lambda: world.door.connections == 1)
    await world.greeted()


async def test_all_together_have_many_connections(open_door: Any) -> None:
    world = await open_door(connections=3, yield_s=HOUR, leave_s=HOUR)
    first, *_ = [await world.greeted() for _ in range(3)]
    assert (await (await world.connect()).gone()).startswith(b"421 4.3.2 Too many connections")
    await first.say("QUIT")
    await world.until(lambda: world.door.connections == 2)
    await world.greeted()


async def test_strangers_leave_the_reserved_places_alone(open_door: Any) -> None:
    world = await open_door(
        connections=4, reserved=2, trusted_networks=(), connections_an_address=9,
        yield_s=HOUR, leave_s=HOUR,
    )  # fmt: skip
    await world.greeted()
    await world.greeted()
    assert (await (await world.connect()).gone()).startswith(b"421 4.3.2")


async def test_when_all_places_are_taken_the_longest_idle_makes_room(open_door: Any) -> None:
    world = await open_door(connections=3, yield_s=0.0)
    active, idle, sending = [await world.greeted() for _ in range(3)]
    await active.say("NOOP")
    await sending.begin()
    newcomer = await world.greeted()
    assert await active.say("NOOP") == "250 2.0.0 OK"
    assert await idle.gone() == b"421 4.4.2 Timeout\r\n"
    assert (await newcomer.mail()).startswith("250 ")


async def test_in_a_crowd_who_is_idle_for_some_seconds_leaves(open_door: Any) -> None:
    world = await open_door(connections=5, leave_s=0.0, yield_s=HOUR)
    idle = [await world.greeted() for _ in range(4)]
    await world.greeted()
    assert await idle[0].gone() == b"421 4.4.2 Timeout\r\n"
    assert await idle[-1].say("NOOP") == "250 2.0.0 OK"


async def test_in_a_crowd_errors_end_sooner(open_door: Any) -> None:
    world = await open_door(connections=5, leave_s=HOUR, yield_s=HOUR, errors_in_stress=1)
    peers = [await world.greeted() for _ in range(4)]
    assert (await peers[0].say("XYZZY")).startswith("500")
    assert (await peers[0].say("XYZZY")).startswith("421 4.7.0 Too many errors")


async def test_a_thousand_idle_peers_do_not_keep_a_good_one_out(open_door: Any) -> None:
    world = await open_door(connections=200, yield_s=0.0, leave_s=0.0)
    await asyncio.gather(*(world.connect() for _ in range(1000)))
    good = await world.greeted()
    assert (await good.mail()).startswith("250 ")
    assert world.door.connections <= 200


async def test_the_kernel_looks_after_peers_that_vanished(world: Any) -> None:
    await world.greeted()
    (session,) = world.door._guests.everybody()
    sock = session.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert 0 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 600_000


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (("192.0.2.1", 25), "192.0.2.1"),
        (("::ffff:192.0.2.1", 25, 0, 0), "192.0.2.1"),
        (("fe80::1%eth0", 25, 0, 2), "fe80::1"),
        (("2001:DB8::1", 25, 0, 0), "2001:db8::1"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_peer_is_its_address(name: object, address: str) -> None:
    assert peer_address(name) == address


def test_a_local_socket_is_in_no_network() -> None:
    assert not within("", ())
