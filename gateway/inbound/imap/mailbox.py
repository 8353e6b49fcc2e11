"""One mailbox, one thread: connect, read, wait for news, and come back after whatever happens.

Rule: nothing ends this thread but the sign to stop, and nothing makes it spin: after each failure
it waits, longer each time. It looks into the folder at least every `poll`, whatever the server
announces. It shares nothing with other mailboxes but the way to the journal.
"""

import socket
import threading
from contextlib import suppress
from time import monotonic

import structlog

from gateway.config.imap import mailbox_name
from gateway.inbound.imap.connection import Lost, close, connect
from gateway.inbound.imap.folder import Folder
from gateway.inbound.imap.reading import Reader, Way
from gateway.inbound.imap.stop import Stop
from gateway.inbound.imap.trouble import Progress, Troubles
from gateway.inbound.imap.wire import Client
from parsers.errors import Deferred, Refused

IDLE_ANSWER_S = (5.0, 15.0)  # at least, at most
SETTLE_S = 0.1  # news come in bursts, and a server that tells of nothing must not make us spin
FIRST_S, MOST_S, STORE_MOST_S = 1.0, 300.0, 30.0  # between two connections
STUCK_AFTER_S = 15 * 60.0  # a batch may take 10 min, and a commit one

log = structlog.get_logger("imap")


class Mailbox:
    """A mailbox that is read until told to stop. `troubles` and `progress` may be asked."""

    def __init__(self, way: Way, troubles: Troubles, progress: Progress, stop: Stop) -> None:
        self.section = way.section
        self.name = mailbox_name(way.section)
        self._reader = Reader(way)
        self._troubles = troubles
        self._progress = progress
        self._stop = stop
        self._client: Client | None = None
        self._step_at = monotonic()
        self.thread = threading.Thread(target=self._run, name=f"imap {self.name}", daemon=True)

    @property
    def parked(self) -> int:
        """Return how many mails were parked since the start."""
        return self._reader.parked

    def described(self) -> str:
        """Return what is wrong or takes long in one line, "" when all is well. From any thread."""
        if monotonic() - self._step_at > STUCK_AFTER_S:
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
        while not self._stop.is_set():
            wait_s = self._one_connection()
            self._step_at = monotonic()
            self._stop.wait(wait_s)

    def _one_connection(self) -> float:
        """Work over one connection until it ends; return how many seconds to wait then."""
        try:
            self._client = connect(self.section)
            try:
                self._work(Folder(self._client, self.section.folder))
            finally:
                close(self._client)
                self._client = None
        except Lost as lost:
            if self._stop.is_set():
                return 0.0
            return self._troubles.begin("connection", str(lost), FIRST_S, MOST_S)
        except Refused as no:
            return self._troubles.begin("folder", no.detail, FIRST_S, MOST_S)
        except Deferred as error:
            why = f"mails cannot be kept: {error.detail}"
            return self._troubles.begin("store", why, FIRST_S, STORE_MOST_S)
        except Exception as error:
            # a traceback would show pieces of mails
            why = f"a fault of ours: {type(error).__name__}"
            return self._troubles.begin("program", why, FIRST_S, MOST_S)
        return 0.0

    def _work(self, folder: Folder) -> None:
        idles = folder.announces()
        whole, selected_at = True, float("-inf")
        while not self._stop.is_set():
            self._step_at = monotonic()
            # again and again: a folder that was deleted and made anew is not always told of
            if self._step_at - selected_at >= self.section.poll.total_seconds():
                folder.select()
                selected_at = self._step_at
            self._reader.visit(folder, whole=whole)
            whole = False
            for what in ("connection", "folder", "store", "program"):
                self._troubles.end(what)
            idles = self._wait(folder, idles=idles)

    def _wait(self, folder: Folder, *, idles: bool) -> bool:
        """Wait for new mail; return whether to wait with IDLE again."""
        # half of it, so that a server that died in silence is found and left in time
        half_s = self.section.poll.total_seconds() / 2
        if self._stop.is_set():
            return idles
        if idles:
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
