"""A helpdesk on both databases where everybody works from Monday to Friday, 09:00 to 17:00 UTC."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from stage import Stage

from router.decision import Policy
from tests.desk.ledger import RULES, Ledger, at

WORLD = Path(__file__).parents[1] / "worlds" / "proven.toml"


def with_hours(policy: Policy) -> Policy:
    """The rules of a stage, with the hours and limits of the ledger."""
    return replace(policy, calendars=RULES.calendars, limits=RULES.limits, digest=True)


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    """At Monday noon."""
    stage = Stage(place, WORLD, at("03-02 12:00"), store_url)
    stage.desk = replace(stage.desk, policy=with_hours(stage.desk.policy))
    stage.worker.desk = stage.desk
    yield stage
    stage.close()


@pytest.fixture
def ledger(stage: Stage) -> Ledger:
    """What happened there."""
    return Ledger(stage.store, stage.desk.policy)
