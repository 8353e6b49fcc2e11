"""The metronome is shut down while a tick is under way: the role ends, and nothing is reported."""

import asyncio
import logging
import threading
from datetime import UTC, datetime

import pytest
from stage import Stage

from gateway.clock import start_clock
from tests.work.test_steering import stage

__all__ = ["stage"]
WAIT_S = 20


async def test_a_tick_that_is_cut_short_by_the_end_is_no_error(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def tick() -> int:
        begun.set()
        may_end.wait(WAIT_S)
        ended.set()
        return 0

    caplog.set_level(logging.INFO, "apscheduler")
    clock = start_clock(stage.desk, lambda: None, tick_tickets=tick)
    clock.modify_job("tickets", next_run_time=datetime.now(UTC))
    assert await asyncio.to_thread(begun.wait, WAIT_S)
    clock.shutdown(wait=False)
    may_end.set()
    assert await asyncio.to_thread(ended.wait, WAIT_S)
    assert "shut down" in caplog.text
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
