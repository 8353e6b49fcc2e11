"""Which tests run first, and which stay together when several processes share the run.

Most long tests wait: for a back-off, for a server, for a process that starts. So the run has more
processes than the machine has cores, what is long begins first, and thousands of short tests fill
what is left at the end. Tests that share what is dear to start are one piece, for one process.
Paths stand here instead of marks, because only paths are known where the work is given out.
"""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

HERE = Path(__file__).parent
# They use five monitoring systems and a federation with all of them.
MONITORING = ("alarms/whole/", "hook/sinks/")
# Each file of these has a daemon or an office of its own, for all its tests.
WHOLE_FILES = ("cli/", "hostile/", "torture/")
# The longest first, by what was measured; a folder or a file stands for all tests in it.
LONG = (
    "alarms/whole",
    "hook/sinks",
    "torture",
    "postgresql/test_halted_daemon.py",
    "postgresql/test_daemons.py",
    "postfix",
    "bench",
    "imap",
    "alarms",
    "service",
    "daemon",
    "hook",
    "hostile",
    "postgresql",
    "cli",
    "work",
    "outbound",
    "store",
    "directories",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first."""
    ranks = {HERE / name: number for number, name in enumerate(LONG)}

    def rank(item: pytest.Item) -> int:
        found = [ranks[one] for one in (item.path, *item.path.parents) if one in ranks]
        return min(found, default=len(LONG))

    items.sort(key=rank)


def piece_of(nodeid: str) -> str:
    """Return the name of the piece that a test is part of; its own, when it is one alone."""
    file = nodeid.partition("::")[0]
    path = file.removeprefix("tests/")
    if path.startswith(MONITORING):
        return "monitoring"
    return file if path.startswith(WHOLE_FILES) else nodeid


class _Pieces(LoadScopeScheduling):  # type: ignore[misc] # it ships no types that mypy follows
    """Gives out tests in our order, one by one but for what stays together."""

    def _split_scope(self, nodeid: str) -> str:
        return piece_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give out the tests by ourselves."""
    config.option.loadscopereorder = False
    return _Pieces(config, log)
