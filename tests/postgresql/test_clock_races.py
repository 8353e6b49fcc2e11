"""A person solves a ticket in the moment in which the clock reminds of it: one order, both kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import postgres
import pytest
from sqlalchemy import select
from stage import Stage

from gateway.desk import Desk
from parsers.block import Field
from router.decision import Command, Due
from router.ticking import TICK
from router.words import EventKind
from store.clock_tables import timing
from store.engine import open_store
from store.tables import event
from tests.work.test_steering import ANNE, NOW, WORLD, mail

ROUNDS = 12
SOLVED = (Field("status", "solved", "Status: solved"),)


@pytest.fixture
def stage(place: Path) -> Iterator[Stage]:
    with postgres.database() as url:
        stage = Stage(place, WORLD, NOW, url)
        yield stage
        stage.close()


def test_nobody_is_reminded_after_a_solution_that_was_written(stage: Stage) -> None:
    for number in range(ROUNDS):
        mail(stage, ANNE, f"They fail: {number}.")
    with stage.store.reading() as conn:
        due = list(conn.execute(select(timing.c.due_at)).scalars())
    stage.now = max(due)
    other = open_store(stage.store.url)
    at_once = Barrier(2)

    def does(desk: Desk, what: Command | Due) -> None:
        at_once.wait(60)
        desk.do(what)

    with ThreadPoolExecutor(2) as pool:
        for number in range(100001, 100001 + ROUNDS):
            solve = Command("steer", number, "operator", "Done.", lines=SOLVED)
            ones = (
                pool.submit(does, stage.desk, solve),
                pool.submit(does, replace(stage.desk, store=other), Due(TICK, number)),
            )
            for one in ones:
                one.result(60)
    other.close()
    with stage.store.reading() as conn:
        query = select(event.c.ticket, event.c.number, event.c.kind, event.c.changes)
        rows = conn.execute(query.order_by(event.c.ticket, event.c.number)).all()
        clocks = dict(conn.execute(select(timing.c.ticket, timing.c.status)).all())
    solved = {row.ticket: row.number for row in rows if "solved" in str(row.changes)}
    told = {row.ticket: row.number for row in rows if row.kind == str(EventKind.REMINDED)}
    assert sorted(solved) == list(range(100001, 100001 + ROUNDS))
    assert all(told[number] < solved[number] for number in told)
    assert set(clocks.values()) == {"solved"}
