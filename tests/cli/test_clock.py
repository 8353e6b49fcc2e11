"""`ticketgate clock`: how the clock stands, what comes next, and letting it go on."""

from pathlib import Path

import pytest

from gateway.commands.opening import FAULT
from gateway.config.load import load
from store import clock_state
from store.visit import visit
from tests.cli.conftest import NOW, Run

KEYS = {"stopped_at", "why", "keeper", "looked_at", "planned", "overdue", "next"}
STEP_KEYS = {"ticket", "due_at", "due_for", "status", "steps"}


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
