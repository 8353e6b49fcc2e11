"""What is counted, in the text format of Prometheus (version 0.0.4).

Rule: every number comes from the store, so that any process can show it and a restart loses none.
Labels come from closed lists of words; whatever else stands in the store is `other`. Nothing that a
mail says can become a label; names of directories are the configuration's.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.health import Line, all_well
from parsers.alarm import Mode
from parsers.evidence import ProofKind, ProofStatus
from router.addresses import LANE_ALARM, LANE_REPLY, LANE_REST
from router.ticket import TicketKind
from router.words import Outcome, Reason, Status
from store.counters import SILENCES, proofs_in, tickets_in
from store.directory_rows import NOUNS
from store.watching import AlarmAmounts, Amounts, DirectoryAmounts

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
DOORS = ("smtp", "lmtp", "imap")
LANES = {LANE_ALARM: "alarm", LANE_REPLY: "reply", LANE_REST: "rest"}
INBOX_STATES = ("kept", "broken")
OUTBOX_STATES = ("waiting", "claimed", "failed")
OTHER = "other"

_NO_ALARMS = AlarmAmounts(0, 0, 0, None)

Labels = tuple[str, ...]


def exposition(
    amounts: Amounts, lines: Sequence[Line], now: datetime, more: Iterable[Metric] = ()
) -> bytes:
    """Return the page; `more` are families of others."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families((*_families(amounts, lines, now), *more)))
    return generate_latest(registry)


class _Families(Collector):
    """Families that are made already, as the library wants to have them."""

    def __init__(self, families: tuple[Metric, ...]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(amounts: Amounts, lines: Sequence[Line], now: datetime) -> Iterator[Metric]:
    for name, text in (
        ("accepted", "Mails that a door kept (250)."),
        ("refused", "Mails that a door refused at their end."),
        ("refused_recipients", "Recipients that a door refused."),
    ):
        by_door = {(door,): amounts.doors.get(f"{name}.{door}", 0) for door in DOORS}
        yield _counter(f"ticketgate_door_{name}", text, ("door",), by_door)
    by_outcome = {(str(one),): amounts.desk.get(f"outcome.{one}", 0) for one in Outcome}
    yield _counter("ticketgate_mails", "Mails by how they ended.", ("outcome",), by_outcome)
    found = tickets_in(amounts.desk)
    tickets = _bounded(found, Status, TicketKind)
    yield _gauge("ticketgate_tickets", "Tickets.", ("status", "kind"), tickets)
    held = _bounded({(reason,): n for reason, n in amounts.held.items()}, Reason)
    yield _gauge("ticketgate_held_tickets", "Tickets held for a person.", ("reason",), held)
    yield _gauge(
        "ticketgate_inbox", "Accepted mails that are not done.", ("state", "lane"),
        _rows(amounts.inbox, INBOX_STATES),
    )  # fmt: skip
    yield _gauge(
        "ticketgate_outbox", "Our mails that are not sent.", ("state", "lane"),
        _rows(amounts.outbox, OUTBOX_STATES),
    )  # fmt: skip
    for name, moment in (("inbox", amounts.oldest_in), ("outbox", amounts.oldest_out)):
        text = "Age of the oldest mail that waits, 0 for none."
        yield _gauge(f"ticketgate_{name}_oldest_seconds", text, (), {(): _age_s(moment, now)})
    yield from _alarms(amounts, now)
    yield from _proofs(amounts)
    yield from _directories(amounts.directories, now)
    health = {(line.name,): int(all_well([line])) for line in lines}
    yield _gauge("ticketgate_healthy", "1 for what is ok (see /readyz).", ("name",), health)
    sizes = {(name,): size for name, size in amounts.bytes_of.items()}
    yield _gauge("ticketgate_store_bytes", "Size of the store.", ("file",), sizes)


def _alarms(amounts: Amounts, now: datetime) -> Iterator[Metric]:
    """Give the alarms that are not over; exercises apart, so that a drill wakes no operator."""
    found = {mode: amounts.alarms.get(mode, _NO_ALARMS) for mode in (Mode.ACTUAL, Mode.EXERCISE)}
    each, name = ("mode",), "ticketgate_alarms_"
    for word, text in (
        ("open", "Alarms that are not over."),
        ("unanswered", "Of those, alarms that nobody has answered."),
        ("without_receipt", "Of those, alarms that no hook has confirmed."),
    ):
        values = {(str(mode),): getattr(one, word) for mode, one in found.items()}
        yield _gauge(name + word, text, each, values)
    ages = {(str(mode),): _age_s(one.oldest_at, now) for mode, one in found.items()}
    text = "How long the oldest of them waits for an answer, 0 for none."
    yield _gauge(name + "oldest_unanswered_seconds", text, each, ages)


def _proofs(amounts: Amounts) -> Iterator[Metric]:
    none: dict[Labels, float] = {(str(k), str(s)): 0 for k in ProofKind for s in ProofStatus}
    found = _bounded(proofs_in(amounts.desk), ProofKind, ProofStatus)
    yield _counter("ticketgate_proofs", "Proofs of senders.", ("kind", "result"), none | found)
    text = "Questions to DNS about senders that nobody answered."
    yield _counter("ticketgate_dns_unanswered", text, (), {(): amounts.desk.get(SILENCES, 0)})
    text = "Mails that are to be proven again."
    yield _gauge("ticketgate_reproofs_waiting", text, (), {(): amounts.reproofs})


def _directories(all_of_them: Sequence[DirectoryAmounts], now: datetime) -> Iterator[Metric]:
    """Give how each directory of the configuration is; its name is a label, an operator's word."""
    ok: dict[Labels, float] = {}
    age_s: dict[Labels, float] = {}
    failing_s: dict[Labels, float] = {}
    notes: dict[Labels, float] = {}
    entries: dict[Labels, float] = {}
    for one in all_of_them:
        ok[one.name,] = int(one.read and one.failing_since is None)
        failing_s[one.name,] = _age_s(one.failing_since, now)
        notes[one.name,] = one.notes
        if one.good_at is not None:
            age_s[one.name,] = _age_s(one.good_at, now)
        entries |= {(one.name, kind): one.entries.get(kind, 0) for kind in NOUNS}
    each, name = ("directory",), "ticketgate_directory_"
    yield _gauge(name + "ok", "1 when the last answer is the copy in use.", each, ok)
    yield _gauge(name + "copy_age_seconds", "Age of the copy in use, if any.", each, age_s)
    yield _gauge(name + "failing_seconds", "How long it has failed, 0 for ok.", each, failing_s)
    yield _gauge(name + "notes", "What of its last answer could not be used.", each, notes)
    yield _gauge(name + "entries", "What the copy holds.", ("directory", "kind"), entries)


def _age_s(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment is not None else 0.0


def _rows(found: Mapping[tuple[str, int], int], states: Sequence[str]) -> dict[Labels, int]:
    return {
        (state, word): found.get((state, lane), 0)
        for state in states
        for lane, word in LANES.items()
    }


def _bounded(found: Mapping[Any, int], *words: type[StrEnum]) -> dict[Labels, int]:
    """Return amounts whose labels stand in the lists of words; others are added up."""
    amounts: Counter[Labels] = Counter()
    for labels, amount in found.items():
        known = (
            word if word in set(allowed) else OTHER
            for word, allowed in zip(labels, words, strict=True)
        )  # fmt: skip
        amounts[tuple(known)] += amount
    return dict(amounts)


def _counter(
    name: str, text: str, labels: Sequence[str], values: Mapping[Any, float]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _gauge(
    name: str, text: str, labels: Sequence[str], values: Mapping[Any, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family
