"""Reports of random histories, against a plain count over the entries of the tickets' histories.

The count knows nothing of clocks: it reads the entries again, walks the working hours minute by
minute, and sorts what it finds.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from gateway.report_times import Days
from gateway.reports import as_objects, make_report
from router.words import Status
from store.engine import Store
from store.tables import event, ticket
from tests.desk.ledger import Ledger

MONDAY = datetime(2026, 2, 23, 8, tzinfo=UTC)
SOME_DAYS = Days(date(2026, 2, 26), date(2026, 3, 20), UTC)
UNITS, SITES, VOS = ("TPM", "NGI_DE", "NGI_IT"), ("FZK-LCG2", "INFN-T1", ""), ("atlas", "cms", "")
UNTAKEN = {"new", "assigned", "reopened"}
ENDED = {"solved", "unsolved", "verified", "closed"}
HOUR_S = 3600
OFTEN = ("in progress", "waiting for reply", "on hold", "solved")
TURNS = (*map(str, Status), *OFTEN, *OFTEN)


def random_histories(ledger: Ledger, chance: Random, tickets: int) -> None:
    """Write tickets whose lives are all sorts of turns."""
    for _ in range(tickets):
        now = MONDAY + timedelta(minutes=30 * chance.randrange(300))
        more = {"category": "Test"} if chance.random() < 0.1 else {}
        unit = chance.choice(UNITS)
        number = ledger.opened(
            now, support_unit=unit, notified_site=chance.choice(SITES), vo=chance.choice(VOS),
            priority=chance.choice(("less urgent", "very urgent", "top priority")), **more,
        )  # fmt: skip
        for _ in range(chance.randrange(9)):
            now += timedelta(minutes=30 * chance.choice((1, 5, 40, 150, 400)))
            changed: dict[str, Any] = {"status": chance.choice(TURNS)}
            if chance.random() < 0.15:
                changed["support_unit"] = chance.choice(UNITS)
            if chance.random() < 0.2:
                changed["priority"] = "urgent"
            ledger.turn(number, now, **changed)


@dataclass
class Counted:
    """What the plain count found for one name."""

    opened: int = 0
    unsolved: int = 0
    reopened: int = 0
    response: list[tuple[int, bool]] = field(default_factory=list)
    solution: list[tuple[int, bool]] = field(default_factory=list)
    waited_s: int = 0


def counted(store: Store, by: str) -> dict[str, Counted]:
    """Count over the entries; "" is everything when `by` is ""."""
    found: dict[str, Counted] = defaultdict(Counted)
    with store.reading() as conn:
        tickets = conn.execute(select(ticket)).mappings().all()
        for row in tickets:
            if row["category"] == "Test":
                continue
            entries = conn.execute(
                select(event.c.at, event.c.changes)
                .where(event.c.ticket == row["number"])
                .order_by(event.c.number)
            ).all()
            _count(row, entries, by, found)
    return found


def _count(  # noqa: PLR0912 - plain, on purpose
    row: Mapping[str, Any], entries: Any, by: str, found: dict[str, Counted]
) -> None:
    changes = [{name: (old, new) for name, old, new in said} for _, said in entries]
    times = [at for at, _ in entries]

    def first(name: str) -> str:
        return next((one[name][0] for one in changes if name in one), row[name])

    status, unit, priority = first("status"), first("support_unit"), first("priority")
    limit_h = {"less urgent": 40, "urgent": 40, "very urgent": 32, "top priority": 24}[priority]

    def of(unit: str) -> Counted:
        return found[unit if by == "unit" else row[{"site": "notified_site"}.get(by, by)]
                     if by else ""]  # fmt: skip

    if _is_within(times[0]):
        of(unit).opened += 1
    came = asked = times[0]
    taken = None if status in UNTAKEN else times[0]
    waits: list[tuple[datetime, datetime]] = []
    waiting = times[0] if status == "waiting for reply" else None
    for at, change in zip(times[1:], changes[1:], strict=True):
        new = change.get("status", ("", status))[1]
        to = change.get("support_unit", ("", unit))[1]
        if new == status and to == unit:
            continue
        if waiting and status == "waiting for reply":
            waits.append((waiting, at))
        if status in UNTAKEN and (to != unit or new not in UNTAKEN) and _is_within(at):
            worked = _worked(asked, at)
            of(unit).response.append((worked, worked > limit_h * HOUR_S))
        if new in {"solved", "unsolved"} and status not in ENDED and _is_within(at):
            waited = sum(_worked(*one) for one in waits)
            since_taken = sum(_worked(*one) for one in waits if taken and one[0] >= taken)
            late = taken is not None and _worked(taken, at) - since_taken > 16 * HOUR_S
            if new == "solved":
                of(unit).solution.append((_worked(came, at) - waited, late))
                of(unit).waited_s += waited
            else:
                of(unit).unsolved += 1
        if new == "reopened" and status != "reopened" and _is_within(at):
            of(to).reopened += 1
        anew = to != unit or new == "reopened"
        if anew:
            came, waits, taken = at, [], None
        if new in UNTAKEN:
            taken = None
            if anew or status not in UNTAKEN:
                asked = at
        elif taken is None:
            taken = at
        waiting = at if new == "waiting for reply" else None
        status, unit = new, to


def _is_within(at: datetime) -> bool:
    return SOME_DAYS.since <= at < SOME_DAYS.until


def _worked(start: datetime, end: datetime) -> int:
    step, total = timedelta(minutes=30), 0
    while start < end:
        total += 1800 if start.weekday() < 5 and 9 <= start.hour < 17 else 0
        start += step
    return total


def _rank(values: list[int], percent: int) -> int | None:
    ordered = sorted(values)
    enough = (one for at, one in enumerate(ordered, 1) if at * 100 >= percent * len(ordered))
    return next(enough, None)


def _row(one: Counted) -> dict[str, object]:
    said: dict[str, object] = {
        "opened": one.opened,
        "solved": len(one.solution),
        "unsolved": one.unsolved,
        "reopened": one.reopened,
        "solution_waited_s": one.waited_s,
    }
    for name in ("response", "solution"):
        times = getattr(one, name)
        said |= {
            f"{name}_number": len(times),
            f"{name}_median_s": _rank([t for t, _ in times], 50),
            f"{name}_p90_s": _rank([t for t, _ in times], 90),
            f"{name}_late": sum(late for _, late in times),
            f"{name}_within_limit": sum(not late for _, late in times),
        }
    return said


@pytest.fixture(params=range(2))
def chance(request: pytest.FixtureRequest) -> Random:
    return Random(request.param)


def test_a_report_says_what_a_plain_count_over_the_histories_says(
    store: Store, chance: Random
) -> None:
    ledger = Ledger(store)
    with ledger.at_once():
        random_histories(ledger, chance, 80)
    for by in ("unit", "site", "vo"):
        *rows, total = as_objects(make_report(store, by, SOME_DAYS))
        expected = {name: _row(one) for name, one in counted(store, by).items()}
        expected = {name: row for name, row in expected.items() if any(row.values())}
        keys = next(iter(expected.values()))
        assert {
            one["name"]: said
            for one in rows
            if any((said := {key: one[key] for key in keys}).values())
        } == expected
        (everything,) = [_row(one) for one in counted(store, "").values()]
        assert {key: total[key] for key in keys} == everything
        assert everything["response_late"]
        assert everything["solution_late"]
