"""The way to the disk: groups, failures, recovery, and that nobody waits for ever."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from gateway.inbound import writer
from gateway.inbound.room import NoRoom
from gateway.intake import Intake
from parsers.envelope import Envelope
from parsers.errors import Deferred
from parsers.gate import Gate, look
from store.engine import Store
from store.journal import deliveries_after, read_raw
from store.journal_counters import counters
from store.refusals import Refusal, refusals

ENVELOPE = Envelope(
    "smtp", "192.0.2.1", "x", "a@x.example", ("support@helpdesk.example",), datetime.now(UTC)
)
GATE = Gate((), "<1@x.example>", 0, 0)
REFUSAL = Refusal(datetime.now(UTC), "smtp", "192.0.2.1", "", ("a",), "550 5.1.1 No", "unknown")


def make(store: Store, **options: Any) -> Intake:
    return Intake(store, **{"wake": lambda: None, "reserve_bytes": 0} | options)


@contextmanager
def at_commit(store: Store, act: Callable[[], object]) -> Iterator[None]:
    """Do something before each commit on the journal, as SQLite itself sees it."""

    def trace(connection: Any, _record: object) -> None:
        connection.set_trace_callback(lambda said: said == "COMMIT" and act())

    event.listen(store.journal, "connect", trace)
    store.journal.dispose()
    yield
    event.remove(store.journal, "connect", trace)
    store.journal.dispose()


@contextmanager
def commits(store: Store) -> Iterator[list[int]]:
    """Count the commits on the journal."""
    seen: list[int] = []
    with at_commit(store, lambda: seen.append(1)):
        yield seen


@contextmanager
def slow_commits(store: Store) -> Iterator[tuple[threading.Event, list[int]]]:
    """Hold every commit back until the event is set; count them when they go on."""
    go_on = threading.Event()
    seen: list[int] = []

    def hold() -> None:
        go_on.wait(20)
        seen.append(1)

    try:
        with at_commit(store, hold):
            yield go_on, seen
    finally:
        go_on.set()


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold the journal's write lock from outside; our own wait for it is short."""

    @event.listens_for(store.journal, "connect")
    def _be_quick(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    store.journal.dispose()
    other = sqlite3.connect(store.journal.url.database or "", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what changes is in another thread
            await asyncio.sleep(0.005)


async def test_mails_that_come_at_once_share_commits(store: Store) -> None:
    wakes: list[int] = []
    intake = make(store, wake=lambda: wakes.append(1))
    with commits(store) as seen:
        raws = [b"%d" % number for number in range(200)]
        ids = await asyncio.gather(*(intake.accept(ENVELOPE, raw, GATE, 2) for raw in raws))
    assert [read_raw(store, mail_id) for mail_id in ids] == raws
    assert 200 / writer.GROUP_MAILS <= len(seen) < 50
    assert len(wakes) == len(seen)
    await intake.close()


async def test_while_one_commit_syncs_the_next_group_gathers(store: Store) -> None:
    intake = make(store, wait_s=20)
    with slow_commits(store) as (go_on, seen):
        first = asyncio.create_task(intake.accept(ENVELOPE, b"first", GATE, 2))
        await until(lambda: any(w.begun for w in intake._waiting))
        rest = [
            asyncio.create_task(intake.accept(ENVELOPE, b"%d" % n, GATE, lane))
            for n, lane in enumerate([2, 1, 0, 2, 0])
        ]
        await until(lambda: len(intake._waiting) == 6)
        go_on.set()
        ids = await asyncio.gather(first, *rest)
    assert len(seen) == 2
    assert [read_raw(store, mail_id) for mail_id in sorted(ids)] == [
        b"first", b"2", b"4", b"0", b"1", b"3",
    ]  # fmt: skip  # alarms first
    await intake.close()


async def test_a_group_is_bounded_in_bytes(store: Store) -> None:
    intake = make(store, wait_s=20)
    big = b"x" * (writer.GROUP_BYTES // 2)
    with slow_commits(store) as (go_on, seen):
        tasks = [asyncio.create_task(intake.accept(ENVELOPE, b"first", GATE, 2))]
        await until(lambda: any(w.begun for w in intake._waiting))
        tasks += [
            asyncio.create_task(intake.accept(ENVELOPE, big + b"%d" % n, GATE, 2)) for n in range(3)
        ]
        await until(lambda: len(intake._waiting) == 4)
        go_on.set()
        await asyncio.gather(*tasks)
    assert len(seen) == 4
    await intake.close()


async def test_a_mail_that_cannot_be_written_does_not_take_its_neighbours_down(
    store: Store,
) -> None:
    intake = make(store, wait_s=20)
    bad = replace(ENVELOPE, received_at=datetime(2026, 1, 1))  # noqa: DTZ001 - naive: no row takes it
    with slow_commits(store) as (go_on, _):
        first = asyncio.create_task(intake.accept(ENVELOPE, b"first", GATE, 2))
        await until(lambda: any(w.begun for w in intake._waiting))
        rest = [
            asyncio.create_task(intake.accept(envelope, raw, GATE, 2))
            for envelope, raw in [(ENVELOPE, b"a"), (bad, b"b"), (ENVELOPE, b"c")]
        ]
        await until(lambda: len(intake._waiting) == 4)
        go_on.set()
        results = await asyncio.gather(first, *rest, return_exceptions=True)
    assert isinstance(results[2], Deferred)
    kept = sorted(result for result in results if isinstance(result, int))
    assert [read_raw(store, mail_id) for mail_id in kept] == [b"first", b"a", b"c"]
    assert intake.healthy
    await intake.close()


async def test_a_mail_that_waits_too_long_for_its_turn_is_deferred_and_not_kept(
    store: Store,
) -> None:
    intake = make(store, wait_s=0.1)
    with slow_commits(store) as (go_on, _):
        slow = asyncio.create_task(intake.accept(ENVELOPE, b"slow", GATE, 2))
        await until(lambda: any(w.begun for w in intake._waiting))
        with pytest.raises(Deferred):
            await intake.accept(ENVELOPE, b"late", GATE, 2)
        assert not slow.done()  # its commit has begun: the answer is what the disk says
        await until(lambda: not intake.healthy)
        with pytest.raises(Deferred):
            await intake.accept(ENVELOPE, b"later", GATE, 2)
        go_on.set()
        assert read_raw(store, await slow) == b"slow"
    await until(lambda: not intake._waiting)
    assert intake.healthy
    assert await intake.accept(ENVELOPE, b"fresh", GATE, 2)
    assert [one.size for one in deliveries_after(store, 0, 9)] == [4, 5]
    await intake.close()


async def test_a_mail_whose_door_went_away_is_written_all_the_same(store: Store) -> None:
    intake = make(store, wait_s=20)
    with slow_commits(store) as (go_on, _):
        leaving = asyncio.create_task(intake.accept(ENVELOPE, b"left", GATE, 2))
        await until(lambda: any(w.begun for w in intake._waiting))
        leaving.cancel()
        await asyncio.wait([leaving])
        go_on.set()
        assert await intake.accept(ENVELOPE, b"next", GATE, 2) == 2
    assert read_raw(store, 1) == b"left"
    assert intake._room.bytes_held == 0
    await intake.close()


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


async def test_refusals_are_written_without_anybody_waiting(store: Store) -> None:
    intake = make(store)
    for _ in range(5):
        intake.refused(REFUSAL)
    await intake.close()
    assert refusals(store, 10) == [REFUSAL] * 5
    assert counters(store)["refused"] == 5


async def test_above_a_number_an_hour_refusals_are_only_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.intake.REFUSALS_AN_HOUR", 3)
    clock = [datetime(2026, 1, 1, 10, 59, tzinfo=UTC)]
    intake = make(store, now=lambda: clock[0])
    for _ in range(10):
        intake.refused(REFUSAL)
    clock[0] = datetime(2026, 1, 1, 11, 0, tzinfo=UTC)
    intake.refused(REFUSAL)
    await intake.close()
    assert len(refusals(store, 100)) == 4
    assert counters(store) == {"refused": 11, "refused.smtp": 11, "refusals_only_counted": 7}


async def test_refusals_wait_for_a_store_that_fails(store: Store) -> None:
    intake = make(store)
    with locked(store):
        intake.refused(REFUSAL)
        await until(lambda: intake._writer._failures > 0)
    await until(lambda: refusals(store, 10) == [REFUSAL])
    await intake.close()


async def test_closing_writes_what_waits(store: Store) -> None:
    intake = make(store)
    tasks = [asyncio.create_task(intake.accept(ENVELOPE, b"%d" % n, GATE, 2)) for n in range(100)]
    await asyncio.sleep(0)
    await intake.close()
    assert sorted(await asyncio.gather(*tasks)) == list(range(1, 101))


async def test_a_big_mail_leaves_the_loop_free(store: Store) -> None:
    intake = make(store)
    raw = b"From: a@x.example\r\n\r\n" + os.urandom(3_000_000)
    mail_id = await intake.accept(ENVELOPE, raw, look(raw), 2)
    assert read_raw(store, mail_id) == raw
    await intake.close()


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
