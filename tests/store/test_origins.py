"""Where mails lie in mailboxes, on both databases: a place with its bytes is taken once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from sqlalchemy import select

from parsers.envelope import Envelope
from store import journal, leases
from store.engine import Store
from store.journal_tables import delivery, mailbox_mail, raw_mail
from store.mailboxes import remember_failure, remembered
from store.origins import Origin

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BOX = "helpdesk@imap.example/INBOX"


def new(number: int, uid: int | None, term: leases.Term | None = None) -> journal.NewDelivery:
    raw = b"Message-ID: <%d@x.example>\r\n\r\nText.\r\n" % number
    digest = sha256(raw).hexdigest()
    envelope = Envelope("imap", "", "", "", ("support@helpdesk.example",), NOW)
    origin = None if uid is None else Origin(BOX, 1, uid, term)
    return journal.NewDelivery(envelope, raw, digest, digest, f"<{number}@x.example>", 2, origin)


def deliveries(store: Store) -> int:
    with store.journal_reading() as conn:
        return len(conn.execute(select(delivery.c.id)).all())


def test_a_mail_that_is_handed_in_again_keeps_its_number(store: Store) -> None:
    ids = journal.keep(store, [new(1, 1), new(2, 2)])
    again = journal.keep(store, [new(3, 3), new(2, 2), new(4, None), new(1, 1)])
    assert [again[3], again[1]] == ids
    assert deliveries(store) == 4
    assert journal.keep(store, [new(1, 1)]) == ids[:1]


def test_other_bytes_in_the_same_place_are_another_mail(store: Store) -> None:
    first = journal.keep(store, [new(1, 1)])
    second = journal.keep(store, [new(2, 1)])
    assert first != second
    assert remembered(store, BOX, 1, [1])[1].delivery == second[0]


def test_a_mail_that_failed_before_is_taken(store: Store) -> None:
    remember_failure(store, Origin(BOX, 1, 1), 3, "no", NOW)
    ids = journal.keep(store, [new(1, 1)])
    assert remembered(store, BOX, 1, [1])[1].delivery == ids[0]


def test_the_same_place_twice_in_a_group_keeps_nothing_of_it(store: Store) -> None:
    with pytest.raises(Exception, match=r".*"):
        journal.keep(store, [new(1, 1), new(1, 1)])
    assert deliveries(store) == 0
    one = journal.keep(store, [new(1, 1)])
    assert journal.keep(store, [new(1, 1)]) == one


def test_threads_that_hand_in_the_same_mails_at_once_get_the_same_numbers(store: Store) -> None:
    group = [new(n, n) for n in range(1, 40)]
    with ThreadPoolExecutor(4) as pool:
        kept = [pool.submit(journal.keep, store, group) for _ in range(4)]
        ids = {tuple(one.result()) for one in kept}
    assert len(ids) == 1
    assert deliveries(store) == len(group)
    with store.journal_reading() as conn:
        assert len(conn.execute(select(raw_mail.c.id)).all()) == len(group)
        assert len(conn.execute(select(mailbox_mail.c.uid)).all()) == len(group)


def test_a_daemon_that_lost_its_lease_hands_in_nothing(store: Store) -> None:
    lost = leases.take(store, BOX, "one", 30.0)
    assert lost is not None
    journal.keep(store, [new(1, 1, lost)])
    if not store.shared:
        return  # there, one daemon has the store
    now = leases.take(store, BOX, "one", 30.0)
    with pytest.raises(leases.LeaseLost):
        journal.keep(store, [new(2, 2, lost), new(3, None)])
    assert deliveries(store) == 1
    journal.keep(store, [new(2, 2, now), new(3, None)])
    assert deliveries(store) == 3
