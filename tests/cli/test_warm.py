"""The process that starts commands may die; that is said, and costs one command at most."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests import warm


@pytest.fixture
def streams() -> Iterator[list[int]]:
    """Three descriptors that take and give nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    yield [null] * 3
    os.close(null)


def kill() -> None:
    """Kill it, and wait for its end without taking that from whoever asks next."""
    process, _ = warm._warm()
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def test_a_command_whose_process_died_says_so_and_the_next_one_runs(streams: list[int]) -> None:
    warm.run_program("--help")
    os.kill(warm._warm()[0].pid, signal.SIGSTOP)
    warm.begin(["--help"], {}, streams)
    kill()
    with pytest.raises(RuntimeError, match="has ended: -9"):
        warm.end()
    assert warm.run_program("--help").code == 0


def test_what_died_between_two_commands_is_replaced() -> None:
    warm.run_program("--help")
    kill()
    assert warm.run_program("--help").code == 0
