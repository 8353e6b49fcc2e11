"""A good configuration on disk, with its secret."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.load import Fault, examine
from tests.config.good import GOOD, SECRET


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the good configuration and its secret."""
    (tmp_path / "config.toml").write_text(GOOD)
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return tmp_path


@pytest.fixture
def faults_of(folder: Path) -> Callable[[str], tuple[Fault, ...]]:
    """The faults of a configuration text that lies beside the secret."""

    def check(text: str) -> tuple[Fault, ...]:
        path = folder / "config.toml"
        path.write_text(text)
        return examine(path)[1]

    return check
