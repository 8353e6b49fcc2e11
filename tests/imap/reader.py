"""Processes that read one mailbox into a store each, for tests that kill or halt them.

They have what the doors have but for the supervisor and the other doors. One process imports the
program and forks them, so that each begins in some milliseconds.
"""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import structlog
from running import until

ROOT = Path(__file__).parents[2]
DELIM = "\t"


class Reader:
    """One that reads."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def peak_kb(self) -> int:
        """Return the most memory that it ever had."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait for that."""
        with suppress(ProcessLookupError):
            self.send(number)
            self.send(signal.SIGCONT)
        until(lambda: not self._is_there(), "it has ended")

    def _is_there(self) -> bool:
        return Path(f"/proc/{self.pid}").exists()  # nobody has to wait for it


class Nursery:
    """Begins them; use it as a context. `log` is what all of them say."""

    def __init__(self, place: Path) -> None:
        self.log = place / "readers.log"
        self._begun: list[Reader] = []
        paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("ab"),
            env=os.environ | {"PYTHONPATH": paths},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._begun:
            one.end()
        self._process.communicate()
        self._process.wait(60)

    def begin(self, url: str, port: int, user: str, holder: str, lease_s: float = 30.0) -> Reader:
        """Begin one, and wait until it runs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(DELIM.join((url, str(port), user, holder, str(lease_s))) + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        assert said, self.log.read_text()[-2000:]
        self._begun.append(Reader(int(said)))
        return self._begun[-1]


async def _read(url: str, port: str, user: str, holder: str) -> None:
    store, stop = open_store(url), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    intake = Intake(store, wake=lambda: None, reserve_bytes=0)
    mailboxes = open_boxes([section(int(port), user)], store, intake, holder)
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    await stop.wait()
    await mailboxes.close(5.0)
    await intake.close()
    store.close()


def _serve() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is gone at once
    for line in iter(sys.stdin.readline, ""):
        words = line.rstrip("\n").split(DELIM)
        if not os.fork():
            lease.LEASE_S = float(words[4])
            lease.RENEW_S, lease.LOOK_S = lease.LEASE_S / 4, lease.LEASE_S / 8
            try:
                asyncio.run(_read(*words[:4]))
            finally:
                os._exit(0)


if __name__ == "__main__":
    from gateway.inbound.imap import lease
    from gateway.intake import Intake
    from store.engine import open_store
    from tests.imap.boxes import open_boxes, section

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    _serve()
