"""Every command as a process that starts from nothing: all else here begins in `tests.warm`.

It must import what it needs by itself, and say the same as one whose imports are done already.
"""

import os
import subprocess
from pathlib import Path

import pytest

from gateway.cli import program
from tests.cli.conftest import Run
from tests.warm import PROGRAM, Done

MAIL = str(Path(__file__).parents[2] / "gateway" / "demo" / "mails" / "user-site.eml")
# What can be said twice with the same answer, and its exit code; `serve` has tests/daemon.
CALLS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ("init", "{office}")),
    (0, ("check-config",)),
    (75, ("send-sample", "team", "--door", "127.0.0.1:1")),
    (0, ("parse", MAIL)),
    (0, ("explain", MAIL)),
    (0, ("queue",)),
    (0, ("tickets", "100001")),
    (1, ("ticket", "100001", "--status", "done")),
    (3, ("confirm", "99")),
    (3, ("release", "99")),
    (3, ("discard", "99")),
    (0, ("alarms",)),
    (1, ("drill", "atlas", "NO-SUCH-SITE", "--by", "ada@atlas.example", "--name", "none")),
    (0, ("drills",)),
    (0, ("report", "--month", "2026-03")),
    (0, ("mails", "--json")),
    (3, ("replay", "99")),
    (0, ("outbox",)),
    (0, ("refusals",)),
    (1, ("health",)),
    (0, ("clock",)),
    (0, ("sync",)),
    (0, ("sites",)),
    (0, ("members",)),
    (0, ("members", "check", "ada@atlas.example")),
    (0, ("keys", "show")),
    (1, ("keys", "alarm", "{office}/config.toml")),
    (1, ("keys", "dkim", "--selector", "s1", "{office}/config.toml")),
    (3, ("keys", "smime")),
    (3, ("copy-store", "sqlite:///none/tickets.db", "sqlite:///none/copy.db")),
    (3, ("accept-loss",)),
    (0, ("completion", "bash")),
)


def test_each_command_is_among_them() -> None:
    assert {words[0] for _, words in CALLS} == set(program.commands) - {"serve"}


@pytest.mark.parametrize(("code", "words"), CALLS, ids=str)
def test_a_command_that_starts_cold_says_the_same(
    run: Run, office: Path, code: int, words: tuple[str, ...]
) -> None:
    filled = [word.format(office=office) for word in words]
    done = subprocess.run(
        [PROGRAM, *filled],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"TICKETGATE_CONFIG": str(office / "config.toml")},
        timeout=60,
        check=False,
    )
    cold = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert (cold.code, "Traceback" in cold.err) == (code, False), cold
    assert run(*filled) == cold
