"""Kills the hook at every point where it touches the world, and looks what is left.

Run as a program: `killing.py CONFIG MAIL PLACE COMMAND`. For each number N it starts from nothing,
forks, and the child dies by SIGKILL at its Nth touch: before a file is opened, renamed, removed, a
lock taken, a program started. Then it lets the mail server and the timer do what they do, and
writes a line of JSON. It ends with the first child that lived.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from gateway.hook.config_keys import read_config
from gateway.hook.deliver import deliver
from gateway.hook.drain import drain
from gateway.hook.hook import open_hook, whole_seconds
from gateway.hook.spool import keep

TOUCHES = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "subprocess.Popen", "fcntl.flock", "os.scandir"}
)


class Killer:
    """Counts touches below `place` from when it is armed, and kills the process at one of them."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.left = 0
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.left or event not in TOUCHES:
            return
        if event == "fcntl.flock" or self.place in str(arguments):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def in_a_child(work: Callable[[], object]) -> int:
    """Run in a fork; return its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(70)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    config, mail, place, command = sys.argv[1:5]
    directory = Path(place) / "spool"
    killer = Killer(str(directory))

    def work() -> NoReturn:
        if command == "deliver":
            os.dup2(os.open(mail, os.O_RDONLY), 0)
            deliver(["--config", config])
        drain(open_hook(read_config(Path(config))), time.monotonic() + 20)
        os._exit(0)

    def killed(number: int) -> Callable[[], None]:
        def child() -> None:
            killer.left = number
            work()

        return child

    def later() -> NoReturn:
        hook = open_hook(read_config(Path(config)))
        for minutes in (1, 2):
            clock = timedelta(minutes=minutes)
            late = replace(hook, now=lambda clock=clock: whole_seconds() + clock)
            drain(late, time.monotonic() + 20)
        os._exit(0)

    for number in range(1, 1_000):
        shutil.rmtree(directory, ignore_errors=True)
        for old in Path(place).glob("*.shown"):
            old.unlink()
        for old in (Path(place) / "sent").iterdir():
            old.unlink()
        if command == "drain":
            keep(directory, Path(mail).read_bytes())
        code = in_a_child(killed(number))
        whole = bool(list(directory.glob("new/*.eml"))) or bool(list(directory.glob("alarms/*/*")))
        if command == "deliver" and not whole and code != 0:
            in_a_child(work)  # what a mail server does after a signal or 75
        in_a_child(later)
        if command == "deliver" and code != 0:
            in_a_child(work)  # and it comes again, for the server knows nothing of our success
        found = {
            "number": number,
            "code": code,
            "shown": [
                line for one in Path(place).glob("*.shown") for line in one.read_text().splitlines()
            ],
            "sent": [one.read_text() for one in (Path(place) / "sent").iterdir()],
            "left": [
                str(one.relative_to(directory))
                for folder in ("new", "quarantine", "outbox", "unsent")
                for one in (directory / folder).iterdir()
                if one.name[0] != "."
            ],
        }
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
        if code == 0:
            return


if __name__ == "__main__":
    main()
