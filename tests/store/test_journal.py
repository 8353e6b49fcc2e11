"""T1: what `keep` promises, on real files."""

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from parsers.envelope import Envelope
from parsers.errors import Deferred
from store.engine import Store, open_store
from store.journal import (
    Delivery,
    NewDelivery,
    deliveries_after,
    keep,
    read_delivery,
    read_raw,
    read_raws,
)
from store.journal_alone import ROWS_A_STATEMENT
from store.journal_counters import counters
from store.journal_tables import delivery, raw_mail
from store.refusals import Refusal, forget_refusals, refusals, refuse

NOW = datetime(2026, 3, 29, 0, 59, 59, 123456, tzinfo=UTC)
ENVELOPE = Envelope(
    door="smtp",
    peer="192.0.2.7",
    helo="mx.example.org",
    mail_from="anna@example.org",
    recipients=("Support@helpdesk.example", "alarm@helpdesk.example"),
    received_at=NOW,
    submitted=True,
    tls=True,
    faults=("a line of the body ends in a bare CR or LF",),
)


def new(raw: bytes, envelope: Envelope = ENVELOPE, lane: int = 2) -> NewDelivery:
    return NewDelivery(
        envelope,
        raw,
        sha256(raw).hexdigest(),
        sha256(b"c" + raw).hexdigest(),
        "<1@x.example>",
        lane,
    )


def rows(store: Store) -> tuple[int, int]:
    with store.journal_reading() as conn:
        return tuple(  # type: ignore[return-value]
            conn.scalar(select(func.count()).select_from(table)) for table in (raw_mail, delivery)
        )


def test_every_connection_writes_ahead_and_syncs_fully(sqlite_store: Store) -> None:
    store = sqlite_store
    connections = [store.journal.connect() for _ in range(10)]
    try:
        for conn in connections:
            assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
            assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    finally:
        for conn in connections:
            conn.close()


def test_what_was_kept_is_read_back_exactly(store: Store) -> None:
    raw = bytes(range(256)) * 3
    (mail_id,) = keep(store, [new(raw, lane=0)])
    assert read_raw(store, mail_id) == raw
    assert read_delivery(store, mail_id) == Delivery(
        id=mail_id,
        envelope=ENVELOPE,
        sha256=sha256(raw).hexdigest(),
        message_id="<1@x.example>",
        content=sha256(b"c" + raw).hexdigest(),
        lane=0,
        size=len(raw),
    )


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.builds(
        Envelope,
        door=st.sampled_from(["smtp", "lmtp", "imap"]),
        peer=st.sampled_from(["", "2001:db8::1", "192.0.2.1"]),
        helo=st.text(),
        mail_from=st.text(),
        recipients=st.lists(st.text(), min_size=1).map(tuple),
        received_at=st.datetimes(min_value=datetime(2000, 1, 1)).map(  # noqa: DTZ001 - made aware
            lambda moment: moment.replace(tzinfo=UTC)
        ),
        submitted=st.booleans(),
        tls=st.booleans(),
        faults=st.lists(st.text()).map(tuple),
    )
)
def test_any_envelope_comes_back_as_it_was(store: Store, envelope: Envelope) -> None:
    (mail_id,) = keep(store, [new(b"x", envelope)])
    assert read_delivery(store, mail_id).envelope == envelope


@pytest.mark.parametrize("count", [1, 2, ROWS_A_STATEMENT, ROWS_A_STATEMENT + 1, 200])
def test_ids_are_returned_in_the_order_of_the_mails(store: Store, count: int) -> None:
    ids = keep(store, [new(b"%d" % number) for number in range(count)])
    assert ids == sorted(set(ids))
    assert [read_raws(store, ids)[i] for i in ids] == [b"%d" % number for number in range(count)]


def test_an_empty_group_is_nothing(store: Store) -> None:
    assert keep(store, []) == []
    assert counters(store) == {}


def test_a_redelivery_stores_the_bytes_once_and_has_its_own_row(store: Store) -> None:
    first, second = keep(store, [new(b"same"), new(b"same")])
    (third,) = keep(store, [new(b"same", replace(ENVELOPE, door="lmtp"))])
    assert len({first, second, third}) == 3
    assert rows(store) == (1, 3)
    assert read_raws(store, [first, second, third]) == dict.fromkeys(
        [first, second, third], b"same"
    )
    assert read_delivery(store, third).envelope.door == "lmtp"


def test_the_counters_rise_with_the_mails(store: Store) -> None:
    keep(store, [new(b"1"), new(b"2"), new(b"3", replace(ENVELOPE, door="lmtp"))])
    keep(store, [new(b"4")])
    assert counters(store) == {"accepted": 4, "accepted.lmtp": 1, "accepted.smtp": 3}


def test_a_bad_row_leaves_nothing_of_its_group_behind(store: Store) -> None:
    bad = replace(new(b"bad"), lane=None)  # type: ignore[arg-type] - what no door hands over
    with pytest.raises((IntegrityError, sqlite3.IntegrityError)):
        keep(store, [new(b"good"), bad])
    assert rows(store) == (0, 0)
    assert counters(store) == {}


def test_a_header_text_that_no_database_takes_is_kept_all_the_same(store: Store) -> None:
    (mail_id,) = keep(store, [replace(new(b"x"), message_id="<\udcff\0@x.example>")])
    assert read_delivery(store, mail_id).message_id == "<?\ufffd@x.example>"


def test_a_locked_journal_is_deferred_and_works_afterwards(sqlite_store: Store) -> None:
    store = sqlite_store
    other = open_store(store.url)

    @event.listens_for(store.journal, "connect")
    def _be_quick(connection: object, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=10")  # type: ignore[attr-defined]

    store.journal.dispose()
    with other.journal_writing() as conn:
        conn.exec_driver_sql("SELECT 1")
        with pytest.raises(Deferred, match="locked"):
            keep(store, [new(b"x")])
    assert keep(store, [new(b"x")]) == [1]
    other.close()


def test_the_writer_is_told_when_its_turn_has_come(store: Store) -> None:
    turns: list[tuple[int, int]] = []
    keep(store, [new(b"x")], lambda: turns.append(rows(store)))
    assert turns == [(0, 0)]


def test_deliveries_are_listed_from_a_mark_on(store: Store) -> None:
    ids = keep(store, [new(b"%d" % number) for number in range(5)])
    assert [d.id for d in deliveries_after(store, 0, 3)] == ids[:3]
    assert [d.id for d in deliveries_after(store, ids[2], 10)] == ids[3:]
    assert deliveries_after(store, ids[-1], 10) == []


def test_what_is_not_there_is_a_lookup_error(store: Store) -> None:
    with pytest.raises(LookupError):
        read_raw(store, 7)
    with pytest.raises(LookupError):
        read_delivery(store, 7)
    assert read_raws(store, [7]) == {}


def test_refusals_are_counted_listed_and_forgotten_after_their_time(store: Store) -> None:
    old = Refusal(
        at=NOW - timedelta(days=31),
        door="smtp",
        peer="192.0.2.9",
        mail_from="",
        recipients=("nobody@helpdesk.example",),
        reply="550 5.1.1 No",
        reason="unknown mailbox",
        whole=False,
    )
    fresh = replace(old, at=NOW, message_id="<m@x.example>", whole=True, reason="\udc80")
    refuse(store, [old, fresh], {"refused_recipients": 5})
    assert refusals(store, 1) == [replace(fresh, reason="?")]
    assert counters(store) == {
        "refused": 1,
        "refused.smtp": 1,
        "refused_recipients": 6,
        "refused_recipients.smtp": 1,
    }
    assert forget_refusals(store, NOW - timedelta(days=30)) == 1
    assert refusals(store, 10) == [replace(fresh, reason="?")]


def test_a_naive_time_is_refused(store: Store) -> None:
    naive = replace(ENVELOPE, received_at=NOW.replace(tzinfo=None))
    with pytest.raises((ValueError, SQLAlchemyError)):
        keep(store, [new(b"x", naive)])
    assert rows(store) == (0, 0)


def test_the_envelope_is_stored_as_plain_json(store: Store) -> None:
    keep(store, [new(b"x")])
    with store.journal_reading() as conn:
        text = conn.exec_driver_sql("SELECT CAST(envelope AS text) FROM delivery").scalar_one()
    assert json.loads(text)["recipients"] == list(ENVELOPE.recipients)
