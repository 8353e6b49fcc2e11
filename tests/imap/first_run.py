"""The first run on a mailbox that is full of old mails: how fast, in how much memory, and once.

    make first-run      (PYTHONPATH=tests .venv/bin/python -m tests.imap.first_run --mails 50000)

A Dovecot on loopback gets the mails as files; the whole daemon reads them into an empty store, and
works on them as always (--only-doors: it does not). In the middle its doors are killed (SIGKILL).
It fails when a mail is lost, kept twice, or left in the folder. Not part of `make test`.
"""

import argparse
import base64
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from running import Helpdesk, until
from sqlalchemy import distinct, func, select

from store.engine import Store, open_store
from store.journal_tables import delivery
from tests.imap.desk import make_desk
from tests.imap.dovecot import Dovecot

SIZES = ((0.80, 2_000, 6_000), (0.15, 20_000, 40_000), (0.05, 60_000, 200_000))  # share, bytes
HOUR_S = 3600.0
USER = "helpdesk"


def letters(mails: int) -> Iterator[bytes]:
    """Make mails of mixed size, each with text of its own."""
    chance = random.Random(1)
    shares = [share for share, _, _ in SIZES]
    for number in range(mails):
        _, least, most = chance.choices(SIZES, shares)[0]
        text = base64.encodebytes(chance.randbytes(chance.randint(least, most) * 3 // 4))
        yield (
            b"Return-Path: <anna@physics.example>\nReceived: from x by y; %d\n"
            b"From: Anna <anna@physics.example>\nTo: support@helpdesk.example\n"
            b"Subject: Trouble %d\nMessage-ID: <%d@physics.example>\n\n%s" % (*(number,) * 3, text)
        )


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def count(store: Store) -> tuple[int, int]:
    """Return how many deliveries lie in the journal, and of how many different mails."""
    with store.journal_reading() as conn:
        asked = select(func.count(), func.count(distinct(delivery.c.sha256)))
        row = conn.execute(asked).one()
        return int(row[0]), int(row[1])


def newest(store: Store) -> int:
    """Return the number of the newest delivery; on SQLite they have no gaps."""
    with store.journal_reading() as conn:
        return int(conn.execute(select(func.max(delivery.c.id))).scalar_one() or 0)


def memory(pid: int, field: str) -> int:
    """Return a figure of a process's memory in kB."""
    found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def run(place: Path, mails: int, *, only_doors: bool) -> dict[str, object]:
    """Read so many mails; return what was measured."""
    server = Dovecot(place / "dovecot")
    server.start()
    made = time.monotonic()
    size = server.deliver(USER, letters(mails))
    until(lambda: server.count(USER) == mails, "Dovecot knows all mails", HOUR_S)
    say(f"{mails} mails of {size / 1e6:.0f} MB made in {time.monotonic() - made:.0f} s")
    desk = make_desk(place, server.port, USER)
    desk.start()
    begun = time.monotonic()
    store = open_store(desk.store_url)
    if only_doors:
        for name, pid in desk.roles().items():
            if not name.startswith("doors"):
                os.kill(pid, signal.SIGSTOP)
    first = desk.roles()["doors-0"]
    at_rest = memory(first, "VmRSS")
    until(lambda: newest(store) >= mails // 2, "half of them", HOUR_S)
    peak = memory(first, "VmHWM")
    os.kill(first, signal.SIGKILL)
    killed_at, before = time.monotonic(), newest(store)
    second = until(lambda: _other(desk, first), "doors are back")
    back_s = 0.0

    def is_done() -> bool:
        nonlocal peak, back_s
        kept = newest(store)
        back_s = back_s or (time.monotonic() - killed_at if kept > before else 0.0)
        peak = max(peak, memory(second, "VmHWM"))
        return kept >= mails

    until(is_done, "all of them", HOUR_S)
    took_s = time.monotonic() - begun
    until(lambda: server.count(USER) == 0, "all are moved")
    kept, different = count(store)
    store.close()
    log = (place / "serve.log").read_text()
    if only_doors:
        for pid in desk.roles().values():
            os.kill(pid, signal.SIGCONT)
    desk.stop()
    moved = server.count(USER, "Done")
    server.stop()
    assert (kept, different, moved) == (mails, mails, mails), (kept, different, moved)
    return {
        "mails": mails, "MB": round(size / 1e6), "seconds": round(took_s, 1),
        "mails/s": round(mails / took_s), "peak of the doors, MB": round(peak / 1024),
        "at their start, MB": round(at_rest / 1024), "back after the kill, s": round(back_s, 1),
        "mails/s without the kill": round(mails / (took_s - back_s)),
        "progress lines": log.count('"mailbox is read"'), "last": _last_progress(log),
    }  # fmt: skip


def _other(desk: Helpdesk, pid: int) -> int:
    now = desk.roles().get("doors-0", pid)
    return 0 if now == pid else now


def _last_progress(log: str) -> str:
    lines = [line for line in log.splitlines() if '"mailbox is read"' in line]
    return lines[-1] if lines else ""


def main() -> None:
    """Run it once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--mails", type=int, default=50_000)
    parser.add_argument("--only-doors", action="store_true", help="halt the other roles meanwhile")
    parser.add_argument("--place", type=Path, help="a directory for all files (default: in /tmp)")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tg-first-", dir=words.place) as name:
        figures = run(Path(name), words.mails, only_doors=words.only_doors)
    for name, value in figures.items():
        say(f"{name}: {value}")


if __name__ == "__main__":
    main()
