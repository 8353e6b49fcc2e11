"""The supervisor: starts the roles as processes, restarts a dead one, stops them in order.

No domain code: it does not know what a mail is. It prints one line on standard output when every
role is ready, and tells the service manager the same (see `notify`). A role that cannot start at
all ends everything with a message; a role that was ready once is restarted for ever, with a
back-off. Nothing it starts outlives it (see `wiring`).
"""

import fcntl
import os
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import structlog

from gateway.processes.notify import Notify
from gateway.processes.slot import Role, Run, Slot

STARTS_AT_MOST = 3  # before the first ready; a port may be in use for a moment after a kill
TICK_S = 1.0
PAUSE_S = 5.0  # a longer gap between two ticks means that we, or all of us, were halted
AGAIN_S = 0.3  # a second signal sooner than this is the same request (timeout(1) sends two)
LOCK_WAIT_S = 3.0  # the roles of a supervisor that was just killed need a moment to be gone
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_log = structlog.get_logger("supervisor")


class NoLock(OSError):  # noqa: N818 - the fact, as it is said to the operator
    """The lock file of a store cannot be opened; `strerror` is a sentence."""


class StoreInUse(Exception):  # noqa: N818 - the fact, as it is said to the operator
    """Another daemon serves this store."""


@contextmanager
def sole_daemon(lock: Path) -> Iterator[int]:
    """Hold the lock file of a store, and give its descriptor; raises StoreInUse and NoLock.

    Hand the descriptor to the supervisor: its roles hold the lock too, so that a new daemon never
    runs beside the last role of an old one. The kernel frees it: a stale lock cannot exist.
    """
    ours = os.access(lock if lock.exists() else lock.parent, os.W_OK)  # else a file of somebody's
    flags = os.O_RDWR | os.O_CREAT if ours else os.O_RDONLY
    try:
        fd = os.open(lock, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NoLock(error.errno, f"{lock} cannot be opened: {error.strerror}") from None
    try:
        give_up_at = time.monotonic() + LOCK_WAIT_S
        while not _locked(fd):
            if time.monotonic() > give_up_at:
                holder = os.pread(fd, 20, 0).strip()
                by = f", by process {holder.decode()}" if holder.isdigit() else ""
                raise StoreInUse(f"{lock.parent} is already served{by}")
            time.sleep(0.05)
        if ours and (os.pread(fd, 1, 0).isdigit() or not os.fstat(fd).st_size):  # never over others
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        yield fd
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Supervisor:
    """Runs `roles`, each slot as a process that does `run(role, slot, wiring)`.

    `held` are descriptors that every role keeps open (the lock), `handed` the sockets that the
    service manager opened for doors, by door. After `run`, `failure` is "" or says which role could
    not start and why.
    """

    def __init__(
        self,
        run: Run,
        roles: Sequence[Role],
        *,
        held: Sequence[int] = (),
        handed: Mapping[str, int] | None = None,
        notify: Notify | None = None,
    ) -> None:
        self.failure = ""
        self._handed = dict(handed or {})
        self._notify = notify or Notify()
        self._run = run
        self._held = tuple(held)
        self._slots = [Slot(role, number) for role in roles for number in range(role.slots)]
        self._voices = [(slot.role.name, slot.voice.fileno()) for slot in self._slots]
        self._announced = False
        self._asked_at: float | None = None
        self._at_once = False
        self._bell, self._bell_rope = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return 0 after a stop in order, else 1.

        Call it once, in the main thread, as the last thing that the process does. A second
        signal kills what is left at once.
        """
        self._take_signals()
        try:
            self._watch()
            in_order = self._stop()
        finally:
            self._end()
            for number in _STOPPING:  # a late one must not change how this process ends
                signal.signal(number, signal.SIG_IGN)
        if self.failure:
            _log.critical("cannot start", reason=self.failure)
        return 0 if in_order and not self.failure else 1

    def _watch(self) -> None:
        last = time.monotonic()
        while self._asked_at is None and not self.failure:
            now = time.monotonic()
            for slot in self._slots:
                slot.hear(now)
                if now - last > PAUSE_S:
                    slot.forgive(now - last)
                slot.reap(now)
                slot.kill_if_late(now)
                if slot.process is None:
                    self._start(slot, now)
            self._announce()
            self._notify.alive(now)
            self._notify.status(self._status())
            last = now
            self._sleep(self._next_start(now))

    def _start(self, slot: Slot, now: float) -> None:
        if not slot.was_ready and slot.failures >= STARTS_AT_MOST:
            self.failure = f"{slot.role.name}: {slot.message}"
        elif now >= slot.start_at:
            slot.start(self._run, self._voices, self._held, self._handed, now)

    def _next_start(self, now: float) -> float:
        waits = [slot.start_at - now for slot in self._slots if slot.process is None]
        return max(0.0, min([TICK_S, *waits]))

    def _announce(self) -> None:
        if self._announced or not all(slot.is_ready for slot in self._slots):
            return
        self._announced = True
        with suppress(OSError):  # nobody has to listen
            os.write(1, f"{self._ready_line()}\n".encode())
        self._notify.ready()

    def _ready_line(self) -> str:
        words = [f"{k}={v}" for slot in self._slots for k, v in slot.addresses.items()]
        return " ".join(["ready", *words])

    def _status(self) -> str:
        """Return the one line for people: where we listen, or which roles are not there."""
        missing = [
            f"{slot.role.name}-{slot.number}" + (f" ({slot.message})" if slot.message else "")
            for slot in self._slots
            if not slot.is_ready
        ]
        return f"starting {', '.join(missing)}" if missing else self._ready_line()

    def _stop(self) -> bool:
        """Stop the roles group by group; True if nobody asked to have it at once."""
        _log.info("stopping")
        self._notify.stopping()
        for order in sorted({slot.role.stop_order for slot in self._slots}):
            group = [slot for slot in self._slots if slot.role.stop_order == order]
            for slot in group:
                slot.terminate()
            kill_at = time.monotonic() + max(slot.role.grace_s for slot in group)
            while any(slot.process for slot in group) and not self._at_once:
                now = time.monotonic()
                self._notify.alive(now)
                self._notify.status(f"stopping {', '.join({s.role.name: 0 for s in group})}")
                if now > kill_at:
                    self._kill(group)
                self._sleep(max(0.0, min(TICK_S, kill_at - now)))
                self._reap()
        return not self._at_once

    def _kill(self, group: Sequence[Slot]) -> None:
        for slot in group:
            if slot.process is not None:
                _log.warning("role killed: did not stop in time", role=slot.role.name)
                slot.kill_and_wait()

    def _reap(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            slot.hear(now)
            slot.reap(now)

    def _end(self) -> None:
        for slot in self._slots:
            slot.kill_and_wait()
            slot.close()
        self._notify.close()

    def _sleep(self, timeout_s: float) -> None:
        """Wait for a report, a signal or the time."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        for slot in self._slots:
            if slot.reports is not None:
                poll.register(slot.reports, select.POLLIN)
        poll.poll(timeout_s * 1000 + 1)
        with suppress(BlockingIOError):
            os.read(self._bell, 4096)

    def _take_signals(self) -> None:
        for number in (*_STOPPING, signal.SIGCHLD):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._heed)
        signal.set_wakeup_fd(self._bell_rope, warn_on_full_buffer=False)

    def _heed(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGCHLD:
            return  # the wake-up is all there is to it
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > AGAIN_S:
            self._at_once = True
