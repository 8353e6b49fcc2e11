"""One mailbox, one thread: connect, read, wait for news, and come back after whatever happens.

Rule: nothing ends this thread but the sign to stop, and nothing makes it spin: after each failure
it waits, longer each time. It looks into the folder at least every `poll`, whatever the server
announces. It reads only while its lease is its own, and steps aside for another daemon when it has
to wait for long. It shares nothing with other mailboxes but the way to the journal.
"""

import random
import socket
import threading
from contextlib import suppress
from time import monotonic

import structlog

from gateway.config.imap import mailbox_name
from gateway.inbound.imap import lease as leasing
from gateway.inbound.imap.connection import LoginRefused, Lost, close, connect
from gateway.inbound.imap.folder import Folder
from gateway.inbound.imap.reading import Reader, Way
from gateway.inbound.imap.stop import Stop
from gateway.inbound.imap.trouble import Progress, Troubles
from gateway.inbound.imap.wire import Client
from parsers.errors import Deferred, Refused
from store.leases import LeaseLost

IDLE_ANSWER_S = (5.0, 15.0)  # at least, at most
SETTLE_S = 0.1  # news come in bursts, and a server that tells of nothing must not make us spin
FIRST_S, MOST_S, STORE_MOST_S = 1.0, 300.0, 30.0  # between two connections
LOGIN_FIRST_S = 20.0  # servers lock out who comes with a wrong password every second
STEP_ASIDE_S = 15.0  # who waits for longer lets another daemon try
WHOLE_AGAIN_S = 3600.0  # a mail may come to light below the cursor: undeleted, or given back
STUCK_AFTER_S = 15 * 60.0  # a batch may take 10 min, and a commit one

CONNECTING = ("connection", "login", "folder", "store", "program")  # what may be wrong

log = structlog.get_logger("imap")


class Mailbox:
    """A mailbox that is read until told to stop. `troubles` and `progress` may be asked."""

    def __init__(self, way: Way, troubles: Troubles, progress: Progress, stop: Stop) -> None:
        self.section = way.section
        self.lease = way.lease
        self.name = mailbox_name(way.section)
        self._reader = Reader(way, self._took)
        self._troubles = troubles
        self._progress = progress
        self._stop = stop
        self._client: Client | None = None
        self._step_at = monotonic()
        self._looked = False  # into the folder, since the lease is ours
        self.thread = threading.Thread(target=self._run, name=f"imap {self.name}", daemon=True)

    @property
    def parked(self) -> int:
        """Return how many mails were parked since the start."""
        return self._reader.parked

    @property
    def is_stuck(self) -> bool:
        """Whether its thread has ended without being told to, or makes no step."""
        ended = self.thread.ident is not None and not self.thread.is_alive()
        step_at = max(self._step_at, self._reader.step_at)
        return ended or monotonic() - step_at > STUCK_AFTER_S

    @property
    def is_known(self) -> bool:
        """Whether it is ours and anything is known of how it is."""
        return not self.lease.is_anothers and (self._looked or self.described() != "")

    def described(self) -> str:
        """Return what is wrong or takes long in one line, "" when all is well. From any thread."""
        if self.is_stuck:
            return "its reader makes no step: restart the doors"
        said = (self._troubles.described(), self._progress.described())
        return "; ".join(one for one in said if one)

    def hang_up(self) -> None:
        """Close the connection from another thread, so that a wait for the server ends."""
        client = self._client
        if client is not None:
            with suppress(OSError):
                client.socket().shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                wait_s = self._one_turn()
                self._step_at = monotonic()
                self._stop.wait(wait_s)
        finally:
            self.lease.release()

    def _one_turn(self) -> float:
        """Work over one connection, if it is our turn; return how many seconds to wait then."""
        try:
            if not self.lease.take():
                self._looked = False
                for what in CONNECTING:  # they are the other daemon's now
                    self._troubles.forget(what)
                return leasing.LOOK_S * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret
            wait_s = self._one_connection()
            if wait_s > STEP_ASIDE_S:
                self.lease.release()
        except LeaseLost:
            log.warning("mailbox is lost to another daemon", mailbox=self.name)
            return FIRST_S
        except Exception as error:
            return self._failed(error)
        return wait_s

    def _one_connection(self) -> float:
        try:
            self._client = connect(self.section)
            try:
                self._work(Folder(self._client, self.section.folder))
            finally:
                close(self._client)
                self._client = None
        except LeaseLost:
            raise
        except Exception as error:
            return 0.0 if self._stop.is_set() else self._failed(error)
        return 0.0

    def _failed(self, error: Exception) -> float:
        """Note what went wrong; return how many seconds to wait."""
        if isinstance(error, LoginRefused):
            return self._troubles.begin("login", str(error), LOGIN_FIRST_S, MOST_S)
        if isinstance(error, Lost):
            return self._troubles.begin("connection", str(error), FIRST_S, MOST_S)
        if isinstance(error, Refused):
            return self._troubles.begin("folder", error.detail, FIRST_S, MOST_S)
        if isinstance(error, Deferred):
            why = f"mails cannot be kept: {error.detail}"
            return self._troubles.begin("store", why, FIRST_S, STORE_MOST_S)
        # a traceback would show pieces of mails
        why = f"a fault of ours: {type(error).__name__}"
        return self._troubles.begin("program", why, FIRST_S, MOST_S)

    def _took(self) -> None:
        """Note that mails are on disk: whatever fails next is a new trouble."""
        self._troubles.ease(*CONNECTING)

    def _work(self, folder: Folder) -> None:
        idles = folder.announces()
        selected_at = whole_at = float("-inf")
        while not self._stop.is_set():
            self._step_at = monotonic()
            # again and again: a folder that was deleted and made anew is not always told of
            if self._step_at - selected_at >= self.section.poll.total_seconds():
                folder.select()
                selected_at = self._step_at
            whole = self._step_at - whole_at >= WHOLE_AGAIN_S
            self._reader.visit(folder, whole=whole)
            self._looked = True
            if whole:
                whole_at = self._step_at
            for what in CONNECTING:
                self._troubles.end(what)
            idles = self._wait(folder, idles=idles)

    def _wait(self, folder: Folder, *, idles: bool) -> bool:
        """Wait for new mail; return whether to wait with IDLE again."""
        # half of it, so that a server that died in silence is found and left in time
        half_s = self.section.poll.total_seconds() / 2
        if self._stop.is_set():
            return idles
        if folder.has_news():
            self._stop.wait(SETTLE_S)
        elif idles:
            try:
                least_s, most_s = IDLE_ANSWER_S
                folder.wait_for_news(half_s, min(max(half_s, least_s), most_s), self._stop.fd)
                self._stop.wait(SETTLE_S)
            except Refused as no:
                log.info("no idling", mailbox=self.name, why=no.detail)
                return False
        else:
            self._stop.wait(half_s)
        return idles
