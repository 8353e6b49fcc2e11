"""The sign to stop: a thread can wait for it, and so can a poll for a socket at the same time."""

import os
import select


class Stop:
    """Set once, by any thread. `fd` is readable from then on; it lives as long as the process."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._set = False

    def set(self) -> None:
        """Give the sign."""
        self._set = True
        os.eventfd_write(self.fd, 1)

    def is_set(self) -> bool:
        """Whether the sign was given."""
        return self._set

    def wait(self, timeout_s: float) -> None:
        """Wait for the sign, or for the time to pass."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        poll.poll(timeout_s * 1000)
