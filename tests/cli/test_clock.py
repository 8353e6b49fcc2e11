"""`ticketgate clock`: how the clock stands, what comes next, and letting it go on."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from gateway.commands.opening import FAULT
from gateway.config.load import load
from router.lines.noting import REMIND
from store import clock_state
from store.clock_tables import timing
from store.tables import reminder, ticket
from store.visit import visit
from tests.cli.conftest import NOW, Run

KEYS = {
    "stopped_at", "why", "keeper", "looked_at", "planned", "overdue", "asked_for",
    "asked_for_overdue", "next",
}  # fmt: skip
STEP_KEYS = {"ticket", "due_at", "due_for", "status", "steps", "is_asked_for"}


@pytest.fixture
def stopped(office: Path) -> None:
    """The clock stands still."""
    config = load(office / "config.toml")
    with visit(config.store.url) as store, store.writing() as conn:
        clock_state.looked(conn, NOW, "boot", 0)
        clock_state.stop(conn, NOW, "the clock of the machine is wrong")


def test_a_running_clock_shows_the_next_ten_steps_the_first_one_first(run: Run) -> None:
    done = run("clock", "--json")
    assert done.code == 0, done.err
    (row,) = done.rows
    assert set(row) == KEYS
    assert (row["stopped_at"], row["looked_at"], row["keeper"]) == (None, None, "")
    assert 0 < len(row["next"]) <= 10
    assert row["planned"] >= len(row["next"])
    assert 0 <= row["overdue"] <= row["planned"]
    assert all(set(one) == STEP_KEYS for one in row["next"])
    times = [one["due_at"] for one in row["next"]]
    assert times == sorted(times)


def test_people_are_told_the_same(run: Run) -> None:
    done = run("clock")
    assert done.code == 0, done.err
    first, second, third, *_ = done.out.splitlines()
    assert first == "clock: runs"
    assert second == "looked at: never"
    assert third.startswith("tickets with a next step: ")


def test_a_day_that_was_asked_for_comes_among_the_steps(run: Run, office: Path) -> None:
    number, other = (row["ticket"] for row in run("tickets", "--json").rows[:2])
    with visit(load(office / "config.toml").store.url) as store, store.writing() as conn:
        ended = update(ticket).where(ticket.c.number == other).values(status="solved")
        conn.execute(ended)
        for asked in (number, other):
            row = {"ticket": asked, "step": REMIND, "detail": "2026-03-02 rosa@roc.example"}
            conn.execute(insert(reminder).values(due_at=NOW, **row))
    done = run("clock")
    assert "days that were asked for: 1, overdue: 1" in done.out.splitlines()
    (row,) = (line for line in done.out.splitlines() if line.endswith("Remind on"))
    assert row.split()[:4] == [str(number), "2026-03-02", "12:00:00", "rosa@roc.example"]
    (said,) = run("clock", "--json").rows
    assert (said["asked_for"], said["asked_for_overdue"]) == (1, 1)
    times = [one["due_at"] for one in said["next"]]
    assert times == sorted(times)
    assert [one["ticket"] for one in said["next"] if one["is_asked_for"]] == [number]


def test_a_ticket_that_will_be_closed_says_so_in_the_place_of_a_person(
    run: Run, office: Path
) -> None:
    number = run("tickets", "--json").rows[2]["ticket"]
    with visit(load(office / "config.toml").store.url) as store, store.writing() as conn:
        first = update(timing).where(timing.c.ticket == number)
        conn.execute(first.values(due_at=NOW - timedelta(days=1), due_for="", status="solved"))
    line = next(one for one in run("clock").out.splitlines() if one.startswith(str(number)))
    assert line.split()[1:5] == ["2026-03-01", "12:00:00", "closing", "solved"]


@pytest.mark.usefixtures("stopped")
def test_a_clock_that_stands_says_why_fails_health_and_goes_on_when_told(run: Run) -> None:
    done = run("clock")
    assert done.code == 1
    said = "clock: stands still since 2026-03-02 12:00 UTC: the clock of the machine is wrong"
    assert done.out.splitlines()[0] == said
    assert "clock: failing, it stands still" in run("health").out
    assert run("clock", "resume").out == "the clock of tickets goes on\n"
    assert run("clock").code == 0
    assert "clock: " not in run("health").out
    again = run("clock", "resume")
    assert (again.code, again.out, again.err) == (FAULT, "", "the clock runs already\n")
