"""The way to the disk: mails share commits, and nobody waits for ever."""

import asyncio
import os
from dataclasses import replace
from datetime import datetime

import pytest

from gateway.inbound import writer
from parsers.errors import Deferred
from parsers.gate import look
from store.engine import Store
from store.journal import deliveries_after, read_raw
from tests.inbound.intakes import (
    ENVELOPE,
    GATE,
    commits,
    make,
    slow_commits,
    until,
)


async def test_mails_that_come_at_once_share_commits(store: Store) -> None:
    wakes: list[int] = []
    intake = make(store, wake=lambda: wakes.append(1))
    with commits(store) as seen:
        raws = [b"%d" % number for number in range(200)]
        ids = await asyncio.gather(*(intake.accept(ENVELOPE, raw, GATE, 2) for raw in raws))
    assert [read_raw(store, mail_id) for mail_id in ids] == raws
    assert 200 / writer.GROUP_MAILS <= len(seen) < 50
    await until(lambda: len(wakes) == len(seen))  # the last one may come after the answers
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
    intake = make(store, wait_s=20)
    with slow_commits(store) as (go_on, _):
        slow = asyncio.create_task(intake.accept(ENVELOPE, b"slow", GATE, 2))
        await until(lambda: any(w.begun for w in intake._waiting))
        intake._wait_s = 0.1  # not before: the first one has to get its turn on any machine
        with pytest.raises(Deferred):
            await intake.accept(ENVELOPE, b"late", GATE, 2)
        assert not slow.done()  # its commit has begun: the answer is what the disk says
        await until(lambda: not intake.healthy)
        with pytest.raises(Deferred):
            await intake.accept(ENVELOPE, b"later", GATE, 2)
        intake._wait_s = 20
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
