"""An intake on a real store, and ways to hold its commits back."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from gateway.intake import Intake
from parsers.envelope import Envelope
from parsers.gate import Gate
from store.engine import Store
from store.refusals import Refusal

ENVELOPE = Envelope(
    "smtp", "192.0.2.1", "x", "a@x.example", ("support@helpdesk.example",), datetime.now(UTC)
)


GATE = Gate((), "<1@x.example>", 0, 0)


REFUSAL = Refusal(datetime.now(UTC), "smtp", "192.0.2.1", "", ("a",), "550 5.1.1 No", "unknown")


def make(store: Store, **options: Any) -> Intake:
    return Intake(store, **{"wake": lambda: None, "reserve_bytes": 0} | options)


@contextmanager
def at_commit(store: Store, act: Callable[[], object]) -> Iterator[None]:
    """Do something before each commit on the journal, as SQLite itself sees it."""

    def trace(connection: Any, _record: object) -> None:
        connection.set_trace_callback(lambda said: said == "COMMIT" and act())

    event.listen(store.journal, "connect", trace)
    store.journal.dispose()
    yield
    event.remove(store.journal, "connect", trace)
    store.journal.dispose()


@contextmanager
def commits(store: Store) -> Iterator[list[int]]:
    """Count the commits on the journal."""
    seen: list[int] = []
    with at_commit(store, lambda: seen.append(1)):
        yield seen


@contextmanager
def slow_commits(store: Store) -> Iterator[tuple[threading.Event, list[int]]]:
    """Hold every commit back until the event is set; count them when they go on."""
    go_on = threading.Event()
    seen: list[int] = []

    def hold() -> None:
        go_on.wait(60)
        seen.append(1)

    try:
        with at_commit(store, hold):
            yield go_on, seen
    finally:
        go_on.set()


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold the journal's write lock from outside; our own wait for it is short."""

    @event.listens_for(store.journal, "connect")
    def _be_quick(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    store.journal.dispose()
    other = sqlite3.connect(store.journal.url.database or "", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what changes is in another thread
            await asyncio.sleep(0.005)
