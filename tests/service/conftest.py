from collections.abc import Iterator
from pathlib import Path

import pytest
from manager import Manager


@pytest.fixture
def manager(place: Path) -> Iterator[Manager]:
    """A service manager that listens on a path."""
    one = Manager(place)
    yield one
    one.close()
