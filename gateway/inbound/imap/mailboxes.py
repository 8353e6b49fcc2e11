"""All mailboxes that are configured: opened together, closed together, each with its own health.

Rule: opening connects to nobody, so a server that is down at the start stops nothing. What each
mailbox says of itself is written every ten seconds, and at once when it changes; only by the daemon
that reads it, where several have it. Leases are renewed from here, while a thread waits for its
server: a loop that hangs, or a thread that makes no step, loses the mailbox to another daemon.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic

import structlog

from gateway.config.imap import Imap, health_name, mailbox_name
from gateway.inbound.imap import lease as leasing
from gateway.inbound.imap.filing import Filing
from gateway.inbound.imap.handing import Handing
from gateway.inbound.imap.lease import Lease
from gateway.inbound.imap.mailbox import Mailbox
from gateway.inbound.imap.reading import Way
from gateway.inbound.imap.stop import Stop
from gateway.inbound.imap.trouble import Progress, Troubles
from gateway.inbound.taking import Taking
from parsers.errors import MailError
from store.engine import Store
from store.health import say_of_door
from store.mailboxes import parked_since

SAY_S = 10.0
LOOK_S = 1.0
PARKED_LOOK_S = 600.0
PARKED_SHOWN = timedelta(days=1)

log = structlog.get_logger("imap")


class Mailboxes:
    """Mailboxes that are being read. Make them with `open_mailboxes`."""

    def __init__(
        self, mailboxes: Sequence[Mailbox], stop: Stop, store: Store, now: Callable[[], datetime]
    ) -> None:
        self._mailboxes = mailboxes
        self._stop = stop
        self._store = store
        self._now = now
        self._tasks = [
            asyncio.create_task(self._say_again_and_again()),
            asyncio.create_task(self._renew_again_and_again()),
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each mailbox, in the order of the configuration."""
        return tuple(one.name for one in self._mailboxes)

    async def close(self, grace_s: float = 10.0) -> None:
        """Let what is being read be kept and moved for a while; then hang up."""
        self._stop.set()
        self._tasks[0].cancel()
        until = monotonic() + grace_s
        for one in self._mailboxes:
            await asyncio.to_thread(one.thread.join, max(until - monotonic(), 0.0))
            if one.thread.is_alive():
                log.warning("mailbox is left", mailbox=one.name)
                one.hang_up()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _say_again_and_again(self) -> None:
        sayings = [_Saying(one, self._store, self._now) for one in self._mailboxes]
        while True:
            for saying in sayings:
                if saying.is_due():
                    await asyncio.to_thread(saying.say)
            await asyncio.sleep(LOOK_S)

    async def _renew_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(leasing.RENEW_S)
            alive = [one for one in self._mailboxes if not one.is_stuck]
            await asyncio.gather(*(asyncio.to_thread(one.lease.renew) for one in alive))


class _Saying:
    """What one mailbox says of itself, and said last."""

    def __init__(self, one: Mailbox, store: Store, now: Callable[[], datetime]) -> None:
        self._one = one
        self._store = store
        self._now = now
        self._born = now()
        self._well: bool | None = None
        self._said_at = float("-inf")
        self._parked = ""
        self._parked_count = -1
        self._parked_at = float("-inf")

    def is_due(self) -> bool:
        """Whether its state has changed or its time has come, and there is something to tell."""
        if not self._one.is_known:
            return False
        changed = (not self._one.described()) != self._well
        parked = self._one.parked != self._parked_count
        return changed or parked or monotonic() - self._said_at >= SAY_S

    def say(self) -> None:
        """Write it down; a store that fails is told in the log."""
        detail = self._one.described()
        self._well, self._said_at = not detail, monotonic()
        try:
            self._look_at_parked()
            said = "; ".join(one for one in (detail, self._parked) if one)
            name = health_name(self._one.section)
            say_of_door(self._store, name, said, self._now(), self._born)
        except MailError as error:
            log.warning("health not written", mailbox=self._one.name, detail=error.detail)
        except Exception as error:
            log.error("health not written", mailbox=self._one.name, error=repr(error)[:200])  # noqa: TRY400 - one line

    def _look_at_parked(self) -> None:
        """Look for parked mails when there is a new one, and seldom else: it reads many rows."""
        stale = monotonic() - self._parked_at >= PARKED_LOOK_S
        if self._parked_count == self._one.parked and not stale:
            return
        self._parked_count, self._parked_at = self._one.parked, monotonic()
        count, newest = parked_since(self._store, self._one.name, self._now() - PARKED_SHOWN)
        self._parked = f"{count} parked in a day, the last one {newest}" if count else ""


def open_mailboxes(
    sections: Sequence[Imap], taking: Taking, store: Store, holder: str
) -> Mailboxes:
    """Begin to read every mailbox, each in its own thread. Call it in the event loop.

    `holder` is our name among the daemons that may read them, 80 characters at most.
    """
    loop, stop = asyncio.get_running_loop(), Stop()
    opened = []
    for section in sections:
        name = mailbox_name(section)
        troubles, progress = Troubles(name, taking.now), Progress(name)
        lease = Lease(store, name, holder)
        way = Way(
            section,
            store,
            lease,
            Handing(section, taking, store, lease, loop),
            Filing(section.done_folder, section.refused_folder, troubles),
            progress,
            stop.is_set,
            taking.now,
        )
        opened.append(Mailbox(way, troubles, progress, stop))
    for one in opened:
        one.thread.start()
    return Mailboxes(opened, stop, store, taking.now)
