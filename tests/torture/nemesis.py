"""The nemesis: kills, stops and restarts a running daemon, and says what it did.

Only processes of the daemon that it was given, by pid. Its choices come from its seed; the moments
come from the machine, so a seed repeats the kind of trouble and not each instant.
"""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from running import Helpdesk, until

MODES = ("kill", "term", "stop", "mixed")
SUPERVISOR_SHARE = 0.25
HALT_S = (0.2, 2.5)
BACK_S = 90.0
GONE_S = 60.0


@dataclass
class Nemesis:
    """Trouble for one daemon. `done` counts it by name, e.g. {"kill work": 3}."""

    desk: Helpdesk
    mode: str
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"nemesis {self.seed}")

    def pause_s(self) -> float:
        """Return how long to wait before the next blow."""
        return self._chance.choice((0.05, 0.2, 0.4, 0.8, 1.5))

    def strike(self) -> None:
        """Do one bad thing, and see to it that the daemon is back or coming back."""
        how = self._chance.choice(MODES[:3]) if self.mode == "mixed" else self.mode
        if self._chance.random() < SUPERVISOR_SHARE and how != "stop":
            self.strike_supervisor(how)
            return
        roles = self.desk.roles()
        if not roles:
            return
        self._strike(how, roles, self._chance.choice(sorted(roles)))

    def strike_role(self, how: str, role: str) -> None:
        """Strike the only process of a role, when it is there."""
        name = f"{role}-0"
        roles = until(lambda: _with(name, self.desk.roles()), f"{role} is there", BACK_S)
        self._strike(how, roles, name)

    def _strike(self, how: str, roles: dict[str, int], name: str) -> None:
        self.done[f"{how} {name.partition('-')[0]}"] += 1
        with suppress(ProcessLookupError):
            if how == "stop":
                self._halt(roles[name])
            else:
                os.kill(roles[name], signal.SIGKILL if how == "kill" else signal.SIGTERM)

    def _halt(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(self._chance.uniform(*HALT_S))  # this is the fault itself
        os.kill(pid, signal.SIGCONT)

    def strike_supervisor(self, how: str) -> None:
        """Strike the supervisor, and start it again."""
        self.done[f"{how} supervisor"] += 1
        process = self.desk.process
        assert process is not None
        roles = self.desk.roles()
        if how == "kill":
            self.desk.kill()
            self._gone(roles)
        else:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=BACK_S)
            self.desk.log.close()
            if code != 0:
                self.faults.append(f"the supervisor ended with {code} on SIGTERM")
            self._gone(roles)
        if process.stdout is not None:
            process.stdout.close()
        self.desk.start()

    def _gone(self, roles: dict[str, int]) -> None:
        try:
            until(lambda: not any(map(alive, roles.values())), "roles die", GONE_S)
        except AssertionError:
            left = [name for name, pid in roles.items() if alive(pid)]
            self.faults.append(f"outlived their supervisor by {GONE_S:.0f} s: {left}")


def _with(name: str, roles: dict[str, int]) -> dict[str, int]:
    return roles if name in roles else {}


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return stat.split()[0] != "Z"


def processes_of(desk: Helpdesk) -> list[int]:
    """Return every process that runs with this daemon's configuration."""
    wanted = str(desk.config).encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if wanted in path.read_bytes().replace(b"\0", b" ").split():
                found.append(int(path.parent.name))
    return sorted(pid for pid in found if alive(pid))
