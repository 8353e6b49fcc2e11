"""A slot: the place of one role process. Processes come and go; the slot and its ears stay.

It starts its process, hears its reports, sees its death and reckons when the next one may start.
It knows nothing of other slots and nothing of mail.
"""

import json
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import structlog

from gateway.processes.forked import Forked, fork
from gateway.processes.wiring import Wiring

BACKOFF_FIRST_S = 0.1
BACKOFF_MOST_S = 30.0
SETTLED_AFTER_S = 60.0  # a process that lived this long starts the back-off anew
START_TIMEOUT_S = 60.0
OVERDUE_S = 10.0
SILENT_S = 60.0  # a role proves its life every 5 s (gateway.processes.link)
KILL_TIMEOUT_S = 5.0
_SIGNALS = {one.value: one.name for one in signal.Signals}  # most real-time signals have no name

Run = Callable[[str, int, Wiring], int]  # what a slot's process does; returns its exit code
_log = structlog.get_logger("supervisor")


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of process. `stop_order`: lower ones stop first, equal ones together.

    `grace_s` is how long a process may take to stop before it is killed; `nice` is added to ours.
    `opens` are the names of its doors: sockets handed to us under these names go to it.
    """

    name: str
    slots: int = 1
    stop_order: int = 0
    grace_s: float = 10.0
    nice: int = 0
    opens: tuple[str, ...] = ()


class Slot:
    """One slot. Every time is `time.monotonic()` and comes as an argument."""

    def __init__(self, role: Role, number: int) -> None:
        self.role = role
        self.number = number
        self.process: Forked | None = None
        self.reports: int | None = None
        self.addresses: dict[str, str] = {}
        self.is_ready = False
        self.was_ready = False
        self.failures = 0
        self.message = ""
        self.start_at = 0.0
        self.ears, self.voice = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log = _log.bind(role=role.name, slot=number)
        self._started_at = self._heard_at = 0.0
        self._deadline: float | None = None
        self._rows: list[int] = []
        self._line = b""
        self._bye = False

    def start(
        self,
        run: Run,
        voices: Sequence[tuple[str, int]],
        held: Sequence[int],
        handed: Mapping[str, int],
        now: float,
    ) -> None:
        """Start a process; one that there is no room for counts as one that died."""
        self.reports, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        bound = tuple((k, v) for k, v in self.addresses.items() if _travels(v))
        doors = tuple((k, fd) for k, fd in handed.items() if k in self.role.opens)
        wiring = Wiring(writer, self.ears.fileno(), tuple(voices), tuple(held), bound, doors)
        self.is_ready, self._bye, self._line, self._deadline = False, False, b"", None
        self._started_at = now
        self.message = ""
        try:
            self.process = fork(
                lambda: run(self.role.name, self.number, wiring), wiring.descriptors()
            )
        except OSError as error:
            self.message = str(error)
            self._gone("could not be started", now)
            return
        finally:
            os.close(writer)
        self._log.info("role started", pid=self.process.pid)

    def hear(self, now: float) -> None:
        """Read the reports that have come; never blocks."""
        while self.reports is not None:
            try:
                data = os.read(self.reports, 65536)
            except BlockingIOError:
                return
            if not data:
                self._close_reports()
                return
            self._heard_at = now
            *lines, self._line = (self._line + data).split(b"\n")
            for line in lines:
                self._take(line)

    def reap(self, now: float) -> None:
        """Notice the end of the process, if it has ended."""
        if self.process is None or self.process.poll() is None:
            return
        self.hear(now)
        code = self.process.poll() or 0
        how = f"exit code {code}" if code >= 0 else f"signal {_SIGNALS.get(-code, -code)}"
        if self._bye or (self.is_ready and now - self._started_at >= SETTLED_AFTER_S):
            self.failures = 0
        self._gone(how, now)

    def kill_if_late(self, now: float) -> None:
        """Kill a process that is overdue with its work, does not become ready, or hangs."""
        if self.process is None:
            return
        if self._deadline is not None and now > self._deadline + OVERDUE_S:
            self._log.error("role killed: overdue", pid=self.process.pid, rows=self._rows)
        elif not self.is_ready and now > self._started_at + START_TIMEOUT_S:
            self._log.error("role killed: not ready in time", pid=self.process.pid)
        elif self.is_ready and self._deadline is None and now > self._heard_at + SILENT_S:
            self._log.error("role killed: silent", pid=self.process.pid, silent_s=SILENT_S)
        else:
            return
        self._deadline = None
        self._heard_at = now  # say and kill once; it is dead in a moment
        self.kill()

    def forgive(self, pause_s: float) -> None:
        """Put off what is due after a pause in which nobody, or only we, stood still."""
        self._started_at += pause_s
        self._heard_at += pause_s
        if self._deadline is not None:
            self._deadline += pause_s

    def terminate(self) -> None:
        """Ask the process to stop; one that was halted (SIGSTOP) is let go on to hear it."""
        if self.process is not None:
            for number in (signal.SIGTERM, signal.SIGCONT):
                self.process.send(number)

    def kill(self) -> None:
        """Kill the process and whatever it has started."""
        if self.process is not None:
            self.process.kill()

    def kill_and_wait(self) -> None:
        """Kill the process and wait until its ports and locks are free."""
        self.kill()
        if self.process is not None:
            self.process.wait(KILL_TIMEOUT_S)

    def close(self) -> None:
        """Close the descriptors of this slot."""
        self._close_reports()
        self.ears.close()
        self.voice.close()

    def _step_back(self) -> None:
        """Lower the priority of all threads: only now, so that a busy machine delays no start."""
        if self.process is None or not self.role.nice:
            return
        niceness = os.getpriority(os.PRIO_PROCESS, 0) + self.role.nice
        with suppress(OSError):
            for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)

    def _gone(self, how: str, now: float) -> None:
        pid = self.process.pid if self.process else None
        self.process, self.is_ready, self._deadline = None, False, None
        self._close_reports()
        self.failures += 1
        self.message = self.message or how
        delay_s = min(BACKOFF_FIRST_S * 2.0 ** min(self.failures - 1, 20), BACKOFF_MOST_S)
        self.start_at = now + delay_s
        log = self._log.info if self._bye else self._log.warning
        log("role ended", pid=pid, how=how, message=self.message, wait_s=round(delay_s, 1))

    def _close_reports(self) -> None:
        if self.reports is not None:
            os.close(self.reports)
            self.reports = None

    def _take(self, line: bytes) -> None:
        try:
            report = json.loads(line)
            self._readers[report["report"]](self, report)
        except (ValueError, LookupError, TypeError):
            self._log.error("report not understood", line=line[:200].decode("latin-1"))

    def _hear_ready(self, report: dict[str, Any]) -> None:
        self.addresses = {str(k): str(v) for k, v in report["addresses"].items()}
        self.is_ready = self.was_ready = True
        self._step_back()
        self._log.info("role ready", **self.addresses)

    def _hear_busy(self, report: dict[str, Any]) -> None:
        self._rows, self._deadline = list(report["rows"]), float(report["deadline"])

    def _hear_idle(self, _report: dict[str, Any]) -> None:
        self._deadline = None

    def _hear_alive(self, _report: dict[str, Any]) -> None:
        """Nothing more: that it came says it all."""

    def _hear_bye(self, _report: dict[str, Any]) -> None:
        self._bye = True

    def _hear_failed(self, report: dict[str, Any]) -> None:
        self.message = str(report["message"])

    _readers: ClassVar[dict[str, Callable[["Slot", dict[str, Any]], None]]] = {
        "ready": _hear_ready,
        "busy": _hear_busy,
        "idle": _hear_idle,
        "alive": _hear_alive,
        "bye": _hear_bye,
        "failed": _hear_failed,
    }


def _travels(address: str) -> bool:
    """Say whether an address can be handed on as bound before: HOST:PORT, not a path."""
    return not address.startswith("unix:") and "," not in address
