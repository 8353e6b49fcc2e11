from collections.abc import Iterator
from pathlib import Path

import pytest
from fresh import open_fresh
from manager import Manager

from store.engine import Store


@pytest.fixture
def in_files(place: Path) -> Iterator[Store]:
    """An empty SQLite store, for what has to do with its files."""
    opened = open_fresh(f"sqlite:///{place}/tickets.db")
    yield opened
    opened.close()


@pytest.fixture
def manager(place: Path) -> Iterator[Manager]:
    """A service manager that listens on a path."""
    one = Manager(place)
    yield one
    one.close()
