"""An alarm waits for no other mail and for no relay that is known to be down."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.outbound.maildir import Maildir
from gateway.outbound.relay import open_relay
from store.engine import Store
from tests.outbound.couriers import QUICK, courier, until
from tests.outbound.rows import FakeTime, add_row, states
from tests.outbound.sinks import Sink, serving, silence
from tests.ports import free_port


async def test_a_silent_relay_does_not_hold_up_an_alarm_longer_than_its_patience(
    store: Store, tmp_path: Path
) -> None:
    add_row(store, 1, lane=0)
    settings = replace(QUICK, alarm_patience_s=0.3)
    with silence() as url:
        second = Maildir(tmp_path / "second")
        await courier(store, open_relay(url), settings=settings, second=second).once()
    assert states(store) == {1: "sent"}
    assert len(list((tmp_path / "second" / "new").iterdir())) == 1


async def test_an_alarm_fails_only_when_both_relays_refuse_it(store: Store) -> None:
    for row_id, (one, two) in enumerate(
        [("550 no", "550 no"), ("450 no", "550 no"), ("550 no", "450 no")], 1
    ):
        add_row(store, row_id, lane=0)
        async with serving(Sink({"RCPT": one})) as first, serving(Sink({"RCPT": two})) as second:
            relays = open_relay(first.url), open_relay(second.url)
            await courier(store, relays[0], second=relays[1]).once()
            for relay in relays:
                await relay.close()
    assert states(store) == {1: "failed", 2: "waiting", 3: "waiting"}


async def test_an_alarm_does_not_wait_for_a_relay_that_is_known_to_be_down(
    store: Store, tmp_path: Path
) -> None:
    now = FakeTime()
    with silence() as url:
        settings = replace(QUICK, send_s=0.2, alarm_patience_s=200)
        second = Maildir(tmp_path / "second")
        mine = courier(store, open_relay(url), now=now, settings=settings, second=second)
        add_row(store, 1)
        await mine.once()
        now.pass_by(hours=1)  # a probe would be allowed
        add_row(store, 2, lane=0)
        async with asyncio.timeout(100):
            await mine.once()
    assert states(store) == {1: "waiting", 2: "sent"}


@pytest.mark.parametrize("reply", ["550 no", "450 no"])
async def test_an_alarm_that_the_first_relay_refuses_goes_by_the_second(
    store: Store, tmp_path: Path, reply: str
) -> None:
    add_row(store, 1, lane=0)
    add_row(store, 2, lane=2)
    async with serving(Sink({"RCPT": reply})) as sink:
        relay = open_relay(sink.url)
        await courier(store, relay, second=Maildir(tmp_path / "second")).once()
        await relay.close()
    assert states(store)[1] == "sent"
    assert states(store)[2] != "sent"


async def test_an_alarm_is_tried_even_when_ordinary_mail_is_held_back(store: Store) -> None:
    now = FakeTime()
    port = free_port()
    relay = open_relay(f"smtp://127.0.0.1:{port}")
    mine = courier(store, relay, now=now)
    add_row(store, 1)
    await mine.once()  # the gate is closed now
    add_row(store, 2, lane=0)
    async with serving(Sink(), port=port) as sink:
        await mine.once()
        assert states(store)[2] == "sent"
        assert len(sink.taken) >= 1
        await relay.close()


async def test_an_alarm_does_not_wait_behind_ordinary_mail(store: Store) -> None:
    for row_id in range(1, 41):
        add_row(store, row_id)
    hold = asyncio.Event()
    slow = Sink(hold=hold)
    stop, wake = asyncio.Event(), asyncio.Event()
    async with serving(slow) as sink:
        relay = open_relay(sink.url)
        running = asyncio.create_task(courier(store, relay).run(stop, wake))
        await asyncio.wait_for(slow.arrived.wait(), 60)  # every ordinary slot hangs in DATA
        slow.arrived.clear()
        sessions = sink.sessions
        add_row(store, 100, lane=0)
        wake.set()
        await until(lambda: sink.sessions > sessions or slow.arrived.is_set())
        await until(lambda: states(store)[100] == "claimed")
        hold.set()
        await until(lambda: states(store)[100] == "sent")
        stop.set()
        await asyncio.wait_for(running, 60)
