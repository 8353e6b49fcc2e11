from collections.abc import Iterator
from pathlib import Path

import pytest
from manager import Manager

from store.engine import Store, open_store
from store.schema import upgrade


@pytest.fixture
def in_files(place: Path) -> Iterator[Store]:
    """An empty SQLite store, for what has to do with its files."""
    opened = open_store(f"sqlite:///{place}/tickets.db")
    upgrade(opened, first_ticket=100001)
    yield opened
    opened.close()


@pytest.fixture
def manager(place: Path) -> Iterator[Manager]:
    """A service manager that listens on a path."""
    one = Manager(place)
    yield one
    one.close()
