"""Row 4: the same mails through other ticket systems, by the ways they have for mail.

Each peer gets few mails: it takes seconds where we take none. Every mail comes from one known
sender, and for us over a connection of its own. A peer that is not installed is named in its line.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench import request_tracker, roundup
from bench.desk import Desk, Lost, desk
from bench.figures import Figure, ratio_figure
from bench.letters import Letter, letters
from bench.plan import Plan
from bench.sending import send_all

PEER_MAILS = 40
OURS_TIMES = 10
REACH = 10.0
SENDER = "anna@physics.example"
Deliver = Callable[[Letter], None]


def run(plan: Plan) -> list[Figure]:
    """Measure roundup's pipe, and RT over HTTP with and without its client program."""
    figures = []
    with desk(plan.place / "peers") as ours:
        missing = roundup.missing(plan.bench_home)
        if missing:
            figures.append(_absent("roundup", missing))
        else:
            tracker = roundup.Tracker(plan.place / "roundup", plan.bench_home, SENDER)
            ways = {"roundup-mailgw, a process a mail": tracker.pipe}
            figures += _compare(plan, ours, ways, tracker.subjects)
        missing = request_tracker.missing()
        if missing:
            figures.append(_absent("RT", missing))
        else:
            with request_tracker.server(plan.place / "rt") as rt:
                ways = {"RT, rt-mailgate a mail": rt.mailgate, "RT, HTTP post": rt.post}
                figures += _compare(plan, ours, ways, rt.subjects)
    return figures


def _compare(
    plan: Plan, ours: Desk, ways: dict[str, Deliver], subjects: Callable[[], list[str]]
) -> list[Figure]:
    count = min(PEER_MAILS, plan.mails)
    return [
        ratio_figure(
            "4",
            f"ticketed / {what}, {clients} at once",
            REACH,
            plan.rounds,
            ours=partial(_ours, ours, count * OURS_TIMES, clients),
            theirs=partial(_theirs, deliver, subjects, count, clients),
        )
        for what, deliver in ways.items()
        for clients in (1, 4)
    ]


def _ours(ours: Desk, count: int, clients: int) -> float:
    post = list(letters(count, sender=SENDER))
    ours.begin_round()
    begun = time.perf_counter()
    send_all(ours.smtp, post, clients, kept=False)
    ours.wait_decided(count)
    seconds = time.perf_counter() - begun
    ours.wait_quiet(count)
    ours.check(post)
    return count / seconds


def _theirs(
    deliver: Deliver, subjects: Callable[[], Sequence[str]], count: int, clients: int
) -> float:
    post = list(letters(count, sender=SENDER))
    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(deliver, post))
    seconds = time.perf_counter() - begun
    found = [subject[-11:] for subject in subjects()]
    if any(found.count(f"{one.number:011d}") != 1 for one in post):
        raise Lost("a peer lost or doubled a mail")
    return count / seconds


def _absent(what: str, why: str) -> Figure:
    return Figure("4", f"ticketed / {what}", "not measured", f">= {REACH:.2f}", None, why)
