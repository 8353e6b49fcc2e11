"""The benchmark: our figures against a stock SMTP sink, side by side in one run.

    make bench
    .venv/bin/python tests/bench/run.py --row 1 --rounds 5

Prints a Markdown table; exit code 1 when a bound was missed. A mail that is lost or doubled ends
the run. docs/benchmarks.md says what each row means.
"""

import argparse
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from bench import delay, memory, paging, peers, speed, ticking  # noqa: E402 - found by the line above
from bench.figures import Figure, table  # noqa: E402 - the same
from bench.plan import Plan  # noqa: E402 - the same

Row = Callable[[Plan], list[Figure]]
ROWS: dict[str, Row] = {
    "0": speed.run_sanity,
    "1": speed.run_accept,
    "2": speed.run_big,
    "3": speed.run_ticketed,
    "4": peers.run,
    "5": speed.run_full,
    "6": delay.run_replies,
    "7": memory.run,
    "8": delay.run_alarms,
    "9": paging.run,
    "10": ticking.run,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--row", action="append", choices=tuple(ROWS), help="only these rows")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mails", type=int, default=2000, help="of 4 kB, in each round")
    parser.add_argument("--tickets", type=int, default=1_000_000, help="in the full store")
    parser.add_argument("--seconds", type=int, default=20, help="of each measurement of delays")
    parser.add_argument("--lockstep", action="store_true", help="send command by command")
    parser.add_argument("--quick", action="store_true", help="a small version that proves nothing")
    parser.add_argument("--place", type=Path, help="scratch directory; default: a new one in /tmp")
    asked = parser.parse_args(words)
    place = asked.place or Path(tempfile.mkdtemp(prefix="tg-bench-"))
    small = asked.quick
    plan = Plan(
        place,
        ROOT / ".bench",
        rounds=min(asked.rounds, 1) if small else asked.rounds,
        mails=min(asked.mails, 100) if small else asked.mails,
        tickets=min(asked.tickets, 2000) if small else asked.tickets,
        seconds=min(asked.seconds, 3) if small else asked.seconds,
        alarm_rate=5.0 if small else 1.0,
        pipelined=not asked.lockstep,
    )
    figures = []
    sys.stdout.write(f"{_machine()}\n\n")
    for row in asked.row or ROWS:
        sys.stderr.write(f"row {row}, load of the machine {os.getloadavg()[0]:.1f} ...\n")
        found = ROWS[row](plan)
        sys.stderr.write(table(found) + "\n")
        figures += found
    sys.stdout.write(table(figures) + "\n")
    sys.stdout.write(f"\nLoad of the machine at the end: {os.getloadavg()[0]:.1f}.\n")
    shutil.rmtree(place)
    return int(any(one.held is False for one in figures) and not small)


def _machine() -> str:
    """Return what the figures were measured on, in one line."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    model = cpu[0].partition(": ")[2] if cpu else platform.machine()
    return (
        f"{os.cpu_count()} x {model}; Linux {platform.release()}; Python"
        f" {platform.python_version()}; SQLite {sqlite3.sqlite_version};"
        f" load of the machine before: {os.getloadavg()[0]:.1f}."
    )


if __name__ == "__main__":
    sys.exit(main())
