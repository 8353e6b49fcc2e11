"""Counters of what was measured and of the clock's steps, for those who watch.

Times are counted in buckets when they end, so that nobody ever walks all of them. A unit's name is
an operator's word or a directory's; one that is too long for a counter is counted as `other`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from router.decision import Decision
from router.words import EventKind, Measure, Reason

HOUR_S = 3600
BUCKETS_S = tuple(hours * HOUR_S for hours in (1, 2, 4, 8, 16, 24, 32, 40, 80, 160))
MEASURES = (Measure.RESPONSE, Measure.SOLUTION)
OTHER = "other"
MAX_NAME = 50
_TIME, _STEP = "time.", "step."
_SUM, _LATE, _MORE = "sum", "late", "more"
STEP_REASONS: Mapping[Reason, str] = {
    Reason.NEAR_THE_LIMIT: "near the limit",
    Reason.LIMIT_PASSED: "limit passed",
    Reason.NOBODY_TOOK_IT: "nobody took it",
    Reason.STILL_WAITING: "still waiting",
    Reason.A_PERSON_LOOKS: "a person looks",
    Reason.REMIND_ON: "asked for",
    Reason.NOT_VERIFIED: "closed",
}
_STEPS = frozenset({EventKind.REMINDED, EventKind.CLOSED})


@dataclass(slots=True)
class Measured:
    """The times of a unit: how many in each bucket (the last one for longer ones), their sum."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    sum_s: int = 0
    late: int = 0


def step_counter(kind: str) -> str:
    """Return the name of the counter of a kind of steps."""
    return f"{_STEP}{kind}"


def measured_counters(decisions: Iterable[Decision]) -> Counter[str]:
    """Return what the counters of times and of tickets' steps change by."""
    amounts = Counter[str]()
    for one in decisions:
        for each in one.periods:
            if each.measure in MEASURES:
                unit = each.unit if len(each.unit) <= MAX_NAME else OTHER
                seconds = int(each.working.total_seconds())
                place = bisect_left(BUCKETS_S, seconds)
                bucket = str(BUCKETS_S[place]) if place < len(BUCKETS_S) else _MORE
                for word, amount in ((bucket, 1), (_SUM, seconds), (_LATE, int(each.late))):
                    amounts[f"{_TIME}{each.measure}.{word}.{unit}"] += amount
        for event in (event for event in one.events if event.kind in _STEPS):
            kinds = (STEP_REASONS[reason] for reason in event.reasons if reason in STEP_REASONS)
            amounts.update(map(step_counter, kinds))
    return amounts


def steps_in(counters: Mapping[str, int]) -> dict[str, int]:
    """Return how many steps were done by their kind, out of all counters."""
    return {
        name.removeprefix(_STEP): value
        for name, value in counters.items()
        if name.startswith(_STEP)
    }


def measured_in(counters: Mapping[str, int]) -> dict[tuple[str, str], Measured]:
    """Return the times by (measure, unit), out of all counters."""
    places = {str(bound): place for place, bound in enumerate(BUCKETS_S)}
    found: dict[tuple[str, str], Measured] = {}
    for name, value in counters.items():
        if not name.startswith(_TIME):
            continue
        measure, word, unit = name.removeprefix(_TIME).split(".", 2)
        one = found.setdefault((measure, unit), Measured())
        if word == _SUM:
            one.sum_s = value
        elif word == _LATE:
            one.late = value
        else:
            one.buckets[places.get(word, len(BUCKETS_S))] = value
    return found
