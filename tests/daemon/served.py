"""Real supervisors with tiny roles: each role is a few lines of Python given by the test."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SERVE = """
import json, runpy, sys
from pathlib import Path
from gateway.processes import slot, supervisor
from gateway.processes.logs import configure_logging
plan = json.loads(sys.argv[1])
configure_logging("INFO")
for name, value in plan["constants"].items():
    setattr(slot if hasattr(slot, name) else supervisor, name, value)
here = Path(plan["here"])
def run(role, number, wiring):
    given = {"role": role, "slot": str(number), "wiring": wiring}
    runpy.run_path(str(here / f"{role}.py"), init_globals=given, run_name="__main__")
    return 0
roles = [slot.Role(**role) for role in plan["roles"]]
try:
    with supervisor.sole_daemon(here / "serve.lock") as lock:
        sys.exit(supervisor.Supervisor(run, roles, held=(lock,)).run())
except supervisor.StoreInUse as error:
    sys.exit(f"cannot start: {error}")
"""

ROLE = """
import asyncio, os, signal, socket, subprocess, sys, time
from pathlib import Path
from gateway.processes.link import Link
here = Path(__file__).parent
notes = os.open(here / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
def note(*words):
    os.write(notes, (" ".join([f"{role}.{slot}", *map(str, words)]) + "\\n").encode())
with Link.attach(wiring) as link:
    note("start", os.getpid())
"""

WAITING = """
link.ready()
while not link.stopping:
    if link.wait(60):
        note("woken")
note("stop")
"""

DOOR = """
with socket.create_server(("127.0.0.1", PORT)) as door:
    link.ready(smtp=f"127.0.0.1:{door.getsockname()[1]}")
    while not link.stopping:
        link.wait(60)
    note("stop")
"""


def wait_for(condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Return the first true value of `condition`; fail after the time."""
    give_up_at = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < give_up_at, "waited in vain"
        threading.Event().wait(0.01)
    return value


def whole_lines(file: Path) -> list[str]:
    """Return the lines of a file that others write; one that is half there is not one yet."""
    text = file.read_text() if file.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Served:
    """A running supervisor: what it printed, what its roles noted."""

    def __init__(self, here: Path, plan: dict[str, Any], argv: list[str]) -> None:
        self.notes_file = here / "notes"
        self.out, self.err = here / f"out-{time.monotonic_ns()}", here / "err"
        with self.out.open("wb") as out, self.err.open("ab") as err:
            self.process = subprocess.Popen(
                [*argv, sys.executable, str(here / "serve.py"), json.dumps(plan)],
                stdout=out,
                stderr=err,
            )

    def notes(self, start: str = "") -> list[str]:
        return [line for line in whole_lines(self.notes_file) if line.startswith(start)]

    def noted(self, start: str, times: int = 1) -> list[str]:
        """Wait until so many notes begin like this."""
        return wait_for(lambda: len(n := self.notes(start)) >= times and n)

    def pid(self, slot: str, times: int = 1) -> int:
        return int(self.noted(f"{slot} start", times)[times - 1].split()[-1])

    def ready(self) -> str:
        return wait_for(lambda: (text := self.out.read_text()).endswith("\n") and text)

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in whole_lines(self.err) if line.startswith("{")]

    def err_has(self, event: str, times: int = 1) -> None:
        """Wait until so many log lines tell of this event."""
        wait_for(lambda: sum(line["event"] == event for line in self.logged()) >= times)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


Serve = Callable[..., Served]
