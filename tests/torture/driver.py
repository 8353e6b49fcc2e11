"""Torture: a real daemon under load is killed at random, and every promise is checked.

    .venv/bin/python tests/torture/driver.py --mails 500 --kills 50 --seed 1

Prints a table; exit code 1 and the seed when a promise was broken (docs/torture.md).
"""

import argparse
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import structlog

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from running import Helpdesk  # noqa: E402 - found by the line above, when run as a program
from torture.books import Books, Watch  # noqa: E402 - the same
from torture.checks import violations  # noqa: E402 - the same
from torture.clock_run import CLOCK, torture_clock  # noqa: E402 - the same
from torture.history import History  # noqa: E402 - the same
from torture.nemesis import MODES, Nemesis  # noqa: E402 - the same
from torture.plan import Plan, Verdict  # noqa: E402 - the same
from torture.quiet import own_address, settle, stop  # noqa: E402 - the same
from torture.senders import Sender  # noqa: E402 - the same

HOME_S = 90.0  # for the senders, after the last kill, to bring home what is open
WEB = '[web]\nlisten = "127.0.0.1:0"\n\n[[vo]]\nname = "atlas"'


def torture(plan: Plan, place: Path) -> Verdict:
    """Run one daemon in `place` through a plan and judge it; leaves no process behind."""
    changes = {"127.0.0.1:0": f"{own_address()}:0", '[[vo]]\nname = "atlas"': WEB}
    desk = Helpdesk(place, changes, workers=2)
    history, books = History(plan.seed), Books(place)
    nemesis, watch = Nemesis(desk, plan.mode, plan.seed), Watch(books)
    faults: list[str] = []
    begun = time.monotonic()
    desk.start()
    slots = len(desk.roles())
    senders = _senders(plan, history, desk)
    try:
        _strike(plan, nemesis, watch, senders, begun + plan.most_s)
        _bring_home(senders)
        settled_s = settle(books, watch, plan.settle_s, faults)
        if len(desk.roles()) != slots:
            faults.append(f"I12 not every role is back: {sorted(desk.roles())}")
    finally:
        for one in senders:
            one.stop.set()
        for one in senders:
            one.join(60)
        stop(desk, faults)
    faults += [*nemesis.faults, *watch.faults, *violations(history, books)]
    figures: dict[str, object] = {
        "mails": len(history.letters()),
        "never got through": sum(1 for one in history.letters() if not _ended(one)),
        "seconds": round(time.monotonic() - begun, 1),
        "seconds until quiet": round(settled_s, 1),
        "slowest 250 in seconds": round(_slowest(history), 2),
        "mails sent": sum(map(len, books.sent_mails().values())),
        "of these repeated, as seen": watch.repeats,
        "outgoing rows that rest": books.resting(),
    }
    outcomes = Counter(row["outcome"] for row in books.desk("SELECT outcome FROM inbox"))
    return Verdict(plan, history.outcomes(), nemesis.done, outcomes, figures, faults)


def _senders(plan: Plan, history: History, desk: Helpdesk) -> list[Sender]:
    share = -(-plan.mails // plan.senders)
    senders = [
        Sender(f"sender-{n}", f"{plan.seed} {n}", history, lambda: desk.smtp, share)
        for n in range(plan.senders)
    ]
    for one in senders:
        one.start()
    return senders


def _strike(
    plan: Plan, nemesis: Nemesis, watch: Watch, senders: Sequence[Sender], end: float
) -> None:
    for _ in range(plan.kills):
        if time.monotonic() > end:
            break
        time.sleep(nemesis.pause_s())  # the daemon works between two blows
        nemesis.strike()
        watch.look()
    for one in senders:
        one.enough.set()
    for one in senders:  # the rest of its share, in peace
        one.join(max(0.0, end - time.monotonic()))
        one.late.set()


def _bring_home(senders: Sequence[Sender]) -> None:
    end = time.monotonic() + HOME_S
    for one in senders:
        one.join(max(0.0, end - time.monotonic()))
        one.stop.set()


def _ended(letter: object) -> bool:
    return any(one.how in {"ok", "refused"} for one in letter.attempts)  # type: ignore[attr-defined] # a Letter


def _slowest(history: History) -> float:
    times = [a.seconds for one in history.letters() for a in one.attempts if a.how == "ok"]
    return max(times, default=0.0)


def main(words: Sequence[str] | None = None) -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--mode", choices=(*MODES, CLOCK), default="kill")
    parser.add_argument("--tickets", type=int, default=500)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--settle", type=float, default=420.0, metavar="SECONDS")
    asked = parser.parse_args(words)
    plan = Plan(
        asked.mails,
        asked.kills,
        asked.seed,
        asked.senders,
        asked.mode,
        asked.minutes * 60,
        asked.settle,
        asked.tickets,
        asked.postgresql,
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    place = Path(tempfile.mkdtemp(prefix="tg-"))
    verdict = (torture_clock if plan.mode == CLOCK else torture)(plan, place)
    sys.stdout.write(verdict.table() + "\n")
    if verdict.faults:
        sys.stdout.write(f"the evidence is in {place}\n")
        return 1
    shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
