"""A helpdesk at ten in the morning, and those who act on it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from acting import WORLD, Acting
from stage import Stage

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def acting(place: Path, store_url: str) -> Iterator[Acting]:
    stage = Stage(place, WORLD, START, store_url)
    yield Acting(stage)
    stage.close()
