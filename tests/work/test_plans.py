"""No step of a mail's way reads a whole table, or it would be slow with a million tickets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from stage import Stage

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TO = ("support@helpdesk.example", "alarm@helpdesk.example")
BIG = ("inbox", "ticket", "event", "participant", "thread_id", "mail_ticket", "outbox", "delivery")


@pytest.fixture
def stage(place: Path) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW)
    yield stage
    stage.close()


def keep(stage: Stage, number: int, to: str, answers: str = "") -> None:
    head = f"In-Reply-To: {answers}\r\n" if answers else ""
    raw = (
        f"From: anna@physics.example\r\nMessage-ID: <{number}@physics.example>\r\n{head}"
        f"Subject: Trouble\r\n\r\nSite: INFN-T1\r\n\r\nText {number}.\r\n"
    ).encode()
    stage.keep(raw, stage.envelope(raw, (to,), "anna@physics.example", "127.0.0.1"))


def test_no_step_of_a_mails_way_reads_a_whole_table(stage: Stage) -> None:
    asked: dict[str, Any] = {}

    def remember(_conn: Any, _cursor: Any, text: str, values: Any, _ctx: Any, many: bool) -> None:
        if text.startswith(("SELECT", "UPDATE", "DELETE")):
            asked[text] = values[0] if many else values

    for engine in (stage.store.desk, stage.store.journal):
        event.listen(engine, "before_cursor_execute", remember)
    for number in range(8):
        keep(stage, number, TO[number % 2])
    stage.work()
    stage.said()
    for number in range(8):
        keep(stage, 100 + number, TO[0], f"<{number}@physics.example>")
        keep(stage, number, TO[0])  # the same again
    stage.work()
    assert len(asked) > 20
    scans = []
    for engine, name in ((stage.store.desk, "desk"), (stage.store.journal, "journal")):
        event.remove(engine, "before_cursor_execute", remember)
        with engine.connect() as conn:
            for text, values in asked.items():
                if ("delivery" in text or "raw_mail" in text) == (name == "journal"):
                    plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
                    scans += [
                        f"{row[3]}: {text}"
                        for row in plan
                        if row[3].startswith(tuple(f"SCAN {table}" for table in BIG))
                        and "COVERING INDEX" not in row[3]
                    ]
    assert not scans
