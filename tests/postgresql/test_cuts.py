"""A connection cut at COMMIT: nobody knows whether it happened, and nothing happens twice."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from postgres import Server
from sqlalchemy import func, select
from stage import Stage

import gateway.work
from gateway.intake import Intake
from parsers.envelope import Envelope
from parsers.errors import Deferred
from parsers.gate import look
from store import journal, outbox
from store.engine import Store, open_store
from store.journal_tables import delivery
from store.tables import event, inbox, ticket
from store.tables import outbox as outbox_table
from tests.postgresql.cutting import Cutter

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TO = ("support@helpdesk.example",)
RAW = (
    b"From: anna@physics.example\r\nMessage-ID: <1@physics.example>\r\n"
    b"Subject: Trouble\r\n\r\nIt fails.\r\n"
)


@pytest.fixture
def cutter(own_server: Server) -> Iterator[Cutter]:
    cutter = Cutter(own_server.port)
    yield cutter
    cutter.close()


@pytest.fixture
def stage(place: Path, own_url: str, own_server: Server, cutter: Cutter) -> Iterator[Stage]:
    """A helpdesk whose way to the database leads through the cutter."""
    stage = Stage(place, WORLD, NOW, own_url.replace(f":{own_server.port}", f":{cutter.port}"))
    yield stage
    stage.close()


def envelope(stage: Stage) -> Envelope:
    return stage.envelope(RAW, TO, "anna@physics.example", "127.0.0.1")


def rows(stage: Stage, table: Any) -> int:
    with stage.store.reading() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize(("when", "kept"), [("after", 1), ("before", 0)])
def test_a_door_answers_451_soon_and_the_mail_that_comes_again_is_one_event(
    stage: Stage, cutter: Cutter, when: str, kept: int
) -> None:
    async def accept(store: Store) -> int:
        intake = Intake(store, wake=lambda: None, now=lambda: NOW)
        try:
            return await intake.accept(envelope(stage), RAW, look(RAW), 2)
        finally:
            await intake.close()

    cutter.arm(when)
    begun = time.monotonic()
    with pytest.raises(Deferred):
        asyncio.run(accept(stage.store))
    assert time.monotonic() - begun < 50  # a commit that is not answered is waited for for 60
    assert cutter.cuts == 1
    assert rows(stage, delivery) == kept
    asyncio.run(accept(stage.store))
    assert rows(stage, delivery) == kept + 1
    stage.work()
    assert rows(stage, ticket) == 1
    with stage.store.reading() as conn:
        outcomes = conn.execute(select(inbox.c.outcome).order_by(inbox.c.mail)).scalars().all()
    assert outcomes == ["new", "duplicate"][: kept + 1]


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_worker_that_does_not_know_decides_each_mail_once(
    stage: Stage, cutter: Cutter, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    mail = stage.keep(RAW, envelope(stage))
    write = gateway.work.write

    def armed(*given: Any) -> Any:
        done = write(*given)
        if not cutter.cuts:
            cutter.arm(when)
        return done

    monkeypatch.setattr(gateway.work, "write", armed)
    with pytest.raises(Deferred):
        stage.worker.once()
    assert cutter.cuts == 1
    assert rows(stage, ticket) == (1 if when == "after" else 0)
    stage.work()
    assert (stage.mail(mail)["outcome"], stage.mail(mail)["attempts"]) == ("new", 1)
    assert (rows(stage, ticket), rows(stage, event)) == (1, 1)
    mails = rows(stage, outbox_table)
    assert len({said.recipient for said in stage.said()}) == mails, "nobody is told twice"


def test_a_courier_that_does_not_know_finds_the_row_sent(stage: Stage, cutter: Cutter) -> None:
    stage.keep(RAW, envelope(stage))
    stage.work()
    with stage.store.writing() as conn:
        row, *_ = outbox.claim(conn, by="one", now=NOW, until=NOW.replace(hour=11), limit=1)
    cutter.arm("after")
    with pytest.raises(Deferred), stage.store.writing() as conn:
        assert outbox.sent(conn, row, NOW)
    with stage.store.writing() as conn:
        assert not outbox.sent(conn, row, NOW), "it is no longer claimed"
    with stage.store.reading() as conn:
        query = select(outbox_table.c.state).where(outbox_table.c.id == row.id)
        assert conn.execute(query).scalar_one() == "sent"


def test_a_server_that_was_restarted_between_two_transactions_goes_unnoticed(
    own_url: str, own_server: Server, stage: Stage
) -> None:
    store = open_store(own_url)
    new = journal.NewDelivery(envelope(stage), RAW, sha256(RAW).hexdigest(), "c", "", 2)
    journal.keep(store, [new])
    own_server.stop()
    with pytest.raises(Deferred):
        journal.keep(store, [new])
    own_server.start()
    assert len(journal.keep(store, [new])) == 1
    store.close()


async def test_a_server_that_is_there_and_says_nothing_holds_no_peer_for_long(
    own_server: Server, stage: Stage
) -> None:
    intake = Intake(stage.store, wake=lambda: None, now=lambda: NOW)
    await intake.accept(envelope(stage), RAW, look(RAW), 2)
    with own_server.halted():
        begun = time.monotonic()
        with pytest.raises(Deferred):
            await intake.accept(envelope(stage), RAW, look(RAW), 2)
        assert time.monotonic() - begun < 30  # it is halted for as long as this takes
    async with asyncio.timeout(60):
        while True:
            try:
                await intake.accept(envelope(stage), RAW, look(RAW), 2)
            except Deferred:
                await asyncio.sleep(0.1)
                continue
            break
    await intake.close()
    stage.work()
    assert rows(stage, ticket) == 1
