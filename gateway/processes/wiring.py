"""The wiring: which descriptors a role inherits.

Also the one rule that comes with them: a role does not outlive its supervisor.
"""

import ctypes
import os
import select
import signal
import sys
import threading
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Wiring:
    """The descriptors of one slot.

    `report` is the writing end of the pipe, `ears` the socket on which this slot is woken,
    `voices` are (role, socket) of everybody, `held` are kept open and otherwise left alone.
    `bound` are the HOST:PORT addresses where this slot listened before it was restarted; `handed`
    are (door, listening socket) that the service manager opened for the doors of this slot.
    """

    report: int
    ears: int
    voices: tuple[tuple[str, int], ...] = ()
    held: tuple[int, ...] = ()
    bound: tuple[tuple[str, str], ...] = ()
    handed: tuple[tuple[str, int], ...] = ()

    def descriptors(self) -> tuple[int, ...]:
        """Return every descriptor that the role inherits."""
        many = (*self.voices, *self.handed)
        return (self.report, self.ears, *(fd for _, fd in many), *self.held)


def die_with_the_supervisor(report_fd: int) -> None:
    """End this process when nobody reads its reports any more.

    The kernel's own signal also reaches a role that is stopped; the thread is for systems
    without it. A supervisor that died before this call shows as a broken pipe at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(report_fd,), name="supervisor", daemon=True).start()


def _watch(report_fd: int) -> None:
    poll = select.poll()
    poll.register(report_fd, 0)  # a writing end only ever shows POLLERR: no reader is left
    while not poll.poll():
        pass
    os.kill(os.getpid(), signal.SIGKILL)
