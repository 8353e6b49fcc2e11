"""The books of a run whose mails went to a sink: of one daemon's files, or of a shared database."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.rows import dict_row
from torture.books import Books, Row
from torture.sink import Sink

_DIGESTS = "FROM reminder WHERE step = 'unit-digest' AND done_at IS NULL"
_DUE = (
    "SELECT (SELECT count(*) FROM timing WHERE due_at <= '{now}')"
    " + (SELECT count(*) FROM reminder WHERE done_at IS NULL AND due_at <= '{now}'"
    "    AND step IN ('remind', 'unit-digest')) AS due"
)
_DONE = (
    "SELECT (SELECT count(*) FROM event WHERE kind IN ('reminded', 'closed'))"
    " + (SELECT count(*) FROM reminder WHERE step = 'unit-digest' AND done_at IS NOT NULL) AS done"
)


class ClockBooks(Books):
    """The store of the daemon in `place`, and what `sink` received since it was prepared."""

    def __init__(self, place: Path, sink: Sink) -> None:
        super().__init__(place)
        self.sink = sink
        self.before: set[str] = set()  # Message-IDs of mails that were never to be carried

    def begin(self) -> None:
        """Take what is in the outbox as carried."""
        self.before = {row["message_id"] for row in self.desk("SELECT message_id FROM outbox")}

    def due(self) -> int:
        """Return how many steps of tickets, wishes and digests are due now."""
        return self.number(_DUE.format(now=_now()))

    def done(self) -> int:
        """Return how many steps were ever done."""
        return self.number(_DONE)

    def digests(self) -> int:
        """Return how many daily digests are kept for their time."""
        return self.number(f"SELECT count(*) {_DIGESTS}")

    def sent_mails(self) -> dict[str, list[Path]]:
        """Return each Message-ID once, as if it were a file; of copies: `torture.clock_checks`."""
        there = {message_id for message_id, _ in self.sink.got} | self.before
        return {one: [Path(one)] for one in there}


class SharedBooks(ClockBooks):
    """The same in a database that several daemons share."""

    errors = (psycopg.Error,)

    def __init__(self, place: Path, sink: Sink, url: str) -> None:
        super().__init__(place, sink)
        self._dsn = url.replace("+psycopg", "")

    def each(self, database: Path, query: str) -> Iterator[Row]:
        """Give the rows; whatever file it would be in, there is one database."""
        del database
        with closing(psycopg.connect(self._dsn, row_factory=dict_row)) as conn:
            yield from conn.execute(query)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
