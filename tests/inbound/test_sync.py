"""What the kernel sees: the mail is synced to disk before 250 goes out, and survives kill -9."""

import os
import re
import shutil
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from store.columns import JOURNAL
from store.engine import open_store
from store.journal import deliveries_after, read_raw

DOOR = """
import asyncio, socket, sys
from datetime import UTC, datetime
from gateway.inbound.smtp import SmtpSettings, open_smtp
from gateway.intake import Intake
from router.addresses import OurAddresses
from router.tokens import Keyring
from store.engine import open_store

async def main():
    intake = Intake(open_store(sys.argv[1]), wake=lambda: None, reserve_bytes=0)
    names = [f"{name}@helpdesk.example" for name in ("support", "team", "alarm")]
    addresses = OurAddresses("helpdesk.example", *names)
    keys = Keyring((b"0123456789abcdef",))
    at = socket.create_server(("127.0.0.1", 0))
    print(at.getsockname()[1], flush=True)
    await open_smtp(
        SmtpSettings(), addresses, keys, intake, lambda: datetime.now(UTC), listening=at
    )
    await asyncio.Event().wait()

asyncio.run(main())
"""
RAW = b"From: a@example.org\r\nMessage-ID: <%d@example.org>\r\n\r\nx\r\n"


@pytest.fixture
def url(on_disk: Path) -> str:
    url = f"sqlite:///{on_disk}/tickets.db"
    store = open_store(url)
    JOURNAL.create_all(store.journal)
    store.close()
    return url


def start(url: str, *before: str) -> tuple[subprocess.Popen[str], int]:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [*before, sys.executable, "-c", DOOR, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def stop(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)  # our own session: nothing else is in it
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def send(port: int, number: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail("a@example.org", ["support@helpdesk.example"], RAW % number)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_disk_has_the_mail_before_the_peer_has_its_250(url: str, place: Path) -> None:
    trace = place / "trace"
    calls = "trace=fsync,fdatasync,sendto,pwrite64,write"
    process, port = start(url, "strace", "-f", "-s", "60", "-o", str(trace), "-e", calls)
    try:
        for number in range(3):
            send(port, number)
    finally:
        stop(process)
    kinds = []
    for line in trace.read_text().splitlines():
        if re.search(r"f(data)?sync\(|f(data)?sync resumed", line) and line.endswith("= 0"):
            kinds.append("sync")
        elif re.search(r"sendto\(.*354 End", line):
            kinds.append("354")
        elif re.search(r"sendto\(.*250 2\.0\.0 kept", line):
            kinds.append("250")
    seen = [kind for kind in kinds if kind != "sync"]
    assert seen == ["354", "250"] * 3
    for number in range(3):
        at_354 = [i for i, kind in enumerate(kinds) if kind == "354"][number]
        at_250 = [i for i, kind in enumerate(kinds) if kind == "250"][number]
        assert "sync" in kinds[at_354:at_250]


def test_every_mail_that_got_250_is_there_after_kill_9(url: str) -> None:
    answered: list[int] = []
    number = 0
    for life in range(3):
        process, port = start(url)
        try:
            for _ in range(10 + life):
                send(port, number)
                answered.append(number)
                number += 1
        finally:
            stop(process)
    store = open_store(url)
    raws = [read_raw(store, one.id) for one in deliveries_after(store, 0, 1000)]
    assert raws == [RAW % number for number in answered]
    store.close()
