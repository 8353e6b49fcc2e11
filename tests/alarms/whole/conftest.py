"""The federation in which alarms go the whole way, started once for all tests of a process."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.alarms.whole.federation import Federation
from tests.hook.conftest import pyz
from tests.postfix.postfix import why_not
from tests.proofs import nameserver
from tests.proofs.conftest import free_port, key_zone
from tests.proofs.nameserver import NameServer

__all__ = ["pyz"]


@pytest.fixture(scope="session")
def names() -> Iterator[int]:
    """The port of a name server that knows the key of Anna's domain."""
    if nameserver.PROGRAM is None:
        pytest.skip("nsd is not installed (tests/servers/packages.txt)")
    server = NameServer({"vo.example": key_zone()}, free_port())
    yield server.port
    server.stop()


@pytest.fixture(scope="session")
def federation(pyz: Path, names: int) -> Iterator[Federation]:
    """The daemon, the mail server and a site with a hook for each system."""
    if why_not():
        pytest.skip(why_not())
    with TemporaryDirectory(prefix="tg-fed-") as name:
        place = Path(name)
        place.chmod(0o755)
        whole = Federation(place, pyz, names, {
            "T1-NAGIOS": ("nagios", "alias"),
            "T1-NSCA": ("nsca", "alias"),
            "T1-ICINGA2": ("icinga2", "sieve_pipe"),
            "T1-ZABBIX": ("zabbix", "procmail"),
            "T1-ALERTMANAGER": ("alertmanager", "pipe"),
        })  # fmt: skip
        whole.start()
        yield whole
        whole.stop()
