"""The helpdesk's clock over two years, in minutes: many lives, and everything that stops.

    make simulation
    .venv/bin/python tests/simulation/run.py --seed 7 --tickets 400

Exit code 1 when a step was double, missing, early, late, out of hours or after the end of a ticket.
"""

import argparse
import logging
import shutil
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom

import structlog

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from simulation.checking import FAULTS, Verdict, check  # noqa: E402 - found by the line above
from simulation.course import Course  # noqa: E402 - the same
from simulation.world import BEGIN, END  # noqa: E402 - the same

SHOWN = 40


def simulate(place: Path, seed: int, tickets: int, end: datetime) -> tuple[Course, Verdict]:
    """Run the helpdesk from `BEGIN` to `end`; return what happened, and what was found."""
    course = Course(place, seed, tickets, end)
    try:
        course.run()
    finally:
        course.desk.stop()
    verdict = check(course.desk.records)
    if course.desk.stops_told != course.jumps:
        told = f"of {course.jumps} jumps the operator was told {course.desk.stops_told} times"
        verdict.blame("jumps not told once", told)
    return course, verdict


def main() -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    parser.add_argument("--tickets", type=int, default=400)
    parser.add_argument("--days", type=int, default=(END - BEGIN).days)
    parser.add_argument("--place", type=Path, help="scratch directory; default: in memory")
    asked = parser.parse_args()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    place = asked.place or Path(tempfile.mkdtemp(prefix="tg-sim-", dir=memory))
    begun = time.monotonic()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    sys.stdout.write(f"seed {asked.seed}\n")
    end = BEGIN + timedelta(days=asked.days)
    course, verdict = simulate(place, asked.seed, asked.tickets, end)
    sys.stdout.write(report(course, verdict, time.monotonic() - begun))
    if asked.place is None:
        shutil.rmtree(place)
    return int(bool(verdict.words))


def report(course: Course, verdict: Verdict, seconds: float) -> str:
    """Return the figures and the faults of a run."""
    records = course.desk.records
    counts = ", ".join(f"{count} {what}" for what, count in course.counts.items())
    steps = ", ".join(f"{count} {who}" for who, count in sorted(verdict.steps.items()))
    changes = sum(map(len, records.seen.values()))
    lines = [
        f"{BEGIN:%Y-%m-%d} to {records.end:%Y-%m-%d} in {seconds:.0f} s",
        f"{len(records.seen)} tickets, {changes} changes, {len(records.looks)} looks, {counts}",
        f"steps expected: {steps}; told of {len(records.told)} tickets",
        "faults: " + ", ".join(f"{verdict.faults[one]} {one}" for one in FAULTS),
        *sorted(verdict.words)[:SHOWN],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
