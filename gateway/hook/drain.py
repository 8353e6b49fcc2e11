"""One pass over everything that waits: mails, sinks, receipts, letters; then what is old goes.

Rule: each step stands for itself, so that one that fails does not hold up the next. A pass ends by
its deadline and can be killed anywhere: the next one goes on from what lies on disk.
Standard library only.
"""

import time
from collections.abc import Callable

from gateway.hook.arrivals import take_in
from gateway.hook.feeding import feed
from gateway.hook.heartbeat import watch
from gateway.hook.hook import Hook
from gateway.hook.log import LOG
from gateway.hook.receipts import give_receipts
from gateway.hook.verify import sweep_scratch
from parsers.errors import Deferred


def drain(hook: Hook, end_s: float, *, again: bool = False, ask: bool = False) -> None:
    """Do what is due, until the monotonic time `end_s`; never raises.

    `again` tells open alarms to sinks that forget, `ask` asks sinks what people did.
    """
    _step("arrivals", lambda: _arrivals(hook, end_s))
    _step("heartbeat", lambda: watch(hook))
    _step("sinks", lambda: feed(hook, end_s, again=again, ask=ask))
    _step("receipts", lambda: give_receipts(hook))
    _step("letters", lambda: hook.outbox.send_due(hook.now(), end_s))


def prune(hook: Hook) -> None:
    """Drop what is old; never raises."""
    now, limits = hook.now(), hook.config.limits
    _step(
        "quarantine",
        lambda: hook.spool.prune(now, limits.quarantine_mails, limits.quarantine_days),
    )
    _step("alarms", lambda: hook.alarms.prune(now, limits.keep_weeks))
    _step("scratch", lambda: sweep_scratch(hook.config.directory))
    _step("unsent", lambda: hook.outbox.prune(now, limits.keep_weeks))


def _arrivals(hook: Hook, end_s: float) -> None:
    for path in hook.spool.waiting():
        if time.monotonic() >= end_s:
            return
        take_in(hook, path)


def _step(name: str, step: Callable[[], object]) -> None:
    try:
        step()
    except Deferred as error:
        LOG.warning("%s: %s", name, error.detail)
    except Exception:
        LOG.exception("%s", name)
