"""What is counted of times, queues and steps, and that its labels stay few."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from stage import Stage

from gateway.desk_metrics import desk_families
from gateway.metrics import _Families
from gateway.queues import unit_names
from store.counters import read_counters
from store.watching_desk import read_desk
from tests.desk.ledger import Ledger, at
from tests.work.test_ticket_clock import Machine, clock_of

HOUR_S = 3600


def shown(stage: Stage, now: datetime) -> dict[tuple[str, ...], float]:
    """The samples of the page by name and labels."""
    with stage.store.reading() as conn:
        counters = read_counters(conn)
    names = unit_names(stage.desk.known.registry)
    amounts = read_desk(stage.store, stage.desk.policy, now, names)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(tuple(desk_families(counters, amounts, now))))
    text = generate_latest(registry).decode()
    return {
        (one.name.removeprefix("ticketgate_"), *(v for _, v in sorted(one.labels.items()))): (
            one.value
        )
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_times_are_counted_in_buckets_of_working_hours(stage: Stage, ledger: Ledger) -> None:
    for taken in ("03-02 10:00", "03-02 11:00", "03-09 10:00"):  # after 1, 2 and 41 hours
        number = ledger.opened(at("03-02 09:00"), support_unit="NGI_DE")
        ledger.turn(number, at(taken), status="in progress")
    ledger.turn(number, at("03-09 13:00"), status="waiting for reply")
    ledger.turn(number, at("03-10 13:00"), status="in progress")
    ledger.turn(number, at("03-10 14:00"), status="solved")
    found = shown(stage, at("03-10 15:00"))
    name = "response_working_seconds"
    buckets = {h: found[f"{name}_bucket", f"{h * HOUR_S:.1f}", "NGI_DE"] for h in (1, 2, 40, 80)}
    assert buckets == {1: 1, 2: 2, 40: 2, 80: 3}
    assert found[f"{name}_bucket", "+Inf", "NGI_DE"] == 3
    assert found[f"{name}_sum", "NGI_DE"] == 44 * HOUR_S
    assert found["solution_working_seconds_count", "NGI_DE"] == 1
    assert found["solution_working_seconds_sum", "NGI_DE"] == 45 * HOUR_S  # 53, and 8 of waiting
    assert found["late_total", "response", "NGI_DE"] == 1
    assert found["late_total", "solution", "NGI_DE"] == 0


def test_what_is_open_is_counted_by_unit_and_place(stage: Stage, ledger: Ledger) -> None:
    for _ in range(2):
        ledger.opened(at("03-02 09:00"), support_unit="NGI_DE")
    ledger.opened(at("03-09 09:00"), held="unproven sender")
    ended = ledger.opened(at("03-02 09:00"), support_unit="NGI_DE")
    ledger.turn(ended, at("03-02 10:00"), status="solved")
    found = shown(stage, at("03-09 10:00"))
    assert found["open", "red", "NGI_DE"] == 2
    assert found["open", "held", "TPM"] == 1
    assert sum(value for key, value in found.items() if key[0] == "open") == 3


def test_names_that_nobody_knows_are_one_label(stage: Stage, ledger: Ledger) -> None:
    for unit in ("evil{}\n", "x" * 200, "gone"):
        number = ledger.opened(at("03-02 09:00"), support_unit=unit)
        ledger.turn(number, at("03-02 10:00"), status="in progress")
    found = shown(stage, at("03-02 11:00"))
    assert found["response_working_seconds_count", "other"] == 3
    assert found["open", "green", "other"] == 3
    assert {key[-1] for key in found if key[0] == "open"} == {"other"}


def test_steps_are_counted_and_how_far_the_clock_is_behind(stage: Stage, ledger: Ledger) -> None:
    machine = Machine(stage)
    ledger.opened(at("03-02 12:00"), support_unit="NGI_DE")
    due_at = at("03-06 10:00")  # three quarters of 40 hours
    stage.now = due_at
    assert shown(stage, due_at - timedelta(seconds=1))["clock_lag_seconds", "ticket"] == 0
    found = shown(stage, due_at + timedelta(minutes=5))
    assert found["clock_lag_seconds", "ticket"] == 300
    assert found["steps_total", "near the limit"] == 0
    clock_of(stage, machine=machine).tick()
    found = shown(stage, due_at + timedelta(minutes=5))
    assert found["clock_lag_seconds", "ticket"] == 0
    assert found["steps_total", "near the limit"] == 1
    assert found["steps_total", "unit-digest"] == 0
    stage.now = at("03-09 09:00")
    assert shown(stage, at("03-09 09:01"))["clock_lag_seconds", "kept"] == 60
    clock_of(stage, machine=machine).tick()
    assert shown(stage, stage.now)["steps_total", "unit-digest"] == len(
        unit_names(stage.desk.known.registry)
    )
