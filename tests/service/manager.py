"""A service manager as small as a test needs: opens sockets, hands them over, hears notifications.

It does what sd_listen_fds(3) and sd_notify(3) promise to a service, and nothing else.
"""

import socket
import sys
import time
from pathlib import Path

HAND_OVER = """
import os, sys
fds, words = [int(n) for n in sys.argv[1].split(",") if n], sys.argv[2:]
high = [os.dup2(fd, 100 + place) for place, fd in enumerate(fds)]
for place, fd in enumerate(high):
    os.dup2(fd, 3 + place, inheritable=True)
for fd in high:
    os.close(fd)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(fds))
os.execv(words[0], words)
"""


class Manager:
    """Sockets by name, in order, and what the service says of itself."""

    def __init__(self, place: Path, *, abstract: bool = False) -> None:
        self.address = f"@{place}/notify" if abstract else f"{place}/notify"
        self._ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ears.bind("\0" + self.address[1:] if abstract else self.address)
        self._sockets: list[tuple[str, socket.socket]] = []
        self.heard: list[str] = []

    def open(self, name: str, listen: str | Path) -> socket.socket:
        """Open a listening socket under a name: a path, or HOST:PORT."""
        if isinstance(listen, Path):
            door = socket.socket(socket.AF_UNIX)
            door.bind(str(listen))
        else:
            host, _, port = listen.rpartition(":")
            door = socket.create_server((host, int(port)))
        door.listen(64)
        self.hand_over(name, door)
        return door

    def hand_over(self, name: str, door: socket.socket) -> None:
        """Hand over a socket as it is."""
        self._sockets.append((name, door))

    @property
    def fds(self) -> tuple[int, ...]:
        """The descriptors that the service inherits."""
        return tuple(door.fileno() for _, door in self._sockets)

    def launch(self) -> tuple[str, ...]:
        """Return the words before the program that hand the sockets over."""
        return (sys.executable, "-c", HAND_OVER, ",".join(map(str, self.fds)))

    def environ(self, watchdog_s: float = 0.0) -> dict[str, str]:
        """Return the variables of the service."""
        found = {"NOTIFY_SOCKET": self.address}
        if watchdog_s:
            found["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        if self._sockets:
            found["LISTEN_FDNAMES"] = ":".join(name for name, _ in self._sockets)
        return found

    def hear(self, start: str, within_s: float = 30.0) -> str:
        """Wait for a notification that begins like this; return it, and keep all that came."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            self._ears.settimeout(max(0.01, end - time.monotonic()))
            try:
                text = self._ears.recv(4096).decode()
            except TimeoutError:
                break
            self.heard.append(text)
            if text.startswith(start):
                return text
        raise AssertionError(f"not heard within {within_s} s: {start}; heard {self.heard}")

    def is_silent(self, start: str, for_s: float) -> bool:
        """Whether nothing that begins like this comes for a time, after what waits already."""
        self._ears.setblocking(False)
        try:
            while True:
                self.heard.append(self._ears.recv(4096).decode())
        except BlockingIOError:
            pass
        try:
            self.hear(start, for_s)
        except AssertionError:
            return True
        return False

    def close(self) -> None:
        """Close everything."""
        self._ears.close()
        for _, door in self._sockets:
            door.close()
