"""Files that last, and locks that are not waited for without end.

Rule: after a crash at any point there is the old file or the new one, whole. A name that begins
with a dot is being written and counts as not there.
Standard library only.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from parsers.errors import Deferred

LOCK_WAIT_S = 20.0
_STEP_S = 0.05
_LEFT_BEHIND_S = 86_400


def write_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of `path`, and return when it lasts; raises OSError."""
    being_written = path.with_name(f".{token_hex(8)}.writing")
    try:
        fd = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        being_written.rename(path)
    except BaseException:
        being_written.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Return when the names in a directory last."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_directory(directory: Path) -> None:
    """Make a directory and those above it, for our user only."""
    if not directory.is_dir():
        make_directory(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
        sync_directory(directory.parent)


def files_in(directory: Path, suffix: str) -> list[Path]:
    """Return the whole files with this suffix by name; none when there is no such directory."""
    try:
        found = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    return [path for path in found if path.name.endswith(suffix) and path.name[0] != "."]


def sweep(directory: Path) -> None:
    """Remove what a killed process left half written a day ago."""
    for path in directory.glob(".*.writing"):
        try:
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                path.unlink()
        except FileNotFoundError:
            continue


@contextmanager
def locked(path: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold a lock by the name of a file that stays; raises Deferred when it is not to be had."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end = time.monotonic() + wait_s
        while not _taken(fd):
            if time.monotonic() >= end:
                raise Deferred("Busy.", f"{path} is locked by another process")
            time.sleep(_STEP_S)
        yield
    finally:
        os.close(fd)


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold one file of a queue; False when another process has it, or has done with it."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _taken(fd) and _still(path, fd)
    finally:
        os.close(fd)


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still(path: Path, fd: int) -> bool:
    """Whether the name still means the file that we opened before we had its lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
