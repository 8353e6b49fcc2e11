"""The sinks are told what they do not show yet: one thread for each sink, alarms one by one.

Rule: a sink that is down harms no other. Only one process at a time talks to a sink, else an older
picture could overtake a newer one. Each failure has its own pause; two in a row end the round.
Standard library only.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread
from threading import enumerate as enumerate_threads

from gateway.hook.alarm_state import AlarmState, Shown
from gateway.hook.config import SinkBlock
from gateway.hook.disk import locked
from gateway.hook.hook import Hook
from gateway.hook.judge import SKEW
from gateway.hook.listening import listen
from gateway.hook.log import LOG
from gateway.hook.sinks.sink import Showing
from gateway.hook.state import HEARTBEAT, TEST
from parsers.alarm import AlarmStatus
from parsers.errors import Deferred, Refused

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)
PAUSE_FOR_A_PERSON = timedelta(minutes=30)
FAILURES_IN_A_ROW = 2


def feed(hook: Hook, end_s: float, *, again: bool = False, ask: bool = False) -> None:
    """Tell all sinks what is due, until the monotonic time `end_s`.

    `again` tells open alarms to those sinks that forget; `ask` asks sinks what people did.
    """
    busy = {thread.name for thread in enumerate_threads()}  # a pass that ended before its sink did
    threads = [
        Thread(target=_feed_one, args=(hook, block, end_s, again, ask), name=name, daemon=True)
        for block in hook.config.sinks
        if (name := f"sink {block.name}") not in busy
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))


def is_due(state: AlarmState, block: SinkBlock, stranded: bool) -> bool:
    """Whether a sink has to be told of an alarm, its pause aside.

    A sink configured later is told of open alarms only. A fallback is told of what fires and is
    `stranded`, and from then on of that alarm's whole life.
    """
    if state.key.startswith((TEST, HEARTBEAT)) or state.sink(block.name).seq >= state.seq:
        return False
    if block.name in state.sinks:
        return True
    if block.fallback:
        return stranded and state.alarm.status is AlarmStatus.FIRING
    return state.is_open


def is_stranded(
    state: AlarmState, blocks: Sequence[SinkBlock], after: timedelta, now: datetime
) -> bool:
    """Whether a sink that counts has been behind for `after` or longer.

    Behind since a time that has not come: the clock was set back, and nobody knows for how long.
    """
    behind = [state.sink(block.name).behind_since for block in blocks if block.receipt]
    return any(
        since is not None and (now - since >= after or since > now + SKEW) for since in behind
    )


def shown(before: Shown, seq: int, where: str) -> Shown:
    """Return a sink's standing after it took a document; a newer one may have come since."""
    return replace(before, seq=max(seq, before.seq), where=where[:300], attempts=0, trouble="")


def failed(before: Shown, trouble: str, now: datetime, *, needs_person: bool) -> Shown:
    """Return a sink's standing after an attempt in vain."""
    pause = min(FIRST_PAUSE * 2 ** min(before.attempts, 10), LONGEST_PAUSE)
    return replace(
        before,
        attempts=before.attempts + 1,
        next_try=now + (PAUSE_FOR_A_PERSON if needs_person else pause),
        behind_since=before.behind_since or now,
        trouble=trouble[:500],
    )


def _feed_one(hook: Hook, block: SinkBlock, end_s: float, again: bool, ask: bool) -> None:
    """One thread: nothing that a sink does may end the program."""
    try:
        with locked(hook.locks / f"sink-{block.name}", max(0.0, end_s - time.monotonic())):
            _round(hook, block, end_s)
            if again and block.resync:
                _round(hook, block, end_s, everything=True)
        if ask:
            listen(hook, block.name)
    except (Deferred, OSError) as error:
        LOG.warning("sink %s: %s", block.name, error)
    except Exception:
        LOG.exception("sink %s", block.name)


def _round(hook: Hook, block: SinkBlock, end_s: float, *, everything: bool = False) -> None:
    """Tell one sink what is due; alarms that failed least go first, so that none blocks all."""
    failures = 0
    after = timedelta(minutes=hook.config.limits.fallback_after_minutes)
    states, now = hook.alarms.all(), hook.now()
    for state in sorted(states, key=lambda one: one.sink(block.name).attempts):
        stranded = block.fallback and is_stranded(state, hook.config.sinks, after, now)
        due = is_due(state, block, stranded)
        next_try = state.sink(block.name).next_try
        if everything:
            due = state.is_open and state.sink(block.name).seq == state.seq
        elif next_try is not None and now < next_try <= now + PAUSE_FOR_A_PERSON:
            continue  # a longer pause than ours was made by a clock that was wrong
        if not due:
            continue
        if time.monotonic() >= end_s or failures >= FAILURES_IN_A_ROW:
            return
        failures = 0 if _tell(hook, block.name, state) else failures + 1


def _tell(hook: Hook, name: str, state: AlarmState) -> bool:
    """Tell one sink one alarm and remember how it went; return whether it took it."""
    state = hook.alarms.read(state.key) or state  # the round may have begun before the newest mail
    trouble, where, needs_person = "", "", False
    try:
        where = hook.sinks[name].show(Showing(state.alarm, hook.open_alarms()))
    except Deferred as error:
        trouble = error.detail
    except Refused as error:
        trouble, needs_person = error.detail, True
    except Exception as error:
        LOG.exception("sink %s", name)
        trouble = repr(error)
    now = hook.now()

    def change(current: AlarmState | None) -> AlarmState | None:
        if current is None:
            return None
        if trouble:
            one = failed(current.sink(name), trouble, now, needs_person=needs_person)
            if current.seq != state.seq:  # what came meanwhile is news: it has not failed
                one = replace(one, next_try=None)
        else:
            one = shown(current.sink(name), state.seq, where)
            if one.seq >= current.seq:
                one = replace(one, behind_since=None, next_try=None)
        return current.with_sink(name, one)

    hook.alarms.change(state.key, change)
    what = f"{state.alarm.alarm_id} {state.seq}"
    if trouble:
        LOG.warning("sink %s does not show %s: %s", name, what, trouble)
    else:
        LOG.info("sink %s shows %s: %s", name, what, where)
    if needs_person:
        hook.admin.tell(f"sink {name} needs a person", f"{what}: {trouble}", now)
    return not trouble
