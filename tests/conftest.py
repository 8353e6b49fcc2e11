"""What every test may use: directories that are short enough for sockets, and a real store."""

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from store.engine import Store, open_store
from store.schema import upgrade

FIRST_TICKET = 100001


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory with a short path."""
    with tempfile.TemporaryDirectory(prefix="tg-") as name:
        yield Path(name)


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    """An empty store of the newest revision."""
    opened = open_store(f"sqlite:///{place}/tickets.db")
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
