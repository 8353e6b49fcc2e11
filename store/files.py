"""The two files of a store on SQLite: where they lie, whether they can be used, and that they stay.

Rule: only what makes a store makes a file; everybody else opens what is there. A file is known by
its device and inode from the first look on, so that nothing is committed into one that was moved
away or replaced. Every sentence here says the path, the cause and what to do.
"""

import os
import pwd
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from parsers.errors import Deferred

JOURNAL_FILE = "journal.db"
BUSY_TIMEOUT_S = 5.0
CANNOT_STORE = "The helpdesk cannot store mail at the moment."
PUT_BACK = "stop the daemon, put the file back, start it"
_BESIDE = ("", "-wal", "-shm", ".lock")  # what we write beside a database, and SQLite does


@dataclass(slots=True)
class StoreFile:
    """One database file. `make`: it may be made when it is missing; never once it was `seen`."""

    path: Path
    make: bool = True
    seen: tuple[int, int] | None = None

    def connect(self) -> sqlite3.Connection:
        """Open it; raises Deferred with the cause when that cannot be."""
        self.require()
        mode = "rwc" if self.make and self.seen is None else "rw"
        try:
            return sqlite3.connect(
                f"file:{quote(str(self.path))}?mode={mode}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                check_same_thread=False,
            )
        except sqlite3.OperationalError as error:
            raise Deferred(CANNOT_STORE, self.explained(str(error))) from error

    def remember(self) -> None:
        """Note which file lies at the path, at the first look."""
        if self.seen is None:
            self.seen = self._there()

    def require(self) -> None:
        """Raise Deferred when the path is no longer the file that was seen."""
        if gone := self.astray():
            raise Deferred(CANNOT_STORE, gone)

    def astray(self) -> str:
        """Return what happened to a file that was seen, and what to do; "" when it is there."""
        if self.seen is None or (now := self._there()) == self.seen:
            return ""
        what = "has been replaced" if now else "is missing"
        return f"{self.path} {what} while the daemon has the old one open: {PUT_BACK}"

    def explained(self, said: str) -> str:
        """Return why it cannot be opened: the cause that can be seen, else what SQLite said."""
        missing = "" if self._there() else f"{self.path} is missing: {PUT_BACK}"
        return unfit(self.path) or missing or f"{self.path}: {said}"

    def _there(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def desk_path(url: str) -> Path | None:
    """Return where the tickets of a store in files lie, None for a URL of anything else."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    in_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {None, ":memory:"}
    return Path(parsed.database or "") if in_file else None


def journal_path(desk: Path) -> Path:
    """Return where the journal lies that belongs to these tickets."""
    return desk.with_name(JOURNAL_FILE)


def unfit(*paths: Path) -> str:
    """Return why no store can be read and written at these paths, and what to do; "" if it can."""
    for path in paths:
        place = path.parent
        if not place.exists():
            return f"the directory {place} is missing: make it, or correct [store] url"
        if not place.is_dir():
            return f"{place} is no directory: correct [store] url"
        if why := _closed(place, os.R_OK | os.W_OK | os.X_OK):
            return why
        if path.exists() and not path.is_file():
            return f"{path} is no file: correct [store] url"
        for end in _BESIDE:
            near = path.with_name(path.name + end)
            if near.exists() and (why := _closed(near, os.R_OK | os.W_OK)):
                return why
    return ""


def _closed(path: Path, wanted: int) -> str:
    if os.access(path, wanted):
        return ""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return f"{path} lies on a file system that is read-only: mount it writable"
    found = path.stat()
    owner, us = _name(found.st_uid), _name(os.geteuid())
    mode = f"mode {stat.S_IMODE(found.st_mode):o}"
    if owner == us:
        return f"{path} may not be read and written by its owner ({mode}): chmod u+rwX {path}"
    return (
        f"{path} belongs to {owner} ({mode}) and we are {us}: become {owner}, or chown {us} {path}"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
