from collections.abc import Iterator

import pytest
from postgres import Server

from tests.ports import free_port


@pytest.fixture(scope="session")
def own_server() -> Iterator[Server]:
    """A PostgreSQL by TCP that a test may stop; whoever stops it starts it again."""
    server = Server(port=free_port())
    server.start()
    yield server
    server.remove()


@pytest.fixture
def own_url(own_server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without tables on it."""
    name = f"d{abs(hash(request.node.nodeid))}"
    own_server.say(f"CREATE DATABASE {name}")
    yield f"postgresql+psycopg://gw@127.0.0.1:{own_server.port}/{name}"
    own_server.say(f"DROP DATABASE {name} WITH (FORCE)")
