"""A ticket's clock and what was measured come back as they were written, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from stage import Stage

from router.decision import Decision
from router.ticket import Period, Ticket, Timing
from router.words import Measure, Outcome, Priority, Status
from store.clock_facts import due_tickets, put_off, read_due_facts, who_is_due
from store.clock_tables import period
from store.commit import Decided, write
from store.rows import read_tickets
from tests.work.test_steering import ANNE, NOW, TINA, TPM, WORLD, answer, mail

T = [NOW + timedelta(days=day, microseconds=day) for day in range(6)]
TIMING = Timing(
    Status.IN_PROGRESS, "Ünit", Priority.TOP, unit_since=T[0], status_since=T[1], base=T[2],
    taken_at=T[3], waited=timedelta(hours=5), waited_before=timedelta(hours=2), steps=3,
    due_at=T[4], due_for="Ünit",
)  # fmt: skip
PERIOD = Period(Measure.SOLUTION, "Ünit", T[0], T[1], timedelta(hours=7), timedelta(hours=1), True)


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, store_url)
    mail(stage, ANNE, "They fail.")
    yield stage
    stage.close()


def ticket(stage: Stage) -> Ticket:
    with stage.store.reading() as conn:
        return read_tickets(conn, [100001])[100001]


def written(stage: Stage, timing: Timing | None, *periods: Period) -> None:
    one = Decision(
        Outcome.COMMAND, (), ticket=replace(ticket(stage), timing=timing), periods=periods
    )
    with stage.store.writing() as conn:
        write(conn, [Decided((one,))], stage.desk.policy, NOW)


@pytest.mark.parametrize(
    "timing", [TIMING, replace(TIMING, taken_at=None, due_at=None, due_for="")]
)
def test_a_clock_comes_back_as_it_was_written(stage: Stage, timing: Timing) -> None:
    written(stage, timing)
    assert ticket(stage).timing == timing
    written(stage, None)
    assert ticket(stage).timing is None


def test_what_was_measured_is_kept_with_its_ticket(stage: Stage) -> None:
    written(stage, TIMING, PERIOD, replace(PERIOD, measure=Measure.REOPENING))
    with stage.store.reading() as conn:
        rows = conn.execute(select(period).order_by(period.c.id)).mappings().all()
    assert [(row["ticket"], row["measure"]) for row in rows] == [
        (100001, "solution"),
        (100001, "reopening"),
    ]
    first = rows[0]
    assert (first["working_s"], first["waited_s"], first["late"]) == (7 * 3600, 3600, True)
    assert (first["started_at"], first["ended_at"]) == (T[0], T[1])


def test_what_is_due_is_found_by_its_reader_and_what_is_put_off_is_not(stage: Stage) -> None:
    written(stage, TIMING)
    before, at = T[4] - timedelta(microseconds=1), T[4]
    with stage.store.writing() as conn:
        assert (who_is_due(conn, before, 9), who_is_due(conn, at, 9)) == ([], ["Ünit"])
        assert (due_tickets(conn, "Ünit", at), due_tickets(conn, "other", at)) == ([100001], [])
        put_off(conn, 100001, T[5])
        assert who_is_due(conn, at, 9) == []
        put_off(conn, 100001, T[4])
        assert who_is_due(conn, T[5], 9) == ["Ünit"], "it is never brought forward"
        assert who_is_due(conn, at, 9) == []


def test_the_question_is_the_last_public_one_before_the_waiting(stage: Stage) -> None:
    answer(stage, TINA, "Status: waiting for reply\r\n\r\nWhich files?", TPM)
    answer(stage, TINA, "Internal: yes\r\n\r\nShe never answers.", TPM)
    answer(stage, TINA, "And since when?", TPM)
    with stage.store.reading() as conn:
        facts = read_due_facts(conn, ANNE, stage.desk.known, datetime(2026, 6, 1, tzinfo=UTC))
    assert [*facts.asked] == [100001]
    assert facts.asked[100001].text.endswith("\n\nWhich files?")
