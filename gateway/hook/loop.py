"""`ticketgate-hook run`: everything on timers, for a service that stays.

Rule: a mail that another process spooled is seen within seconds; resync, poll and pruning have
their own times. SIGTERM ends it after the pass in hand.
Standard library only.
"""

import os
import signal
import socket
import time
from collections.abc import Mapping
from threading import Event

from gateway.hook.drain import drain, prune
from gateway.hook.hook import Hook
from gateway.hook.log import LOG
from gateway.hook.poll import log_poll

TICK_S = 1.0
FLUSH_EVERY_S = 10.0
ASK_EVERY_S = 30.0
PRUNE_EVERY_S = 3_600.0
PASS_S = 20.0


class _Timers:
    """Which recurring things are due; each is due at the start."""

    def __init__(self, every_s: Mapping[str, float]) -> None:
        self.every_s = every_s
        self.next_s: dict[str, float] = dict.fromkeys(every_s, 0.0)

    def due(self, name: str, now_s: float) -> bool:
        if now_s < self.next_s[name]:
            return False
        self.next_s[name] = now_s + self.every_s[name]
        return True


def run(hook: Hook) -> None:
    """Go round until SIGTERM or SIGINT."""
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    limits, way = hook.config.limits, hook.config.poll
    timers = _Timers(
        {
            "flush": FLUSH_EVERY_S,
            "ask": ASK_EVERY_S,
            "resync": limits.resync_every_s,
            "poll": limits.poll_every_s,
            "prune": PRUNE_EVERY_S,
        }
    )
    _notify("READY=1")
    LOG.info("running for %s", ", ".join(hook.config.sites))
    while not ended.is_set():
        now_s = time.monotonic()
        if way is not None and timers.due("poll", now_s):
            log_poll(way, hook.config.directory)
        again, ask = timers.due("resync", now_s), timers.due("ask", now_s)
        if timers.due("flush", now_s) or again or ask or hook.spool.waiting():
            drain(hook, time.monotonic() + PASS_S, again=again, ask=ask)
        if timers.due("prune", now_s):
            prune(hook)
        _notify("WATCHDOG=1")
        ended.wait(TICK_S)
    _notify("STOPPING=1")


def _notify(word: str) -> None:
    """Tell systemd, if it wants to know; never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(word.encode(), address.replace("@", "\0", 1))
    except OSError as error:
        LOG.warning("systemd cannot be told: %s", error)
