"""Rows 0 to 3 and 5: mails a second, ours against the stock sink, and against an empty store."""

import time
from collections.abc import Callable
from functools import partial

from bench.desk import Desk, desk
from bench.figures import Figure, ratio_figure
from bench.letters import letters
from bench.null_sink import null_sink
from bench.plan import Plan
from bench.seed import seeded
from bench.sending import Address, send_all

MB = 1_000_000
CONNECTIONS = (8, 64)


def run_sanity(plan: Plan) -> list[Figure]:
    """Row 0: two identical sinks. What differs from 1.0 is the noise of this machine."""
    with null_sink() as one, null_sink() as other:
        return [
            ratio_figure(
                "0",
                f"stock sink / stock sink, 4 kB, {connections} connections",
                None,
                plan.rounds,
                ours=partial(swallowed, plan, one, plan.mails, connections),
                theirs=partial(swallowed, plan, other, plan.mails, connections),
            )
            for connections in CONNECTIONS
        ]


def run_accept(plan: Plan) -> list[Figure]:
    """Row 1: until the last 250, mails of 4 kB."""
    return _against_sink(plan, "1", "durable accept", 1.0, accepted)


def run_big(plan: Plan) -> list[Figure]:
    """Row 2: mails of 1 MB."""
    count = max(plan.mails // 40, 8)
    with null_sink() as sink, desk(plan.place / "big") as ours:
        return [
            ratio_figure(
                "2",
                "durable accept / stock sink, 1 MB, 4 connections",
                2.0,
                plan.rounds,
                ours=partial(accepted, plan, ours, count, 4, MB),
                theirs=partial(swallowed, plan, sink, count, 4, MB),
            )
        ]


def run_ticketed(plan: Plan) -> list[Figure]:
    """Row 3: from the first byte to the last ticket in the store, with its outgoing mails."""
    return _against_sink(plan, "3", "ticketed", 0.30, ticketed)


def run_full(plan: Plan) -> list[Figure]:
    """Row 5: a store with a million tickets against an empty one."""
    full_place = plan.place / "full"
    seeded(full_place, plan.tickets)
    with desk(full_place) as full, desk(plan.place / "empty") as empty:
        return [
            ratio_figure(
                "5",
                f"{what}, {plan.tickets:,} tickets in store / empty store, 4 kB, 8 connections",
                0.80,
                plan.rounds,
                ours=partial(measure, plan, full, plan.mails, 8),
                theirs=partial(measure, plan, empty, plan.mails, 8),
            )
            for what, measure in (("accept", accepted), ("ticketed", ticketed))
        ]


def _against_sink(
    plan: Plan, row: str, what: str, reach: float, measure: Callable[..., float]
) -> list[Figure]:
    with null_sink() as sink, desk(plan.place / measure.__name__) as ours:
        return [
            ratio_figure(
                row,
                f"{what} / stock sink, 4 kB, {connections} connections",
                reach,
                plan.rounds,
                ours=partial(measure, plan, ours, plan.mails, connections),
                theirs=partial(swallowed, plan, sink, plan.mails, connections),
            )
            for connections in CONNECTIONS
        ]


def accepted(plan: Plan, ours: Desk, mails: int, connections: int, attached: int = 0) -> float:
    """Return mails a second until the last 250; then wait, and count the tickets."""
    return _round(plan, ours, mails, connections, attached)[0]


def ticketed(plan: Plan, ours: Desk, mails: int, connections: int) -> float:
    """Return mails a second until the last ticket is in the store."""
    return _round(plan, ours, mails, connections)[1]


def _round(
    plan: Plan, ours: Desk, mails: int, connections: int, attached: int = 0
) -> tuple[float, float]:
    post = list(letters(mails, attached))
    ours.begin_round()
    begun = time.perf_counter()
    sent = send_all(ours.smtp, post, connections, pipelined=plan.pipelined)
    ours.wait_decided(mails)
    seconds = time.perf_counter() - begun
    ours.wait_quiet(mails)
    ours.check(post)
    return sent.rate, mails / seconds


def swallowed(plan: Plan, sink: Address, mails: int, connections: int, attached: int = 0) -> float:
    """Return mails a second of a stock sink."""
    post = list(letters(mails, attached))
    return send_all(sink, post, connections, pipelined=plan.pipelined).rate
