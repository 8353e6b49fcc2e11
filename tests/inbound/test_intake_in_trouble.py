"""A store that fails, a writer that dies, a disk and a memory that are full."""

import threading

import pytest

from gateway.inbound import writer
from gateway.inbound.room import NoRoom
from parsers.errors import Deferred
from store.engine import Store
from tests.inbound.intakes import (
    ENVELOPE,
    GATE,
    locked,
    make,
    until,
)


async def test_a_store_that_fails_is_noticed_and_recovers_by_itself(store: Store) -> None:
    intake = make(store)
    with locked(store):
        for number in range(writer.FAILURES_UNTIL_UNHEALTHY):
            assert intake.healthy
            with pytest.raises(Deferred):
                await intake.accept(ENVELOPE, b"%d" % number, GATE, 2)
        assert not intake.healthy
        with pytest.raises(Deferred, match="the store fails"):
            await intake.accept(ENVELOPE, b"no", GATE, 2)
        with pytest.raises(Deferred):
            intake.require_room()
    await until(lambda: intake.healthy)
    assert await intake.accept(ENVELOPE, b"yes", GATE, 2)
    await intake.close()


async def test_a_writer_that_died_is_started_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def die_once() -> None:
        nonlocal dies
        if dies:
            dies = False
            raise SystemExit

    dies = True
    intake = make(store, wake=die_once)
    assert await intake.accept(ENVELOPE, b"1", GATE, 2) == 1
    await until(lambda: intake._writer._dead)
    assert await intake.accept(ENVELOPE, b"2", GATE, 2) == 2
    await intake.close()


async def test_a_writer_that_dies_with_a_mail_in_hand_answers_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def die(*_: object) -> None:
        raise SystemExit

    intake = make(store)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "keep", die)
        with pytest.raises(Deferred):
            await intake.accept(ENVELOPE, b"1", GATE, 2)
    assert await intake.accept(ENVELOPE, b"2", GATE, 2) == 1
    await intake.close()


async def test_below_the_reserve_of_the_disk_there_is_no_room(store: Store) -> None:
    intake = make(store, reserve_bytes=1 << 60)
    with pytest.raises(NoRoom):
        intake.require_room()
    intake = make(store, reserve_bytes=1)
    intake.require_room()


async def test_bytes_in_flight_are_bounded_and_small_mails_always_fit(store: Store) -> None:
    intake = make(store, in_flight_bytes=1_000_000)
    one, two = intake.share(), intake.share()
    assert one.grow(900_000)
    assert not two.grow(200_000)
    assert two.grow(60_000)
    with pytest.raises(NoRoom):
        intake.require_room(200_000)
    intake.require_room(10_000)
    one.give_back()
    one.give_back()
    assert two.grow(200_000)
    two.give_back()
    assert intake._room.bytes_held == 0
