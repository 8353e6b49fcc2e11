"""Moving a store from one database to the other: everything arrives, or nothing does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import postgres
import pytest
from sqlalchemy import func, select, update
from stage import Stage

from parsers.errors import Refused
from store import copying, inbox
from store.columns import JOURNAL
from store.engine import Store, open_store
from store.health import say_of_role
from store.journal_counters import counters
from store.journal_tables import delivery, raw_mail
from store.schema import upgrade
from store.tables import outbox, sequence, ticket

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def mail(number: int, text: str = "It fails.") -> bytes:
    return (
        f"From: Anna <anna@physics.example>\r\nTo: support@helpdesk.example\r\n"
        f"Subject: Trouble {number}\r\nMessage-ID: <{number}@physics.example>\r\n\r\n{text}\r\n"
    ).encode()


def keep(stage: Stage, raw: bytes) -> int:
    to = ["support@helpdesk.example"]
    return stage.keep(raw, stage.envelope(raw, to, "anna@physics.example", "127.0.0.1"))


TO_SQLITE = pytest.mark.parametrize("stages", ["to sqlite"], indirect=True)
TO_POSTGRESQL = pytest.mark.parametrize("stages", ["to postgresql"], indirect=True)


@pytest.fixture(params=["to postgresql", "to sqlite"])
def stages(request: pytest.FixtureRequest, place: Path) -> Iterator[tuple[Stage, Store]]:
    """A helpdesk with a history, and an empty store of the other kind."""
    (place / "other").mkdir()
    file = f"sqlite:///{place}/other/tickets.db"
    with postgres.database() as url:
        there, here = (url, file) if request.param == "to postgresql" else (file, url)
        stage = Stage(place, WORLD, NOW, here)
        target = open_store(there)
        upgrade(target, first_ticket=1)
        for number in range(1, 8):
            keep(stage, mail(number))
        stage.work()
        inbox.pull(stage.store)
        keep(stage, mail(8, "Nobody has looked at it yet."))
        keep(stage, bytes(range(256)) * 40_000)  # 10 MB
        yield stage, target
        target.close()
        stage.close()


def rows(store: Store, table: object) -> list[tuple[object, ...]]:
    reading = store.journal_reading if table.metadata is JOURNAL else store.reading  # type: ignore[attr-defined] # a table
    with reading() as conn:
        key = table.primary_key.columns  # type: ignore[attr-defined] # a table
        return [tuple(row) for row in conn.execute(select(table).order_by(*key))]  # type: ignore[call-overload]


def copied(source: Store, target: Store) -> dict[str, int]:
    return copying.copy_store(source, target, lambda *_: None, LATER)


def test_every_row_arrives_and_the_helpdesk_goes_on_there(
    stages: tuple[Stage, Store], place: Path, tmp_path: Path
) -> None:
    stage, target = stages
    counts = copied(stage.store, target)
    assert counts["delivery"] == 9
    assert counts["ticket"] == 7
    for table in copying.TABLES:
        if table.name != "inbox":
            assert rows(target, table) == rows(stage.store, table), table.name
    del place
    with target.reading() as conn:
        ticket_at = select(sequence.c.next).where(sequence.c.name == "ticket")
        assert conn.execute(ticket_at).scalar_one() == 100008
    there = Stage(tmp_path, WORLD, LATER, target.url)
    new = keep(there, mail(10))
    there.work()
    assert new == 10
    assert there.mail(8)["outcome"] == "new", "it had been kept, and nobody had looked at it"
    assert there.mail(10)["outcome"] == "new"
    again = keep(there, mail(3))
    there.work()
    assert there.mail(again)["outcome"] == "duplicate"
    with there.store.reading() as conn:
        assert conn.execute(select(func.max(ticket.c.number))).scalar_one() >= 100009
    there.close()


def test_claims_stay_behind(stages: tuple[Stage, Store]) -> None:
    stage, target = stages
    inbox.pull(stage.store)
    with stage.store.writing() as conn:
        conn.execute(
            update(outbox).values(state="claimed", claimed_by="courier-0", claimed_until=NOW)
        )
    claimed, _ = inbox.claim(stage.store, by="work-0", now=LATER)
    assert claimed
    copying.copy_store(stage.store, target, lambda *_: None, LATER + timedelta(minutes=5))
    again, _ = inbox.claim(target, by="work-9", now=LATER)
    assert [one.mail for one in again] == [one.mail for one in claimed]
    with target.reading() as conn:
        assert set(conn.execute(select(outbox.c.state)).scalars()) == {"waiting"}


def test_a_target_that_is_not_empty_is_refused(stages: tuple[Stage, Store], tmp_path: Path) -> None:
    stage, target = stages
    there = Stage(tmp_path, WORLD, NOW, target.url)
    keep(there, mail(99))
    there.close()
    with pytest.raises(Refused, match="not empty"):
        copied(stage.store, target)
    assert len(rows(target, delivery)) == 1


@TO_SQLITE
def test_a_source_that_is_served_is_refused(stages: tuple[Stage, Store]) -> None:
    stage, target = stages
    say_of_role(stage.store, "work-0", "", LATER - timedelta(seconds=30))
    with pytest.raises(Refused, match="work-0"):
        copied(stage.store, target)
    assert rows(target, delivery) == []


@TO_POSTGRESQL
def test_a_target_that_is_served_is_refused_though_it_is_empty(
    stages: tuple[Stage, Store],
) -> None:
    stage, target = stages
    say_of_role(target, "work-0@there", "", LATER - timedelta(seconds=30))
    with pytest.raises(Refused, match="to copy into is served: work-0@there"):
        copied(stage.store, target)
    assert rows(target, delivery) == []


def test_a_mail_that_is_not_what_its_digest_says_stops_everything(
    stages: tuple[Stage, Store],
) -> None:
    stage, target = stages
    with stage.store.journal_writing() as conn:
        first = select(func.min(raw_mail.c.id)).scalar_subquery()
        conn.execute(update(raw_mail).where(raw_mail.c.id == first).values(bytes=b"rotten"))
    with pytest.raises(Refused, match="did not arrive"):
        copied(stage.store, target)
    assert rows(target, raw_mail) == []
    assert rows(target, ticket) == []
    assert counters(target) == {}
