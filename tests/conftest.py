"""What every test may use: directories that are short enough for sockets, and a real store."""

import gc
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import postgres
import pytest
import structlog
from fresh import open_fresh
from hypothesis import HealthCheck, settings

from store.engine import Store

pytest_plugins = ["tests.monitoring.fixtures", "tests.spreading"]
MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 * 1024**3
DISK = tempfile.gettempdir()


def pytest_configure() -> None:
    """Put scratch files into memory where there is room: most tests wait for a disk in vain.

    A container's /dev/shm may be tiny or run no programs; then they stay where they were. What is
    about the disk asks for `on_disk`. Tracebacks are plain, as the program's are: in colour, one
    costs seconds. Properties are not judged by how long one example takes.
    """
    settings.register_profile(
        "any machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("any machine")
    gc.disable()
    structlog.get_config()["processors"][-1].exception_formatter = structlog.dev.plain_traceback
    if "TMPDIR" in os.environ or not MEMORY.is_mount():
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ROOM_BYTES and not found.f_flag & os.ST_NOEXEC:
        tempfile.tempdir = str(MEMORY)


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not among 8,000 tests each time: they stay."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory with a short path, which servers with users of their own may enter."""
    with tempfile.TemporaryDirectory(prefix="tg-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def disk() -> str:
    """Where directories are made that must lie on a disk."""
    return DISK


@pytest.fixture
def on_disk(disk: str) -> Iterator[Path]:
    """An empty directory with a short path on a disk, for what is about lasting."""
    with tempfile.TemporaryDirectory(prefix="tg-", dir=disk) as name:
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
    opened = open_fresh(f"sqlite:///{place}/tickets.db")
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
    opened = open_fresh(store_url)
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
