"""What is watched: counters that are true, and queries that never walk a large table."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select, text
from stage import Stage

from router.decision import Command
from store import schema
from store.counters import read_counters, tickets_by_status, tickets_in
from store.engine import Store
from store.tables import ticket
from store.watching import broken_mails, read_amounts

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TO = ("support@helpdesk.example",)


@pytest.fixture
def stage(place: Path) -> Iterator[Stage]:
    one = Stage(place, ROOT / "tests" / "worlds" / "wlcg.toml", NOW)
    yield one
    one.close()


def keep(stage: Stage, number: int, peer: str = "127.0.0.1", more: str = "") -> None:
    raw = (
        f"From: anna@physics.example\r\nMessage-ID: <{number}@physics.example>\r\n{more}"
        f"Subject: Trouble {number}\r\n\r\nText {number}.\r\n"
    ).encode()
    stage.keep(raw, stage.envelope(raw, TO, "anna@physics.example", peer))


def counted(store: Store) -> dict[tuple[str, str], int]:
    with store.reading() as conn:
        return tickets_in(read_counters(conn))


def true_numbers(store: Store) -> dict[tuple[str, str], int]:
    with store.reading() as conn:
        return dict(Counter(map(tuple, conn.execute(select(ticket.c.status, ticket.c.kind)))))


def some_tickets(stage: Stage) -> None:
    for number in range(1, 6):
        keep(stage, number, peer="192.0.2.1" if number > 3 else "127.0.0.1")
    stage.work()
    with stage.store.reading() as conn:
        held = conn.execute(select(ticket.c.number).where(ticket.c.held.is_not(None))).scalars()
        numbers = sorted(held)
    assert len(numbers) == 2
    stage.desk.do(Command("release", numbers[0], "tina", ""))
    stage.desk.do(Command("discard", numbers[1], "tina", ""))
    keep(stage, 6, more="In-Reply-To: <1@physics.example>\r\n")
    stage.work()


def test_the_counters_of_tickets_are_true_whatever_happens_to_tickets(stage: Stage) -> None:
    some_tickets(stage)
    assert counted(stage.store) == true_numbers(stage.store)
    assert sum(counted(stage.store).values()) == 5
    with stage.store.reading() as conn:
        assert sum(tickets_by_status(conn).values()) == 5


def test_an_upgrade_counts_the_tickets_that_are_there(stage: Stage) -> None:
    some_tickets(stage)
    with stage.store.writing() as conn:
        conn.execute(text("DELETE FROM counter WHERE name LIKE 'tickets.%'"))
        for later in (
            "seen_signature",
            "evidence",
            "directory_entry",
            "directory",
            "paging",
            "site_hook",
            "timing",
            "period",
            "clock",
            "relation",
            "moved_entry",
        ):
            conn.execute(text(f"DROP TABLE {later}"))
        for index in ("unit", "opened"):
            conn.execute(text(f"DROP INDEX ix_ticket_{index}"))
        for column in ("assigned_to", "solution", "escalation", "vo_specific"):
            conn.execute(text(f"ALTER TABLE ticket DROP COLUMN {column}"))
        conn.execute(text("ALTER TABLE outbox DROP COLUMN words"))
        for column in ("notes", "refusals"):
            conn.execute(text(f"ALTER TABLE event DROP COLUMN {column}"))
        conn.execute(text("UPDATE desk_revision SET version_num = '0002'"))
    schema.upgrade(stage.store, first_ticket=1)
    assert counted(stage.store) == true_numbers(stage.store)


def test_what_waits_is_counted_with_its_age(stage: Stage) -> None:
    for number in (1, 2):
        keep(stage, number)
    stage.work()
    amounts = read_amounts(stage.store)
    assert amounts.doors["accepted"] == 2
    assert amounts.inbox == {}
    assert amounts.oldest_in is None
    assert sum(amounts.outbox.values()) > 0
    assert amounts.oldest_out == NOW
    assert set(amounts.bytes_of) >= {"tickets.db", "journal.db"}
    with stage.store.writing() as conn:
        conn.execute(text("UPDATE inbox SET state = 'broken' WHERE mail = 1"))
        conn.execute(text("UPDATE inbox SET state = 'kept' WHERE mail = 2"))
    amounts = read_amounts(stage.store)
    assert sorted(state for state, _ in amounts.inbox) == ["broken", "kept"]
    assert amounts.oldest_in is not None
    assert abs(amounts.oldest_in - NOW) < timedelta(seconds=1)
    assert broken_mails(stage.store) == 1


def test_nothing_walks_a_table_that_grows(stage: Stage) -> None:
    store = stage.store
    plans: list[str] = []

    def explain(conn: Connection, _cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT"):
            raw = conn.connection.dbapi_connection
            assert raw is not None
            rows = raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", rest[0]).fetchall()
            plans.extend(row[-1] for row in rows)

    for engine in (store.desk, store.journal):
        event.listen(engine, "before_cursor_execute", explain)
    read_amounts(store)
    broken_mails(store)
    growing = [plan for plan in plans if any(t in plan for t in ("ticket", "inbox", "outbox"))]
    assert len(growing) >= 6
    assert [plan for plan in growing if not plan.startswith("SEARCH")] == []
