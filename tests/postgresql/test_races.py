"""Two workers at once on one PostgreSQL: what the file lock of SQLite keeps apart must not mix.

Each test forces the worst order: the second worker has read its facts when the first one commits.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from stage import Stage

import gateway.work
from gateway.processes.link import Link
from gateway.work import Worker
from router.decision import Reminder
from store import commit, inbox
from store.engine import open_store, repeated
from store.numbers import take
from store.tables import event, reminder, ticket
from store.turns import MOST_WORDS, take_turn
from store.waiting import WAIT_FOR_PARENT

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TO = ["support@helpdesk.example"]
WAIT_S = 1.0


@pytest.fixture
def stage(place: Path, postgres_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, postgres_url)
    yield stage
    stage.close()


def keep(stage: Stage, number: int, answers: str = "", text: str = "Text.") -> int:
    reference = f"In-Reply-To: <{answers}@x.example>\r\n" if answers else ""
    raw = (
        f"From: anna@physics.example\r\nMessage-ID: <{number}@x.example>\r\n{reference}"
        f"Subject: Trouble\r\n\r\n{text}\r\n"
    ).encode()
    return stage.keep(raw, stage.envelope(raw, TO, "anna@physics.example", "127.0.0.1"))


def rows(stage: Stage, table: Any) -> int:
    with stage.store.reading() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def race(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two workers, with one mail each, decide: the second reads, the first writes, and so on.

    Each step waits only for a while, because right code may keep the other one out.
    """
    monkeypatch.setattr(inbox, "MAX_BATCH", 1)
    has_read, has_written = threading.Event(), threading.Event()
    settle, write_all = gateway.work.settle, Worker._write
    second: list[int] = []

    def slow_settle(*given: Any) -> Any:
        settled = settle(*given)
        if second and threading.get_ident() == second[0]:
            has_read.set()
            has_written.wait(WAIT_S)
        return settled

    monkeypatch.setattr(gateway.work, "settle", slow_settle)
    other = Worker(stage.desk, Link(), "work-1")
    claimed = threading.Barrier(2)

    def write(self: Worker, heard: Any) -> set[int]:
        if self.slot == "work-0" and not has_written.is_set():
            claimed.wait(60)
            has_read.wait(WAIT_S)
            try:
                return write_all(self, heard)
            finally:
                has_written.set()
        if not second:
            second.append(threading.get_ident())
            claimed.wait(60)
        return write_all(self, heard)

    monkeypatch.setattr(Worker, "_write", write)
    first_claims = threading.Event()
    true_claim = inbox.claim

    def claim(*given: Any, **named: Any) -> Any:
        if named["by"] == "work-1":
            first_claims.wait(60)
        try:
            return true_claim(*given, **named)
        finally:
            first_claims.set()

    monkeypatch.setattr(gateway.work.inbox, "claim", claim)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(one.once) for one in (stage.worker, other)]:
            done.result()
    monkeypatch.undo()
    stage.now += timedelta(seconds=2)
    stage.work()


def test_the_same_mail_in_two_workers_at_once_is_one_ticket(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [keep(stage, 1), keep(stage, 1)]
    race(stage, monkeypatch)
    assert [stage.mail(m)["outcome"] for m in mails] == ["new", "duplicate"]
    assert rows(stage, ticket) == 1


def test_a_reply_and_what_it_answers_in_two_workers_at_once_are_one_ticket(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [keep(stage, 1), keep(stage, 2, answers="1")]
    race(stage, monkeypatch)
    assert [stage.mail(m)["outcome"] for m in mails] == ["new", "comment"]
    assert rows(stage, ticket) == 1


def test_a_reply_that_overtook_what_it_answers_is_in_its_ticket(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [keep(stage, 2, answers="1"), keep(stage, 1)]
    stage.now += WAIT_FOR_PARENT * 2  # so the reply waits for nobody
    race(stage, monkeypatch)
    assert sorted(str(stage.mail(m)["outcome"]) for m in mails) == ["comment", "new"]
    assert rows(stage, ticket) == 1


def test_answers_with_no_word_in_common_collide_at_the_ticket_and_are_all_heard(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(stage, 1)
    stage.work()
    keep(stage, 2, answers="1", text="The second.")
    stage.work()
    mails = [keep(stage, 3, "1", "By the first."), keep(stage, 4, "2", "By the second.")]
    race(stage, monkeypatch)
    assert [stage.mail(m)["outcome"] for m in mails] == ["comment", "comment"]
    with stage.store.reading() as conn:
        numbers = conn.execute(select(event.c.number).order_by(event.c.number)).scalars().all()
    assert numbers == [1, 2, 3, 4]


def test_a_deadlock_is_tried_again_and_nobody_notices(stage: Stage) -> None:
    both = threading.Barrier(2)

    def cross(names: tuple[str, str]) -> int:
        mine = open_store(stage.store.url)
        turns = 0

        def unit() -> None:
            nonlocal turns
            turns += 1
            with mine.writing() as conn:
                take_turn(conn, [names[0]])
                if turns == 1:
                    both.wait(60)
                take_turn(conn, [names[1]])

        repeated(unit)
        mine.close()
        return turns

    with ThreadPoolExecutor(2) as pool:
        turns = [pool.submit(cross, names) for names in (("a", "b"), ("b", "a"))]
        assert sorted(one.result() for one in turns) == [1, 2]


def test_more_words_than_the_server_can_lock_take_the_whole_desk(stage: Stage) -> None:
    other = open_store(stage.store.url)
    took = threading.Event()

    def wait_for_all() -> None:
        with other.writing() as conn:
            take_turn(conn, [str(n) for n in range(MOST_WORDS + 1)])
            took.set()

    with ThreadPoolExecutor(1) as pool:
        with stage.store.writing() as conn:
            take_turn(conn, ["one word"])
            waiting = pool.submit(wait_for_all)
            assert not took.wait(0.3)
        waiting.result(60)
    other.close()


def test_a_step_kept_by_two_at_once_is_kept_once(stage: Stage) -> None:
    step = Reminder("held-digest", NOW, per_ticket=False)
    both = threading.Barrier(2)

    def keep_it() -> None:
        mine = open_store(stage.store.url)
        with mine.writing() as conn:
            both.wait(60)
            take_turn(conn, ["step 0 held-digest "])
            commit._keep_reminder(conn, 0, step)
        mine.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(keep_it) for _ in range(2)]:
            done.result()
    assert rows(stage, reminder) == 1


def test_numbers_are_taken_without_waiting_for_a_writer(stage: Stage) -> None:
    with stage.store.writing() as one:
        first = take(one, "ticket", 2)
        with stage.store.writing() as two:
            assert take(two, "ticket", 1) == first + 2
