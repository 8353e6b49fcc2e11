"""What every test may use: directories that are short enough for sockets, and a real store."""

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import postgres
import pytest
from postgres import FIRST_TICKET

from store.engine import Store, open_store
from store.schema import upgrade


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory with a short path."""
    with tempfile.TemporaryDirectory(prefix="tg-") as name:
        yield Path(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, place: Path) -> Iterator[str]:
    """Where a store may be made: a test that asks for this runs on both databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{place}/tickets.db"
    else:
        with postgres.database() as url:
            yield url


@pytest.fixture
def sqlite_store(place: Path) -> Iterator[Store]:
    """An empty store of the newest revision in files, for what only they have."""
    opened = open_store(f"sqlite:///{place}/tickets.db")
    upgrade(opened, first_ticket=FIRST_TICKET)
    yield opened
    opened.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty store of the newest revision on PostgreSQL, for what SQLite does not know."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store of the newest revision, on both databases."""
    opened = open_store(store_url)
    upgrade(opened, first_ticket=FIRST_TICKET)
    yield opened
    opened.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI everything is installed, so a test that is skipped there is a failure."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped under CI: {call.excinfo}"
    return report
