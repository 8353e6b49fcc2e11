"""Questions to a real name server, to one that has lost a zone, and to one that never answers."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.proofs.dns import SILENCE_S, DnsTempError, Lookup
from gateway.proofs.purse import Purse
from parsers.errors import Deferred
from tests.proofs.nameserver import NameServer


@contextmanager
def silence() -> Iterator[tuple[int, socket.socket]]:
    """A port where questions are taken and never answered, and its socket."""
    with socket.socket(type=socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", 0))
        yield taker.getsockname()[1], taker


def questions(taker: socket.socket) -> int:
    """How many questions lie in a silent server's socket."""
    taker.setblocking(False)
    count = 0
    while True:
        try:
            taker.recv(4_096)
        except BlockingIOError:
            return count
        count += 1


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_every_record_comes_and_its_strings_are_joined(lookup: Lookup) -> None:
    (key,) = await lookup.txt("s1._domainkey.vo.example")
    assert key.startswith(b"v=DKIM1; k=rsa; p=")
    assert len(key) > 255
    assert len(await lookup.txt("two._domainkey.vo.example")) == 2


async def test_no_such_name_and_no_such_record_are_empty(lookup: Lookup) -> None:
    assert await lookup.txt("nobody.vo.example") == ()
    assert await lookup.txt("ns.vo.example") == ()


async def test_a_lost_zone_and_a_refusal_are_no_answers(lookup: Lookup) -> None:
    for name in ("key.broken.example", "not-ours.example"):
        with pytest.raises(DnsTempError) as caught:
            await lookup.txt(name)
        assert isinstance(caught.value, Deferred)
        assert "example" not in caught.value.public


async def test_an_alias_is_followed(lookup: Lookup) -> None:
    key = await lookup.txt("s1._domainkey.vo.example")
    assert await lookup.txt("alias._domainkey.vo.example") == key


async def test_addresses_and_exchangers_are_plain_values(lookup: Lookup) -> None:
    assert await lookup.ask("A.spf.example.", "A") == ("192.0.2.7",)
    assert await lookup.ask("spf.example", "MX") == ((10, "mx.spf.example"),)


ODD_NAMES = ("a..b.example", "x" * 64 + ".example", "a." * 130 + "example", "\udcff.example", "",
             ".", "ex ample\x00.vo.example")  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_name_that_cannot_be_is_not_there(lookup: Lookup, name: str) -> None:
    try:
        assert await lookup.txt(name) == ()
    except DnsTempError:
        assert name in {"", ".", "ex ample\x00.vo.example"}  # odd, but a name


async def test_an_answer_is_remembered_for_its_time_and_no_longer(nsd: NameServer) -> None:
    clock = Clock()
    lookup = Lookup(["127.0.0.1"], nsd.port, clock=clock)
    assert await lookup.txt("s1._domainkey.vo.example")
    lookup._resolver.port = 1  # nobody is there any more
    clock.now += 599  # of 600
    assert await lookup.txt("s1._domainkey.vo.example")
    clock.now += 2
    with pytest.raises(DnsTempError):
        await lookup.txt("s1._domainkey.vo.example")


async def test_nothing_is_remembered_as_well_but_not_for_long(nsd: NameServer) -> None:
    clock = Clock()
    lookup = Lookup(["127.0.0.1"], nsd.port, clock=clock)
    for name in ("nobody.vo.example", "ns.vo.example"):
        assert await lookup.txt(name) == ()
    lookup._resolver.port = 1
    clock.now += 119  # of 120 in the zone
    assert await lookup.txt("nobody.vo.example") == ()
    assert await lookup.txt("ns.vo.example") == ()
    clock.now += 200
    with pytest.raises(DnsTempError):
        await lookup.txt("nobody.vo.example")


async def test_trouble_is_forgotten_after_some_seconds(nsd: NameServer) -> None:
    clock = Clock()
    lookup = Lookup(["127.0.0.1"], 1, clock=clock)
    with pytest.raises(DnsTempError):
        await lookup.txt("s1._domainkey.vo.example")
    lookup._resolver.port = nsd.port  # they are back
    with pytest.raises(DnsTempError):
        await lookup.txt("s1._domainkey.vo.example")
    clock.now += SILENCE_S
    assert await lookup.txt("s1._domainkey.vo.example")


async def test_the_memory_is_bounded(nsd: NameServer) -> None:
    lookup = Lookup(["127.0.0.1"], nsd.port, max_cached=10)
    for number in range(30):
        await lookup.txt(f"n{number}.vo.example")
    assert len(lookup._cache) == 10


async def test_many_who_ask_the_same_share_one_question() -> None:
    with silence() as (port, taker):
        lookup = Lookup(["127.0.0.1"], port, lifetime_s=0.5)
        asking = [lookup.txt("Key.example"), *(lookup.txt("key.example.") for _ in range(50))]
        said = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(one, DnsTempError) for one in said)
        assert questions(taker) == 1


async def test_who_gives_up_takes_nothing_from_the_others(nsd: NameServer) -> None:
    lookup = Lookup(["127.0.0.1"], nsd.port)
    first = asyncio.create_task(lookup.txt("s1._domainkey.vo.example"))
    second = asyncio.create_task(lookup.txt("s1._domainkey.vo.example"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second


async def test_silence_ends_in_time_and_leaves_the_loop_free() -> None:
    with silence() as (port, _):
        lookup = Lookup(["127.0.0.1"], port, lifetime_s=2.0)
        asking = asyncio.create_task(lookup.txt("key.example"))
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert turns > 5
        with pytest.raises(DnsTempError):
            await asking


async def test_no_more_questions_than_allowed_are_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.proofs.dns.MAX_IN_FLIGHT", 7)
    with silence() as (port, taker):
        lookup = Lookup(["127.0.0.1"], port, lifetime_s=60.0)
        asking = [asyncio.create_task(lookup.txt(f"n{i}.example")) for i in range(40)]
        asked = 0
        while asked < 7:
            await asyncio.wait(asking, timeout=0.2)
            asked += questions(taker)
        await asyncio.wait(asking, timeout=0.2)
        assert asked + questions(taker) == 7
        for one in asking:
            one.cancel()


def test_one_look_up_serves_one_loop_after_another(nsd: NameServer) -> None:
    lookup = Lookup(["127.0.0.1"], nsd.port)
    for number in range(3):
        assert asyncio.run(lookup.txt(f"n{number}.vo.example")) == ()


async def test_an_empty_purse_buys_no_answer(lookup: Lookup) -> None:
    purse = Purse(lookup, seconds=5, names=2)
    assert await purse.txt("s1._domainkey.vo.example")
    assert await purse.txt("nobody.vo.example") == ()
    with pytest.raises(DnsTempError, match="too many names"):
        await purse.txt("s1._domainkey.vo.example")
    assert purse.silences == 0, "what was not asked is no silence"


async def test_a_purse_runs_out_of_time_over_all_its_questions() -> None:
    with silence() as (port, taker):
        purse = Purse(Lookup(["127.0.0.1"], port), seconds=0.3, names=100, at_once=2)
        said = await asyncio.gather(
            *(purse.txt(f"n{i}.example") for i in range(20)), return_exceptions=True
        )
        assert all(isinstance(one, DnsTempError) for one in said)
        assert purse.silences == 20
        assert questions(taker) <= 2, "the others found an empty purse"


async def test_a_purse_counts_what_a_look_up_had_no_answer_to() -> None:
    with silence() as (port, _):
        purse = Purse(Lookup(["127.0.0.1"], port, lifetime_s=0.2), seconds=9, names=9)
        for _ in range(2):
            with pytest.raises(DnsTempError):
                await purse.txt("key.example")
        assert purse.silences == 2


@pytest.mark.parametrize("junk", [b"", b"x", b"\x00" * 12, b"\xff" * 512], ids=len)
async def test_a_garbled_answer_is_no_answer(junk: bytes) -> None:
    with silence() as (port, taker):
        loop = asyncio.get_running_loop()
        taker.setblocking(False)

        async def answer() -> None:
            while True:
                question, peer = await loop.sock_recvfrom(taker, 4_096)
                await loop.sock_sendto(taker, question[:2] + junk, peer)

        answering = asyncio.create_task(answer())
        with pytest.raises(DnsTempError):
            await Lookup(["127.0.0.1"], port, lifetime_s=0.5).txt("key.example")
        answering.cancel()
