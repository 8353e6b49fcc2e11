"""Room: whether there is disk and memory for one more mail.

Rule: a door asks before it lets a peer send, so that what was accepted also fits. A small mail is
never turned away for memory: the first bytes of each mail are free, and their sum is bounded by
the cap on connections. Used from the event loop only.
"""

import os
from pathlib import Path
from time import monotonic

from parsers.errors import Deferred

DISK_LOOK_S = 1.0
RESERVE_BYTES = 256 * 1024 * 1024
FREE_BYTES_A_MAIL = 64 * 1024


class NoRoom(Deferred):
    """Disk or memory is short now; SMTP says 452."""


class Room:
    """Counts the bytes of mails that are in memory, and looks at the free disk now and then.

    `directory` is where the journal lies, None when it is not a file of this machine.
    """

    def __init__(self, directory: Path | None, reserve_bytes: int, in_flight_bytes: int) -> None:
        self._directory = directory
        self._reserve_bytes = reserve_bytes
        self._in_flight_bytes = in_flight_bytes
        self._looked_at = float("-inf")
        self._disk_is_short = False
        self.bytes_held = 0

    def require_disk(self) -> None:
        """Raise NoRoom when the free disk is below its reserve."""
        if monotonic() - self._looked_at >= DISK_LOOK_S:
            self._disk_is_short = self.disk_is_short()
            self._looked_at = monotonic()
        if self._disk_is_short:
            raise NoRoom("The helpdesk has no room for mail at the moment.", "disk below reserve")

    def has(self, more: int, size: int) -> bool:
        """Whether a mail that grows by `more` to `size` bytes fits into memory now."""
        return size <= FREE_BYTES_A_MAIL or self.bytes_held + more <= self._in_flight_bytes

    def disk_is_short(self) -> bool:
        """Look whether the free disk is below its reserve; from any thread."""
        return self._directory is not None and free_bytes(self._directory) < self._reserve_bytes


def free_bytes(directory: Path) -> int:
    """Return how many bytes the daemon may still write where a directory lies."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


class Share:
    """What one mail takes of the room."""

    __slots__ = ("_room", "_size")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0

    def count(self, size: int) -> None:
        """Count the mail as `size` bytes now."""
        self._room.bytes_held += size - self._size
        self._size = size

    def grow(self, size: int) -> bool:
        """Count the mail as `size` bytes now; False when there is no room for that."""
        if not self._room.has(size - self._size, size):
            return False
        self.count(size)
        return True

    def give_back(self) -> None:
        """Stop counting; may be called twice."""
        self.count(0)
