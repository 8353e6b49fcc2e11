"""Refusals are written down, and nobody waits for that."""

from datetime import UTC, datetime

import pytest

from store.engine import Store
from store.journal_counters import counters
from store.refusals import refusals
from tests.inbound.intakes import REFUSAL, locked, make, until


async def test_refusals_are_written_without_anybody_waiting(store: Store) -> None:
    intake = make(store)
    for _ in range(5):
        intake.refused(REFUSAL)
    await intake.close()
    assert refusals(store, 10) == [REFUSAL] * 5
    assert counters(store)["refused"] == 5


async def test_above_a_number_an_hour_refusals_are_only_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.intake.REFUSALS_AN_HOUR", 3)
    clock = [datetime(2026, 1, 1, 10, 59, tzinfo=UTC)]
    intake = make(store, now=lambda: clock[0])
    for _ in range(10):
        intake.refused(REFUSAL)
    clock[0] = datetime(2026, 1, 1, 11, 0, tzinfo=UTC)
    intake.refused(REFUSAL)
    await intake.close()
    assert len(refusals(store, 100)) == 4
    assert counters(store) == {"refused": 11, "refused.smtp": 11, "refusals_only_counted": 7}


async def test_refusals_wait_for_a_store_that_fails(store: Store) -> None:
    intake = make(store)
    with locked(store):
        intake.refused(REFUSAL)
        await until(lambda: intake._writer._failures > 0)
    await until(lambda: refusals(store, 10) == [REFUSAL])
    await intake.close()
