"""A short torture of the clock: three blows while it ticks; and the checks see what is broken."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from torture.ageing import CLOSE, Window
from torture.clock_checks import clock_violations
from torture.clock_run import CLOCK, Run, ended, judged
from torture.plan import Plan
from torture.sink import Sink
from torture.spoiling import spoilt

pytestmark = pytest.mark.timeout(600)  # by itself a minute
PLAN = Plan(mails=0, kills=3, seed=1, mode=CLOCK, most_s=240, settle_s=120, tickets=40)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run that is through, and its books."""
    with ended(PLAN, tmp_path_factory.mktemp("clock")) as through:
        yield through


def test_three_blows_while_the_clock_ticks_lose_no_step_and_double_none(run: Run) -> None:
    verdict = judged(run, time.monotonic())
    assert verdict.faults == [], verdict.table()
    assert sum(verdict.blows.values()) == PLAN.kills
    assert run.answered, verdict.table()
    kinds = {one.what for one in run.ageing.windows}
    assert kinds >= {"unit", "submitter", "close", "remind", "unit-digest"}, verdict.table()


FIRST = "(SELECT ticket, number FROM event WHERE kind = 'reminded' ORDER BY ticket DESC LIMIT 1)"
LAST = "(SELECT max(number) FROM event AS other WHERE other.ticket = event.ticket)"
COPIED = 'at, kind, "by", mail, text, changes, reasons, attachments'  # the others have defaults
TURNED = """'[["status", "new", "closed"]]'"""
BROKEN = {
    "left undone": f"UPDATE event SET kind = 'comment' WHERE (ticket, number) = {FIRST}",
    "another step was done": f"UPDATE event SET kind = 'closed' WHERE (ticket, number) = {FIRST}",
    "done 2 times": f"INSERT INTO event (ticket, number, {COPIED})"
    f" SELECT ticket, number + 1, {COPIED} FROM event"
    f" WHERE kind = 'reminded' AND number = {LAST} LIMIT 1",
    "before it was due": "UPDATE event SET kind = 'reminded' WHERE number = 1",
    "steps are due and not done": "UPDATE timing SET due_at = '2026-01-01T00:00:00.000000Z'"
    " WHERE due_at > '2026'",
    "digests to come": "INSERT INTO reminder (ticket, step, detail, due_at) SELECT ticket, step,"
    " detail, due_at FROM reminder WHERE step = 'unit-digest' AND done_at IS NULL",
    "a step after its end": f"UPDATE event SET changes = {TURNED} WHERE number = 1",
    "has ended and has a step to come": "UPDATE timing SET due_at = '2999-01-01T00:00:00.000000Z'"
    " WHERE status = 'closed'",
    "steps, ": "UPDATE timing SET steps = steps + 1",
}


@pytest.mark.parametrize("seen_as", BROKEN)
def test_the_checks_see_a_spoilt_history(seen_as: str, run: Run) -> None:
    with spoilt(run.books.tickets_db, BROKEN[seen_as]):
        found = clock_violations(run.ageing.windows, run.books)
    assert any(seen_as in sentence for sentence in found), found


def test_the_checks_see_a_step_after_an_answer(run: Run) -> None:
    windows = [_a_step_earlier(one) for one in run.ageing.windows]
    found = clock_violations(windows, run.books)
    assert any("done after somebody had answered" in sentence for sentence in found), found


def _a_step_earlier(one: Window) -> Window:
    """Let a window begin before its ticket came into its status."""
    return replace(one, event=one.event - 1) if one.what == CLOSE else one


def _lose(sink: Sink) -> None:
    sink.got.pop(_a_reminder(sink))


def _double(sink: Sink) -> None:
    _, reader = key = _a_reminder(sink)
    sink.got["<again@helpdesk.example>", reader] = sink.got[key]


def _change(sink: Sink) -> None:
    sink.got[_a_reminder(sink)].append(b"other bytes")


def _a_reminder(sink: Sink) -> tuple[str, str]:
    return next(key for key, copies in sink.got.items() if b"REMINDER" in copies[0])


@pytest.mark.parametrize(
    ("spoil", "seen_as"),
    [
        (_lose, "was told 0 times"),
        (_double, "was told 2 times"),
        (_change, "came twice with different bytes"),
    ],
)
def test_the_checks_see_what_was_not_received_once(
    spoil: Callable[[Sink], None], seen_as: str, run: Run
) -> None:
    truth = {key: list(copies) for key, copies in run.books.sink.got.items()}
    try:
        spoil(run.books.sink)
        found = clock_violations(run.ageing.windows, run.books)
    finally:
        run.books.sink.got.clear()
        run.books.sink.got.update(truth)
    assert any(seen_as in sentence for sentence in found), found
