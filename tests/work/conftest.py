"""A stage for the `work` role, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage

from tests.work.mails import NOW, WORLD


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, store_url)
    yield stage
    stage.close()
