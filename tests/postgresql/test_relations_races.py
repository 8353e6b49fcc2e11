"""Two desks that relate the same tickets at once: no circle, and nothing that one has missed.

Each waits, between deciding and writing, for the other to decide, too; right code keeps it out.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from stage import Stage

import gateway.desk
from gateway.desk import Desk
from gateway.processes.link import Link
from gateway.work import Worker
from parsers.errors import Refused
from router.relations import above
from store.engine import open_store
from store.relation_tables import relation
from store.relations import hang_together
from store.rows import read_tickets
from tests.work.test_relations import FIRST, JOE, SECOND, THIRD, command
from tests.work.test_steering import ANNE, NOW, WORLD, mail

WAIT_S = 0.5


@pytest.fixture
def stage(place: Path, postgres_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, postgres_url)
    for sender in (ANNE, JOE, ANNE):
        mail(stage, sender, "They fail.")
    yield stage
    stage.close()


class Other:
    """The same desk in another process, as far as the store can tell."""

    def __init__(self, stage: Stage) -> None:
        store = open_store(stage.config.store.url)
        self.desk = Desk(store, stage.desk.policy, stage.desk.source, stage.desk.clock)


def at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *asked: tuple[int, dict[str, str]]
) -> tuple[list[str], bool]:
    """Ask all at once; return how each ended, and whether two were ever inside together."""
    decide, inside, together = gateway.desk.decide, [0], threading.Event()
    lock = threading.Lock()

    def slow(*given: Any) -> Any:
        with lock:
            inside[0] += 1
            if inside[0] > 1:
                together.set()
        try:
            decided = decide(*given)
            together.wait(WAIT_S)
            return decided
        finally:
            with lock:
                inside[0] -= 1

    monkeypatch.setattr(gateway.desk, "decide", slow)
    others: list[Any] = [Other(stage) for _ in asked]

    def ask(one: Any, number: int, lines: dict[str, str]) -> str:
        try:
            command(one, number, lines.pop("text", ""), **lines)
        except Refused as error:
            return error.public
        return ""

    with ThreadPoolExecutor(len(asked)) as pool:
        ends = [
            pool.submit(ask, one, number, dict(lines))
            for one, (number, lines) in zip(others, asked, strict=True)
        ]
        found = [one.result() for one in ends]
    for one in others:
        one.desk.store.close()
    return found, together.is_set()


def test_two_merges_into_each_other_are_one_merge(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends, together = at_once(
        stage,
        monkeypatch,
        (FIRST, {"merge_into": str(SECOND)}),
        (SECOND, {"merge_into": str(FIRST)}),
    )
    assert sorted(map(bool, ends)) == [False, True]
    assert "was merged into it" in "".join(ends)
    assert not together, "they take turns"
    with stage.store.reading() as conn:
        assert len(conn.execute(select(relation)).all()) == 1


@pytest.mark.parametrize("line", ["merge_into", "duplicate_of", "master", "parent"])
def test_three_at_once_make_no_ring(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    ring = ((FIRST, SECOND), (SECOND, THIRD), (THIRD, FIRST))
    ends, _ = at_once(stage, monkeypatch, *((one, {line: str(two)}) for one, two in ring))
    assert any(ends), "one of them is refused"
    with stage.store.reading() as conn:
        tickets = read_tickets(conn, [FIRST, SECOND, THIRD])
    for ticket in tickets.values():
        seen, over = {ticket.number}, above(ticket)
        while over is not None:
            assert over.ticket not in seen
            seen.add(over.ticket)
            over = above(tickets[over.ticket])


def test_two_children_that_are_solved_at_once_let_their_parent_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for child in (SECOND, THIRD):
        command(stage, child, parent=str(FIRST))
    done = {"status": "solved", "text": "Done."}
    ends, together = at_once(stage, monkeypatch, (SECOND, done), (THIRD, done))
    assert ends == ["", ""]
    assert not together, "they take turns"
    with stage.store.reading() as conn:
        tickets = read_tickets(conn, [FIRST, SECOND, THIRD])
    found = [str(tickets[number].status) for number in (FIRST, SECOND, THIRD)]
    assert found == ["in progress", "solved", "solved"]


def test_a_mail_and_a_command_about_related_tickets_take_turns(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail solves a master while the terminal takes its slave away from it."""
    command(stage, SECOND, master=str(FIRST))
    reached, released = threading.Event(), threading.Event()
    write = gateway.work.write

    def slow_write(*given: Any) -> Any:
        reached.set()
        released.wait(WAIT_S)
        return write(*given)

    monkeypatch.setattr(gateway.work, "write", slow_write)
    stage.worker = Worker(stage.desk, Link(), "work-0", stage.prover)
    other: Any = Other(stage)

    def unlink() -> str:
        assert reached.wait(60)
        try:
            command(other, SECOND, unlink=str(FIRST))
        except Refused as error:
            return error.public
        finally:
            released.set()
        return ""

    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(unlink)
        token = "{{token tpm@firstline.example}}"
        newest = f"reply+{token}@helpdesk.example"
        command(stage, FIRST, "x", category="Test")  # so that the newest mail is about the first
        mail(stage, "tina@firstline.example", "Status: solved\r\n\r\nDone.", newest)
        assert end.result() == ""
    other.desk.store.close()
    with stage.store.reading() as conn:
        tickets = read_tickets(conn, [FIRST, SECOND])
    assert [str(tickets[number].status) for number in (FIRST, SECOND)] == ["solved", "solved"]
    assert tickets[SECOND].relations == ()


def test_who_decides_takes_turns_for_all_that_hang_together(stage: Stage) -> None:
    command(stage, SECOND, parent=str(FIRST))
    command(stage, THIRD, cross_reference=str(FIRST))
    with stage.store.reading() as conn:
        assert hang_together(conn, [SECOND]) == {FIRST, SECOND}
        assert hang_together(conn, [FIRST]) == {FIRST, SECOND}
        assert hang_together(conn, [THIRD]) == set(), "a cross reference changes nothing there"
        assert hang_together(conn, []) == set()
