from collections.abc import Iterator
from pathlib import Path

import pytest

from store.engine import Store
from tests.outbound.rows import fresh_store
from tests.outbound.sinks import Certificates, make_certificates


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh_store(tmp_path)
    yield store
    store.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))
