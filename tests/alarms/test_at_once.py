"""Two daemons at one alarm: clocks that run out together, and an answer that comes meanwhile."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from acting import Acting

from gateway.clock import tick
from parsers.alarm import AlarmStatus
from router.alarming import alarm_status
from store.engine import open_store


def together(*acts: Callable[[], object]) -> None:
    barrier = Barrier(len(acts))

    def one(act: Callable[[], object]) -> None:
        barrier.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(one, act) for act in acts]:
            done.result()


@pytest.mark.parametrize("attempt", range(4))
def test_two_clocks_do_each_step_once(acting: Acting, attempt: int) -> None:
    del attempt
    acting.site("FZK-LCG2", receipt="expected")
    acting.alarm()
    acting.said()
    desk = acting.stage.desk
    other = replace(desk, store=open_store(acting.stage.config.store.url))
    acting.stage.now += timedelta(hours=9)  # both timers, and more than once
    try:
        together(lambda: tick(desk), lambda: tick(other))
        assert len(acting.history()) == 2, "one step, although two timers ran out"
        for _ in range(6):
            acting.stage.now += timedelta(hours=1)
            together(lambda: tick(desk), lambda: tick(other))
    finally:
        other.store.close()
    said = Counter(acting.said())
    assert len(acting.history()) == 6, "four steps, and that nobody is left"
    assert said["operator-notice -> operator@helpdesk.example"] == 1
    assert said["alarm -> alarm@fzk.example"] == 4


@pytest.mark.parametrize("attempt", range(4))
def test_an_answer_at_the_moment_of_a_step_stands_whoever_was_first(
    acting: Acting, attempt: int
) -> None:
    del attempt
    acting.alarm()
    acting.said()
    desk = acting.stage.desk
    other = replace(desk, store=open_store(acting.stage.config.store.url))
    acting.stage.now += timedelta(minutes=31)
    try:
        together(
            lambda: tick(other),
            lambda: acting.answer("alarm@fzk.example", "Event: ack\nBy: Otto"),
            lambda: tick(desk),
        )
    finally:
        other.store.close()
    assert alarm_status(acting.ticket()) is AlarmStatus.ACKNOWLEDGED
    acting.said()
    acting.stage.now += timedelta(hours=9)
    acting.stage.tick()
    assert not acting.said()
