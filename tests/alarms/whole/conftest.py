"""The federation in which alarms go the whole way, started once for all tests of a process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.alarms.whole.federation import Federation, show_by_command
from tests.hook.conftest import pyz
from tests.ports import free_port
from tests.postfix.postfix import why_not
from tests.proofs import nameserver
from tests.proofs.conftest import key_zone
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


@contextmanager
def running(
    pyz: Path, names: int, sites: Mapping[str, tuple[str, str]], **options: Any
) -> Iterator[Federation]:
    """Run a federation in a directory of its own."""
    if why_not():
        pytest.skip(why_not())
    with TemporaryDirectory(prefix="tg-fed-") as name:
        place = Path(name)
        place.chmod(0o755)
        whole = Federation(place, pyz, names, sites, **options)
        whole.start()
        yield whole
        whole.stop()


@pytest.fixture(scope="session")
def federation(pyz: Path, names: int) -> Iterator[Federation]:
    """A daemon with the usual times; each site has a monitoring system and a way in of its own."""
    sites = {
        "T1-NAGIOS": ("nagios", "alias"),
        "T1-NSCA": ("nsca", "alias"),
        "T1-ICINGA2": ("icinga2", "sieve"),
        "T1-ZABBIX": ("zabbix", "procmail"),
        "T1-ALERTMANAGER": ("alertmanager", "pipe"),
    }
    with running(pyz, names, sites) as whole:
        yield whole


@pytest.fixture(scope="session")
def troubled(pyz: Path, names: int) -> Iterator[Federation]:
    """A daemon that waits for receipts for seconds and has two relays; simple monitoring."""
    sites = {
        "T1-ALIAS": ("exec", "alias"),
        "T1-PROCMAIL": ("exec", "procmail"),
        "T1-SIEVE": ("exec", "sieve"),
        "T1-ALERTMANAGER": ("alertmanager", "pipe"),
    }
    changes = {'receipt_within = "10 min"': 'receipt_within = "2 s"'}
    with running(pyz, names, sites, changes=changes, two_relays=True) as whole:
        for name in ("T1-ALIAS", "T1-PROCMAIL", "T1-SIEVE"):
            show_by_command(whole.sites[name])
        yield whole
