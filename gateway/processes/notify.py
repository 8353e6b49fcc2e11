"""What the service manager is told: ready, stopping, one line of status, and that we are alive.

Source: sd_notify(3), sd_watchdog_enabled(3): datagrams to $NOTIFY_SOCKET, a path or an abstract
name. Without that variable nothing happens. Rule: no call here blocks or raises, and the roles
never learn of it: only a supervisor whose loop goes round says that the daemon is alive. A queue of
datagrams is short (10): what found no room is said again in the next round.
"""

import os
import socket
from collections.abc import MutableMapping
from typing import Self

STATUS_CHARS = 400


class Notify:
    """The way to the service manager. `watchdog_s` is how often it wants a word, 0 for never."""

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        self.watchdog_s = watchdog_s
        self._socket: socket.socket | None = None
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._status = ""
        self._unsaid: list[str] = []  # what must not get lost, in order
        self._said_at = float("-inf")
        if address[:1] in {"/", "@"}:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Self:
        """Return the way that the environment names, and take its variables away."""
        address = environ.pop("NOTIFY_SOCKET", "")
        usec, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        ours = pid in {"", str(os.getpid())}
        return cls(address, int(usec) / 1e6 if ours and usec.isdecimal() else 0.0)

    def ready(self) -> None:
        """Say that every role does its work."""
        self._unsaid.append("READY=1")
        self._say_what_is_left()

    def stopping(self) -> None:
        """Say that the daemon stops in order."""
        self._unsaid.append("STOPPING=1")
        self._say_what_is_left()

    def status(self, line: str) -> None:
        """Show a line to people (`systemctl status`), if it is not the one shown already."""
        line = " ".join(line.split())[:STATUS_CHARS]
        if line != self._status and self._say(f"STATUS={line}"):
            self._status = line

    def alive(self, now: float) -> None:
        """Say that the loop goes round; `now` is `time.monotonic()`. Call it in each round."""
        self._say_what_is_left()
        if self.watchdog_s and now - self._said_at >= self.watchdog_s / 3:
            self._said_at = now
            self._say("WATCHDOG=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _say_what_is_left(self) -> None:
        while self._unsaid and self._say(self._unsaid[0]):
            del self._unsaid[0]

    def _say(self, text: str) -> bool:
        if self._socket is None:
            return True
        try:
            self._socket.sendto(text.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError:  # full, or gone
            return False
        return True
