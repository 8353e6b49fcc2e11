"""Standard error as a log that can do no harm: full, closed or halted, it only loses lines.

It never blocks (a reader that stands still must not stop a door), never raises and never ends a
process. What was lost is counted and said as soon as there is room again.
"""

import logging
import os
import select
import socket
import stat
from contextlib import suppress

LINE_BYTES = 4096  # PIPE_BUF on Linux: lines of several processes in one pipe do not mix


def open_standard_streams() -> None:
    """Open /dev/null for each of the descriptors 0, 1, 2 that is closed.

    Else the next socket or database would get that number and be written to as a log.
    """
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
            os.set_inheritable(fd, True)


class StandardErrorHandler(logging.Handler):
    """A logging handler that writes lines to descriptor 2 without waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._fd, self._socket = 2, None
        self._lost = 0
        self._torn = False
        kind = os.fstat(2).st_mode
        if stat.S_ISSOCK(kind):
            self._socket = socket.socket(fileno=os.dup(2))
        elif stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
            # A description of our own: O_NONBLOCK on the inherited one would reach the shell too.
            with suppress(OSError):
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                self._fd = os.open("/proc/self/fd/2", flags)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or count it as lost."""
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
        except Exception:
            self._lost += 1
            return
        if not self._write(line):
            self._lost += 1
        elif self._lost and self._write(
            b'{"event": "log lines were lost", "lost": %d}\n' % self._lost
        ):
            self._lost = 0

    def _write(self, line: bytes) -> bool:
        data = b"\n" + line if self._torn else line
        try:
            poll = select.poll()
            poll.register(self._fd, select.POLLOUT)
            if not poll.poll(0):
                return False
            if self._socket is not None:
                sent = self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            else:
                sent = os.write(self._fd, data)
        except (OSError, ValueError):
            return False
        self._torn = sent < len(data)
        return True
