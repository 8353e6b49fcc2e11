"""The link: what a role process holds of its supervisor, as inherited file descriptors.

A pipe carries reports up, one JSON object a line: ready, busy, idle, alive, bye, failed. Datagram
sockets carry wake-ups between roles: a wake-up only saves the poll interval, so losing one loses
nothing, and no call here ever blocks on another process. When the supervisor dies, the role dies
too. Whoever waits here, or lets an event loop run, proves that it lives: `alive`, every 5 seconds.
Without a supervisor a link still works: nothing is reported, nobody is woken, waiting is polling.
"""

import asyncio
import json
import os
import select
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from gateway.processes.wiring import Wiring, die_with_the_supervisor

# A report stays below PIPE_BUF (4096 on Linux): the pipe takes it whole or not at all.
_ROWS_SHOWN = 100
UNSENT_WAIT_S = 0.5
ALIVE_S = 5.0
_MESSAGE_CHARS = 300


class Link:
    """A role's side. Use it as a context: the end of the block is reported as bye or failed.

    `Link()` has no supervisor. One thread reports and waits; `wake` may be called from any.
    """

    def __init__(self, wiring: Wiring | None = None) -> None:
        self.bound: Mapping[str, str] = dict(wiring.bound) if wiring else {}
        self.handed: Mapping[str, int] = dict(wiring.handed) if wiring else {}
        self.stopping = False
        self._moved_at = time.monotonic()
        self._deadline = float("-inf")
        self._report_fd = wiring.report if wiring else None
        self._unsent = b""
        self._ears: socket.socket | None = None
        self._voices: list[tuple[str, socket.socket]] = []
        self._bell, self._bell_rope = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        if wiring:
            self._ears = socket.socket(fileno=wiring.ears)
            self._voices = [(role, socket.socket(fileno=fd)) for role, fd in wiring.voices]
            die_with_the_supervisor(wiring.report)

    @classmethod
    def attach(cls, wiring: Wiring) -> Self:
        """Take one's place in a process that the supervisor has just made.

        From here on SIGTERM and SIGINT set `stopping` and end every wait. Call it once, in the
        main thread.
        """
        link = cls(wiring)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: link.stop())
        # A halted process may give the signal to any of its threads; the bell wakes the main one.
        signal.set_wakeup_fd(link._bell_rope, warn_on_full_buffer=False)
        return link

    def stop(self) -> None:
        """Set `stopping` and end every wait; safe in a signal handler."""
        self.stopping = True
        with suppress(BlockingIOError):
            os.write(self._bell_rope, b"!")

    def nudge(self) -> None:
        """End the wait that runs, or the next; from any thread of this process."""
        with suppress(BlockingIOError):
            os.write(self._bell_rope, b"!")

    def listen_address(self, name: str, configured: str) -> str:
        """Return where to listen: after a restart, port 0 means the same port as before."""
        return self.bound.get(name, configured) if configured.endswith(":0") else configured

    def ready(self, **addresses: str) -> None:
        """Report that this slot does its work, with what it listens on (smtp="HOST:PORT")."""
        self._report({"report": "ready", "addresses": addresses})

    def busy(self, rows: Sequence[int], deadline: float) -> None:
        """Report work on `rows` that ends before `deadline`, in seconds of `time.monotonic`.

        A slot that is overdue is killed. The next report, busy or idle, replaces this one.
        """
        shown = list(rows[:_ROWS_SHOWN])
        self._deadline = deadline
        self._report({"report": "busy", "rows": shown, "deadline": deadline})

    def idle(self) -> None:
        """Report that nothing is being worked on."""
        self._deadline = float("-inf")
        self._report({"report": "idle"})

    def bye(self) -> None:
        """Report that this slot ends in order."""
        self._report({"report": "bye"})

    def failed(self, message: str) -> None:
        """Report why this slot ends; shown if it could not start at all."""
        self._report({"report": "failed", "message": message[:_MESSAGE_CHARS]})

    def alive(self) -> None:
        """Report that the main loop goes round; seldom enough to be called in each round."""
        now = time.monotonic()
        if now - self._moved_at >= ALIVE_S:
            self._moved_at = now
            if not self._unsent:  # a report that says more must not be lost for this one
                self._report({"report": "alive"})

    def still_s(self) -> float:
        """Return for how long the main loop has given no sign of life; 0 while it is busy.

        May be called from any thread.
        """
        now = time.monotonic()
        return 0.0 if now <= self._deadline else now - max(self._moved_at, self._deadline)

    def wake(self, role: str) -> None:
        """Wake every slot of a role; one that is dead, stopped or already awake does no harm."""
        for name, voice in self._voices:
            if name == role:
                with suppress(OSError):
                    voice.send(b"!", socket.MSG_DONTWAIT)

    def wait(self, timeout_s: float) -> bool:
        """Wait until woken (True), or for the time to pass or the stop to come (False)."""
        self._flush()
        end = time.monotonic() + self._patience(timeout_s)
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if self._ears is not None:
            poll.register(self._ears, select.POLLIN)
        while True:
            if self.stopping:
                return False
            self.alive()
            self._flush()
            left_s = end - time.monotonic()
            heard = poll.poll(max(0.0, min(left_s, ALIVE_S)) * 1000)
            self._still_bell()
            if heard or left_s <= ALIVE_S:
                return self._drain() and not self.stopping

    async def await_wake(self, timeout_s: float) -> bool:
        """Like `wait`, in asyncio. One task of a process awaits wake-ups; it tells the others."""
        self._flush()
        self._hear_in(asyncio.get_running_loop())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience(timeout_s)):
                await self._woken.wait()
        woken = self._woken.is_set() and not self.stopping
        if not self.stopping:
            self._woken.clear()
        return woken

    async def await_stop(self) -> None:
        """Return when this role is to stop."""
        self._hear_in(asyncio.get_running_loop())
        await self._stopped.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.bye()
        elif isinstance(error, SystemExit):
            self.failed(f"exit {error.code}")
        else:
            self.failed(_sentence(error))

    def _hear_in(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop:
            return
        self._loop, self._woken, self._stopped = loop, asyncio.Event(), asyncio.Event()
        if self.stopping:
            self.stop()
        loop.add_reader(self._bell, self._on_bell)
        if self._ears is not None:
            loop.add_reader(self._ears, self._on_wake)
        self._beat(loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Prove again and again that this event loop runs."""
        self.alive()
        loop.call_later(ALIVE_S, self._beat, loop)

    def _on_bell(self) -> None:
        self._still_bell()
        if self.stopping:
            self._stopped.set()
            self._woken.set()

    def _still_bell(self) -> None:
        """Take what any signal has written. `stop` sets the word first and rings after it."""
        with suppress(BlockingIOError):
            os.read(self._bell, 4096)

    def _on_wake(self) -> None:
        if self._drain():
            self._woken.set()

    def _patience(self, timeout_s: float) -> float:
        """Return the time to wait: not long while a report is still to be sent."""
        return min(max(timeout_s, 0.0), UNSENT_WAIT_S if self._unsent else timeout_s)

    def _drain(self) -> bool:
        woken = False
        if self._ears is not None:
            with suppress(OSError):
                while self._ears.recv(16, socket.MSG_DONTWAIT):
                    woken = True
        return woken

    def _report(self, report: dict[str, Any]) -> None:
        self._moved_at = time.monotonic()
        if self._report_fd is not None:
            self._unsent = (json.dumps(report) + "\n").encode()
            self._flush()

    def _flush(self) -> None:
        """Send the newest report; while the pipe is full it waits here for the next occasion."""
        if self._unsent and self._report_fd is not None:
            with suppress(OSError):
                os.write(self._report_fd, self._unsent)
                self._unsent = b""


def _sentence(error: BaseException) -> str:
    """Return what an error says, without the number of one whose text is a sentence already."""
    if isinstance(error, OSError) and error.filename is None and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
