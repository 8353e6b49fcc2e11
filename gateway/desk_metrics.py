"""What is counted of tickets' times, of the queues and of the clock, as families for Prometheus.

Rule: the labels are closed lists of words and the names of support units that this helpdesk knows;
what belongs to other names is `other`. So there are as many lines as units, not as tickets.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from router.commands import DUE
from router.lines.noting import REMIND
from router.queued import Place, Tally
from router.ticking import RECOUNT, TICK
from router.words import Measure
from store.measured import BUCKETS_S, MEASURES, OTHER, STEP_REASONS, Measured, measured_in, steps_in
from store.watching_desk import DeskAmounts

_TEXTS: Mapping[Measure, str] = {
    Measure.RESPONSE: "Working time until a unit took a ticket or gave it on.",
    Measure.SOLUTION: "Working time until a unit solved a ticket, without waiting.",
}
_NEVER_KEPT = frozenset({"given-up", "parked", TICK, RECOUNT, REMIND})  # counted as what they do
KINDS = (*STEP_REASONS.values(), *(name for name in DUE if name not in _NEVER_KEPT))


def desk_families(
    counters: Mapping[str, int], amounts: DeskAmounts, now: datetime
) -> Iterator[Metric]:
    """Give the families; `counters` are the desk's, `amounts.units` the names that are labels."""
    known = {unit.lower(): unit for unit in amounts.units}
    times = _by_unit(measured_in(counters), known)
    for measure in MEASURES:
        yield _histogram(measure, {u: t for (m, u), t in times.items() if m == measure})
    text = "Times that were longer than the limit of the ticket's first priority."
    late = CounterMetricFamily("ticketgate_late", text, labels=("measure", "unit"))
    for (name, unit), one in sorted(times.items()):
        late.add_metric((name, unit), one.late)
    yield late
    yield from _queues(amounts.queues, known)
    steps = CounterMetricFamily("ticketgate_steps", "Steps that were done.", labels=("kind",))
    found = steps_in(counters)
    for kind in sorted(KINDS):
        steps.add_metric((kind,), found.get(kind, 0))
    yield steps
    text = "How long the longest overdue step is overdue, 0 for none."
    lag = GaugeMetricFamily("ticketgate_clock_lag_seconds", text, labels=("of",))
    for sort in ("kept", "ticket"):
        due_at = amounts.overdue.get(sort)
        lag.add_metric((sort,), max(0.0, (now - due_at).total_seconds()) if due_at else 0.0)
    yield lag


def _queues(queues: Mapping[str, Tally], known: Mapping[str, str]) -> Iterator[Metric]:
    each = ("unit", "place")
    family = GaugeMetricFamily("ticketgate_open", "Open tickets by unit and place.", labels=each)
    places: dict[tuple[str, str], int] = defaultdict(int)
    for unit, tally in queues.items():
        for place in Place:
            places[known.get(unit.lower(), OTHER), str(place)] += tally.places[place]
    for key, number in sorted(places.items()):
        family.add_metric(key, number)
    yield family


def _by_unit(
    found: Mapping[tuple[str, str], Measured], known: Mapping[str, str]
) -> dict[tuple[str, str], Measured]:
    """Return the times by (measure, unit) under names that are known, the others added up."""
    times: dict[tuple[str, str], Measured] = defaultdict(Measured)
    for (measure, unit), one in found.items():
        if measure in set(MEASURES):
            total = times[measure, known.get(unit.lower(), OTHER)]
            total.buckets = [a + b for a, b in zip(total.buckets, one.buckets, strict=True)]
            total.sum_s += one.sum_s
            total.late += one.late
    return times


def _histogram(measure: Measure, times: Mapping[str, Measured]) -> Metric:
    name = f"ticketgate_{measure}_working_seconds"
    family = HistogramMetricFamily(name, _TEXTS[measure], labels=("unit",))
    bounds = [*map(str, map(float, BUCKETS_S)), "+Inf"]
    for unit, one in sorted(times.items()):
        buckets = [*zip(bounds, accumulate(one.buckets), strict=True)]
        family.add_metric((unit,), buckets, one.sum_s)
    return family
