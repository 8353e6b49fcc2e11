"""The clock: a metronome of a few fixed jobs. What is due stands in the store, never in here.

A tick asks the store for steps that are due and does each in a transaction of its own; a tick that
is missed or fails loses nothing, because the next one finds the same steps.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gateway.desk import Desk
from gateway.outage import Outage
from parsers.errors import MailError
from router.decision import Due
from store.reminders import due_steps, postpone

TICK_S = 5
AFTER_A_FAULT = timedelta(minutes=15)
_log = structlog.get_logger("clock")


def tick(desk: Desk) -> int:
    """Do every step that is due; return how many were done."""
    with desk.store.reading() as conn:
        steps = due_steps(conn, desk.clock())
    done = 0
    for step in steps:
        try:
            desk.do(Due(step.step, step.ticket, detail=step.detail), reminder=step.row)
        except MailError:
            raise
        except Exception:  # one bad step must not hold up the others
            _log.exception("a step failed; tried again later", step=step.step, row=step.row)
            with desk.store.writing() as conn:
                postpone(conn, step.row, desk.clock() + AFTER_A_FAULT)
            continue
        done += 1
        _log.info("did a step", step=step.step, ticket=step.ticket)
    return done


def start_clock(desk: Desk, wake_courier: Callable[[], None]) -> AsyncIOScheduler:
    """Start the metronome on the running loop; the caller shuts it down."""
    outage = Outage(_log)

    async def _tick() -> None:
        try:
            if await asyncio.to_thread(tick, desk):
                wake_courier()
            outage.is_over()
        except MailError as error:  # the next one finds the same steps
            outage.goes_on(error.detail)
        except Exception:
            _log.exception("a tick failed; the next one finds the same steps")

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        _tick,
        "interval",
        seconds=TICK_S,
        id="tick",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler
