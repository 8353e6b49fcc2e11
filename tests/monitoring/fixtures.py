"""The real systems as fixtures: each started once for a whole run, when the first test asks for it.

`tests/conftest.py` names this file, so that all tests of a process share them.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.monitoring.alertmanager import Alertmanager
from tests.monitoring.icinga2 import Icinga2
from tests.monitoring.nagios import Nagios
from tests.monitoring.nsca import Nsca
from tests.monitoring.zabbix import Zabbix


@contextmanager
def room() -> Iterator[Path]:
    """Give an empty directory that those who are not root may enter."""
    with tempfile.TemporaryDirectory(prefix="tg-mon-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def nagios() -> Iterator[Nagios]:
    with room() as place:
        server = Nagios(place)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def nsca(nagios: Nagios) -> Iterator[Nsca]:
    with room() as place:
        servers = Nsca(place, nagios)
        servers.start()
        yield servers
        servers.stop()


@pytest.fixture(scope="session")
def icinga2() -> Iterator[Icinga2]:
    with room() as place:
        server = Icinga2(place)
        server.start()
        yield server
        server.stop()


@contextmanager
def an_alertmanager() -> Iterator[Alertmanager]:
    """Run one for the length of a block."""
    with room() as place:
        server = Alertmanager(place)
        server.start()
        yield server
        server.close()


@pytest.fixture(scope="session")
def alertmanager() -> Iterator[Alertmanager]:
    with an_alertmanager() as server:
        yield server


@pytest.fixture(scope="session")
def zabbix() -> Iterator[Zabbix]:
    with room() as place:
        server = Zabbix(place)
        server.start()
        yield server
        server.close()
