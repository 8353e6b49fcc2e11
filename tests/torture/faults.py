"""Faults that a store may meet, each for the length of a block: made by the kernel, not by us."""

import errno
import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from running import until

TRIES = 50


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of its own; needs root, as in the build's container."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(filler: Path, *, leave: int) -> None:
    """Fill the disk but for some bytes; what is left is counted again when others write, too."""
    for _ in range(TRIES):
        with filler.open("ab") as file:
            found = os.statvfs(filler)
            wanted = found.f_bavail * found.f_frsize - leave
            if wanted <= 0:
                return
            with suppress_full():
                os.posix_fallocate(file.fileno(), file.tell(), wanted)
                return
    raise AssertionError(f"the disk could not be filled in {TRIES} attempts")


@contextmanager
def suppress_full() -> Iterator[None]:
    """Leave a block that finds the disk full by now."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def no_writing(pids: Sequence[int]) -> Iterator[None]:
    """Let each write to a file fail in these processes."""
    hard = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE)[1] for pid in pids}
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard[pid]))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard[pid], hard[pid]))


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the write lock of a database, like a careless backup."""
    with closing(sqlite3.connect(database, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        yield
        conn.execute("ROLLBACK")


@contextmanager
def failing_sync(pid: int) -> Iterator[None]:
    """Let each sync of a process fail with an I/O error."""
    calls = "fsync,fdatasync"
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO",
         "-o", "/dev/null", "-p", str(pid)],
    )  # fmt: skip
    try:
        until(lambda: _traced(pid), "strace is attached")
        yield
    finally:
        tracer.terminate()
        try:
            tracer.wait(5)
        except subprocess.TimeoutExpired:  # it waits, and always will, for a tracee that was killed
            tracer.kill()
            tracer.wait(60)


def _traced(pid: int) -> bool:
    """Whether every thread of a process is traced."""
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(OSError):  # a thread that has ended meanwhile
            if "TracerPid:\t0" in status.read_text():
                return False
    return True
