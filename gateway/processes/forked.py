"""A process forked from this one: it is there in the time of a copy, not of a program's start.

Rule: of its parent it has the memory, the descriptors that it is given, and standard error; signals
and standard input are as in a new program. It never returns into the code that made it. The parent
has one thread; nothing here knows what runs in the process.
"""

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_LOOK_S = 0.01  # between two looks for the end of a process that was killed
OOM_STEP = 50  # thousandths of the memory: 26 MB of 512 MB; the unit of systemd takes it off again


class Forked:
    """A child of ours. Only we wait for it, so its number is its own until `poll` has its end."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, -N for signal N; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; return whether it has come in time."""
        give_up_at = time.monotonic() + timeout_s
        while self.poll() is None and time.monotonic() < give_up_at:
            time.sleep(_LOOK_S)
        return self.returncode is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it runs, with all that it has started."""
        if self.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


def fork(run: Callable[[], int], keep: Sequence[int]) -> Forked:
    """Run `run` in a process and a process group of its own; its result is the exit code.

    Standard output becomes standard error; of the other descriptors it has `keep`. Raises OSError
    when there is no room for a process.
    """
    gc.freeze()  # what is shared stays shared: a collection writes into all that it looks at
    # A signal must find either our handlers here or none there, never ours in the copy.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if not pid:
            _become(run, keep, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    with suppress(OSError):  # both of us do it: a kill may come before its first step
        os.setpgid(pid, pid)
    return Forked(pid)


def _become(run: Callable[[], int], keep: Sequence[int], mask: set[int]) -> NoReturn:
    """Never returns: what the frames above hold is the parent's, and is never cleaned up here."""
    code = 1
    try:
        # Handlers hold descriptors that are closed below; freed, they would close them once more.
        _held = logging.getLogger().handlers[:]
        os.setpgid(0, 0)
        _forget_signals()
        _take_streams()
        _close_all_but(keep)
        _stand_before_the_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def _take_streams() -> None:
    """Stay out of the terminal's input; our own standard output holds the ready line alone."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)


def _close_all_but(keep: Sequence[int]) -> None:
    for entry in list(Path("/proc/self/fd").iterdir()):
        if (fd := int(entry.name)) > 2 and fd not in keep:
            with suppress(OSError):  # the one that the listing had
                os.close(fd)


def _stand_before_the_parent() -> None:
    """When memory is short the kernel kills the biggest: a copy, please, not who replaces it.

    Untouched, the parent is the biggest: a copy has not yet mapped all that it shares.
    """
    score = Path("/proc/self/oom_score_adj")
    with suppress(OSError):
        score.write_text(str(min(int(score.read_text()) + OOM_STEP, 1000)))
