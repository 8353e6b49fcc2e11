"""The books: what the store and the outgoing maildir hold, read from outside with plain SQL.

Nothing of the product is used here, so that a fault of its own reading cannot hide a loss.
"""

import hashlib
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]
BUSY_S = 10.0


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_S)) as conn:
        conn.row_factory = sqlite3.Row
        yield conn


class Books:
    """The store of the daemon in `place`."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, place: Path) -> None:
        self.tickets_db = place / "tickets.db"
        self.journal_db = place / "journal.db"
        self.maildir = place / "outgoing"

    def desk(self, query: str) -> list[Row]:
        """Return rows of tickets.db."""
        return list(self.each(self.tickets_db, query))

    def journal(self, query: str) -> list[Row]:
        """Return rows of journal.db."""
        return list(self.each(self.journal_db, query))

    def each(self, database: Path, query: str) -> Iterator[Row]:
        """Give the rows of a database one by one."""
        with opened(database) as conn:
            for row in conn.execute(query):
                yield dict(row)

    def number(self, query: str) -> int:
        """Return one number of tickets.db."""
        return int(next(iter(self.desk(query)[0].values())) or 0)

    def wrong_digests(self) -> list[int]:
        """Return the raw mails whose bytes are not those of their digest."""
        wrong = []
        for row in self.each(self.journal_db, "SELECT id, sha256, size, bytes FROM raw_mail"):
            raw = bytes(row["bytes"])
            if hashlib.sha256(raw).hexdigest() != row["sha256"] or len(raw) != row["size"]:
                wrong.append(row["id"])
        return wrong

    def threads(self) -> dict[int, tuple[int, int]]:
        """Return (ticket, event number) of each mail."""
        rows = self.desk("SELECT mail, ticket, number FROM event WHERE mail IS NOT NULL")
        return {row["mail"]: (row["ticket"], row["number"]) for row in rows}

    def waiting(self) -> str:
        """Return what is still to be done, "" for nothing. Rows that rest do not count."""
        try:
            kept = self.journal("SELECT count(*) AS n FROM delivery")[0]["n"]
            pulled = self.number("SELECT count(*) FROM inbox")
            undecided = self.number("SELECT count(*) FROM inbox WHERE state = 'kept'")
            soon = (datetime.now(UTC) + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%S")
            unsent = self.number(
                "SELECT count(*) FROM outbox WHERE state = 'claimed'"
                f" OR (state = 'waiting' AND due_at < '{soon}')"
            )
        except self.errors as error:
            return f"the store cannot be read: {error}"
        if kept != pulled or undecided or unsent:
            return f"{kept - pulled} not pulled, {undecided} not decided, {unsent} not sent"
        return ""

    def resting(self) -> int:
        """Return how many outgoing rows wait for later."""
        return self.number("SELECT count(*) FROM outbox WHERE state = 'waiting'")

    def sent_mails(self) -> dict[str, list[Path]]:
        """Return the files of the outgoing maildir by Message-ID."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in (self.maildir / "new").glob("*"):
            found[message_id_of(path.read_bytes())].append(path)
        return found


class Watch:
    """Looks at the books while the daemon runs: what was once so must stay so."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._threads: dict[int, tuple[int, int]] = {}
        self._mails: dict[str, tuple[int, str]] = {}
        self._next_at = 0.0
        self.repeats = 0
        self.faults: list[str] = []

    def look(self) -> None:
        """Compare with the last look, if that is not too soon: looking must not slow the run.

        A store that is busy or not there yet is left for later.
        """
        begun = time.monotonic()
        if begun >= self._next_at:
            self._look()
            self._next_at = time.monotonic() + 5 * (time.monotonic() - begun)

    def _look(self) -> None:
        with suppress(*self._books.errors):
            threads = self._books.threads()
            for mail, where in self._threads.items():
                if threads.get(mail) != where:
                    self.faults.append(f"I7 mail {mail} left {where} for {threads.get(mail)}")
            self._threads = threads
        for path in (self._books.maildir / "new").glob("*"):
            with suppress(OSError):
                self._compare(path)

    def _compare(self, path: Path) -> None:
        inode = path.stat().st_ino
        before = self._mails.get(path.name)
        if before is not None and before[0] == inode:
            return
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if before is not None:
            self.repeats += 1
            if before[1] != digest:
                self.faults.append(f"I4 {path.name} was sent twice with different bytes")
        self._mails[path.name] = (inode, digest)


def message_id_of(mail: bytes) -> str:
    """Return the Message-ID of an outgoing mail."""
    for line in mail.partition(b"\n\n")[0].split(b"\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.strip().decode("ascii", "replace")
    return ""


def outcome_counts(counters: list[Row], prefix: str) -> dict[str, int]:
    """Return the counters with this prefix, without it."""
    return {
        row["name"].removeprefix(prefix): row["value"]
        for row in counters
        if row["name"].startswith(prefix) and row["value"]
    }


def as_list(text: Any) -> list[Any]:
    """Return a JSON column."""
    return list(json.loads(text)) if isinstance(text, str) else list(text)
