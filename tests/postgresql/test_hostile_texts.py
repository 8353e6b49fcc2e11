"""What hostile mails hold must fit into PostgreSQL's text as it fits into SQLite's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile.corpus import corpus
from sqlalchemy import select
from stage import Stage

from store.tables import inbox

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
TO = ["support@helpdesk.example"]
MAILS = [one for one in corpus() if not one.refused and len(one.raw) < 2_000_000]


@pytest.fixture
def stage(place: Path, postgres_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, datetime(2026, 3, 2, 10, tzinfo=UTC), postgres_url)
    yield stage
    stage.close()


def test_no_hostile_mail_ends_as_broken(stage: Stage) -> None:
    for one in MAILS:
        stage.keep(one.raw, stage.envelope(one.raw, TO, "anna@physics.example", "127.0.0.1"))
    stage.work()
    with stage.store.reading() as conn:
        ends = [tuple(row) for row in conn.execute(select(inbox.c.mail, inbox.c.outcome))]
    broken = [MAILS[mail - 1].name for mail, outcome in ends if outcome == "broken"]
    assert len(ends) == len(MAILS) > 50
    assert broken == []
    assert stage.said()
