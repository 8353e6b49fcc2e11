"""The clock: a metronome of a few fixed jobs. What is due stands in the store, never in here.

A tick asks the store for steps that are due and does each in a transaction of its own; a tick that
is missed or fails loses nothing, because the next one finds the same steps.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gateway.deliberate import Heard, heard_again
from gateway.desk import Desk
from gateway.outage import Outage
from gateway.proving import Prover
from parsers.errors import MailError
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from router.decision import Due
from router.heartbeat import STEP as HEARTBEAT
from router.lines.noting import REMIND
from router.reproof import STEP as REPROVE
from router.unit_digest import STEP as UNIT_DIGEST
from store.evidence import forget_signatures
from store.reminders import DueStep, due_steps, keep_once, postpone

TICK_S = 5
HOUR_S = 3600
PROVEN_AT_ONCE = 64
AFTER_A_FAULT = timedelta(minutes=15)
Found = Mapping[str, Callable[[datetime], str]]
_FAILED = SenderEvidence(
    (Proof(ProofKind.DMARC, "", ProofStatus.TEMPERROR, "the proofs could not be collected"),)
)
_log = structlog.get_logger("clock")


def tick(desk: Desk, found: Found | None = None) -> int:
    """Do every step that is due; return how many were done.

    `found` says for some steps what is to be told, as it is at this moment, outside the store.
    """
    with desk.store.reading() as conn:
        steps = due_steps(conn, desk.clock(), but=(REPROVE, REMIND, UNIT_DIGEST))
    done = 0
    for step in steps:
        try:
            say = (found or {}).get(step.step)
            detail = say(desk.clock()) if say is not None else step.detail
            desk.do(Due(step.step, step.ticket, detail=detail), reminder=step.row)
        except MailError:
            raise
        except Exception:  # one bad step must not hold up the others
            _log.exception("a step failed; tried again later", step=step.step, row=step.row)
            _later(desk, step)
            continue
        done += 1
        _log.info("did a step", step=step.step, ticket=step.ticket)
    return done


async def prove_again(desk: Desk, prover: Prover) -> int:
    """Prove the mails again that had no answer and are due; return how many.

    All of them at once: each may take as long as its DNS takes.
    """
    steps = await asyncio.to_thread(_due_reproofs, desk)
    return sum(await asyncio.gather(*(_prove_again(desk, prover, step) for step in steps)))


def _due_reproofs(desk: Desk) -> list[DueStep]:
    with desk.store.reading() as conn:
        return due_steps(conn, desk.clock(), PROVEN_AT_ONCE, only=REPROVE)


async def _prove_again(desk: Desk, prover: Prover, step: DueStep) -> bool:
    try:
        heard, raw = await asyncio.to_thread(heard_again, desk, int(step.detail))
        evidence = await _proven(prover, heard, raw)
        mail = replace(heard.mail, evidence=evidence)
        due = Due(step.step, step.ticket, detail=step.detail, mail=mail)
        await asyncio.to_thread(desk.do, due, reminder=step.row)
    except MailError as error:
        _log.warning("not proven again, later", row=step.row, detail=error.detail)
        return False
    except Exception:
        _log.exception("could not prove again; tried later", row=step.row)
        with suppress(MailError):  # the store fails, too: the step is still due
            await asyncio.to_thread(_later, desk, step)
        return False
    return True


async def _proven(prover: Prover, heard: Heard, raw: bytes) -> SenderEvidence:
    """Return what can be proven; a prover that fails is one that does not answer.

    So the mail keeps its schedule, and at the end of it first line is told.
    """
    try:
        return await prover.prove(heard, raw)
    except Exception:
        _log.exception("could not prove again", mail=heard.mail.mail_id)
        return _FAILED


def _later(desk: Desk, step: DueStep) -> None:
    with desk.store.writing() as conn:
        postpone(conn, step.row, desk.clock() + AFTER_A_FAULT)


def forget(desk: Desk) -> int:
    """Delete what is kept for a time only; return how many rows."""
    with desk.store.writing() as conn:
        return forget_signatures(conn, desk.clock())


def keep_daily(desk: Desk, found: Found) -> None:
    """Keep the steps that look at something day by day, unless they are open already.

    Each keeps itself for the next day, so that nothing is told more often, however often we start.
    """
    with desk.store.writing() as conn:
        for step in found:
            keep_once(conn, step, desk.clock())
        keep_once(conn, HEARTBEAT, desk.clock(), detail="first")


def start_clock(
    desk: Desk,
    wake_courier: Callable[[], None],
    prover: Prover | None = None,
    found: Found | None = None,
    tick_tickets: Callable[[], int] = int,
) -> AsyncIOScheduler:
    """Start the metronome on the running loop; the caller shuts it down.

    `found`: see `tick`. `tick_tickets` does the steps of tickets (`gateway.ticket_clock`).
    """
    outage = Outage(_log)

    async def _reprove() -> None:
        try:
            if prover is not None and await prove_again(desk, prover):
                wake_courier()
        except MailError as error:
            _log.warning("nothing proven again, later", detail=error.detail)
        except Exception:
            _log.exception("nothing proven again; the steps are still due")

    async def _hourly() -> None:
        try:
            await asyncio.to_thread(keep_daily, desk, found or {})
            await asyncio.to_thread(forget, desk)
        except MailError as error:
            _log.warning("nothing kept or forgotten, later", detail=error.detail)
        except Exception:
            _log.exception("nothing kept or forgotten; tried again in an hour")

    async def _do(what: Callable[[], int]) -> None:
        try:
            if await asyncio.to_thread(what):
                wake_courier()
            outage.is_over()
        except MailError as error:  # the next one finds the same steps
            outage.goes_on(error.detail)
        except Exception:
            _log.exception("a tick failed; the next one finds the same steps")

    async def _until_stopped(job: Callable[..., Awaitable[None]], *args: object) -> None:
        with suppress(asyncio.CancelledError):  # shut down in the middle: the role ends
            await job(*args)

    scheduler = AsyncIOScheduler(timezone="UTC")
    keep = partial(
        scheduler.add_job, _until_stopped, trigger="interval", coalesce=True, max_instances=1,
        misfire_grace_time=None,
    )  # fmt: skip
    keep(args=[_do, partial(tick, desk, found)], seconds=TICK_S, id="tick")
    keep(args=[_do, tick_tickets], seconds=TICK_S, id="tickets")  # an alarm waits for none of these
    keep(args=[_reprove], seconds=TICK_S, id="reprove")
    keep(args=[_hourly], seconds=HOUR_S, id="hourly", next_run_time=desk.clock())
    scheduler.start()
    return scheduler
