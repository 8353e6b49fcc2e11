"""A process that reads one mailbox into a store, for tests that kill or halt it.

It has what the doors have but for the supervisor and the other doors, and starts in half a second.
Words: STORE_URL PORT USER HOLDER [LEASE_S]. It says "ready" and ends with SIGTERM.
"""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import structlog

ROOT = Path(__file__).parents[2]


async def _read(url: str, port: str, user: str, holder: str) -> None:
    from gateway.intake import Intake
    from store.engine import open_store
    from tests.imap.boxes import open_boxes, section

    store, stop = open_store(url), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    intake = Intake(store, wake=lambda: None, reserve_bytes=0)
    mailboxes = open_boxes([section(int(port), user)], store, intake, holder)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stop.wait()
    await mailboxes.close(5.0)
    await intake.close()
    store.close()


class ReaderProcess:
    """Runs it; `log` is a file that all of them append to."""

    def __init__(self, log: Path, *words: object) -> None:
        paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        self.process = subprocess.Popen(
            [sys.executable, __file__, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=log.open("ab"),
            env=os.environ | {"PYTHONPATH": paths},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n", log.read_text()[-2000:]

    @property
    def pid(self) -> int:
        """Return its process."""
        return self.process.pid

    def peak_kb(self) -> int:
        """Return the most memory that it ever had."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait for that."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        self.process.wait(20)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if len(sys.argv) > 5:
        from gateway.inbound.imap import lease

        lease.LEASE_S = float(sys.argv[5])
        lease.RENEW_S, lease.LOOK_S = lease.LEASE_S / 4, lease.LEASE_S / 8
    asyncio.run(_read(*sys.argv[1:5]))
