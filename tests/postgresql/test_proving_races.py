"""Two at once who prove the same signature, on one PostgreSQL: one wakes the site, one is a replay.

Each test forces the worst order: both have read their facts before one of them writes, unless they
keep each other out.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from running import until
from stage import Stage

import gateway.desk
import gateway.work
from gateway.deliberate import Heard, heard_again
from gateway.desk import Desk
from parsers.evidence import SenderEvidence
from router.authority import Standing
from router.decision import Due
from router.reproof import STEP
from store.engine import open_store
from store.evidence import read_evidence
from store.reminders import due_steps
from store.ticket_listing import TicketFilter, tickets
from tests.postgresql.test_races import NOW, WORLD
from tests.work.test_proving import LATE, Answers, answers, settle, signed
from tests.work.test_replay import copy, pages

__all__ = ["answers"]  # the fixture
ALARM = "alarm@helpdesk.example"
WAIT_S = 1.0


@pytest.fixture
def stage(place: Path, postgres_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, postgres_url)
    yield stage
    stage.close()


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> threading.Barrier:
    """Let two who have read their facts wait for each other, for a while."""
    met = threading.Barrier(2)

    def slow(reads: Any) -> Any:
        def read(*given: Any, **named: Any) -> Any:
            facts = reads(*given, **named)
            with suppress(threading.BrokenBarrierError):  # the other is kept out, as it should be
                met.wait(WAIT_S)
            return facts

        return read

    facts = gateway.desk.read
    monkeypatch.setattr(facts, "read_mail_ticket_facts", slow(facts.read_mail_ticket_facts))
    monkeypatch.setattr(gateway.work, "settle", slow(gateway.work.settle))
    return met


def reproof(desk: Desk, evidence: SenderEvidence) -> list[Any]:
    """Return what does each step that is due, once called."""
    with desk.store.reading() as conn:
        steps = due_steps(conn, desk.clock(), only=STEP)
    todo = []
    for step in steps:
        heard, _ = heard_again(desk, int(step.detail))
        mail = replace(heard.mail, evidence=evidence)
        due = Due(STEP, step.ticket, detail=step.detail, mail=mail)
        todo.append((due, step.row))
    return todo


def standings(stage: Stage, mails: list[int]) -> list[str]:
    with stage.store.reading() as conn:
        return sorted(one.standing for one in read_evidence(conn, mails).values())


ONE_OF_EACH = sorted([str(Standing.DKIM), str(Standing.REPLAYED)])


def test_two_mails_with_one_signature_that_are_proven_again_at_once_page_once(
    stage: Stage, answers: Answers, together: threading.Barrier
) -> None:
    answers.known["Lost 1"] = LATE
    mails = [copy(stage, 1, ALARM, head) for head in ("", "Comments: 1\r\n")]
    settle(stage)
    assert pages(stage) == 0
    stage.now += timedelta(minutes=1)
    store = open_store(stage.config.store.url)
    others = (stage.desk, replace(stage.desk, store=store))
    todo = reproof(stage.desk, signed(1))
    together.reset()
    with ThreadPoolExecutor(2) as pool:
        pairs = zip(others, todo, strict=True)
        done = [pool.submit(desk.do, due, reminder=row) for desk, (due, row) in pairs]
        for one in done:
            one.result()
    store.close()
    assert pages(stage) == 1
    assert standings(stage, mails) == ONE_OF_EACH
    assert sorted(one.kind for one in tickets(stage.store, TicketFilter())) == ["ALARM", "USER"]


def test_one_step_that_two_clocks_find_at_once_pages_once(
    stage: Stage, answers: Answers, together: threading.Barrier
) -> None:
    answers.known["Lost 1"] = LATE
    copy(stage, 1, ALARM)
    settle(stage)
    stage.said()
    stage.now += timedelta(minutes=1)
    ((due, row),) = reproof(stage.desk, signed(1))
    store = open_store(stage.config.store.url)
    together.reset()
    with ThreadPoolExecutor(2) as pool:
        desks = (stage.desk, replace(stage.desk, store=store))
        done = [pool.submit(desk.do, due, reminder=row) for desk in desks]
        for one in done:
            one.result()
    store.close()
    assert pages(stage) == 1


def test_a_worker_and_the_clock_with_one_signature_at_once_page_once(
    stage: Stage, answers: Answers, together: threading.Barrier
) -> None:
    answers.known["Lost 1"] = LATE
    first = copy(stage, 1, ALARM)
    settle(stage)
    assert pages(stage) == 0
    stage.now += timedelta(minutes=1)
    second = copy(stage, 1, ALARM, "Comments: 1\r\n")
    ((due, row),) = reproof(stage.desk, signed(1))
    begun = threading.Event()

    async def prove(_heard: Heard, _raw: bytes) -> SenderEvidence:
        await asyncio.to_thread(begun.wait, 10)
        return signed(1)

    answers.prove = prove  # type: ignore[method-assign] # it answers when the worker has begun
    stage.worker.once()
    begun.set()
    until(lambda: bool(stage.worker._proving._done), "the proof")
    together.reset()
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(stage.desk.do, due, reminder=row),
            pool.submit(stage.worker.once),
        ]
        for one in done:
            one.result()
    settle(stage)
    assert pages(stage) == 1
    assert standings(stage, [first, second]) == ONE_OF_EACH
