"""Leases: one holder at a time by the clock of the database; on SQLite nothing is shared."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from running import until
from sqlalchemy import select

from store import leases
from store.engine import Store, open_store
from store.tables import lease

BOX = "helpdesk@imap.example/INBOX"


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Store]:
    opened = open_store(postgres_url)
    yield opened
    opened.close()


def require(store: Store, *terms: leases.Term) -> None:
    with store.journal_writing() as conn:
        leases.require(conn, terms)


def test_of_many_who_ask_at_once_one_gets_it(shared: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(leases.take, shared, BOX, f"d{n}", 30.0) for n in range(8)]
        terms = [term for one in asked if (term := one.result()) is not None]
    assert len(terms) == 1
    assert leases.holder(shared, BOX) == terms[0].holder
    require(shared, *terms)


def test_it_is_free_when_its_time_is_over_and_the_one_before_may_not_write_any_more(
    shared: Store,
) -> None:
    first = leases.take(shared, BOX, "one", 3.0)
    assert first is not None
    require(shared, first)
    assert leases.take(shared, BOX, "two", 30.0) is None
    second = until(lambda: leases.take(shared, BOX, "two", 30.0), "its time is over")
    with pytest.raises(leases.LeaseLost):
        require(shared, first)
    assert not leases.renew(shared, first, 30.0)
    leases.release(shared, first)
    require(shared, second)


def test_renewing_in_time_keeps_it(shared: Store) -> None:
    mine = leases.take(shared, BOX, "one", 0.5)
    assert mine is not None
    over_at = time.monotonic() + 0.6
    assert leases.renew(shared, mine, 60.0)
    until(lambda: time.monotonic() > over_at, "its first time is over")
    assert leases.take(shared, BOX, "two", 30.0) is None
    require(shared, mine)


def test_who_is_late_may_go_on_if_nobody_took_it_and_must_not_write_before(shared: Store) -> None:
    mine = leases.take(shared, BOX, "one", 0.0)
    assert mine is not None
    with pytest.raises(leases.LeaseLost):
        require(shared, mine)
    assert leases.renew(shared, mine, 30.0)
    require(shared, mine)


def test_a_daemon_that_starts_again_has_its_lease_at_once_and_its_own_past_has_not(
    shared: Store,
) -> None:
    before = leases.take(shared, BOX, "one", 30.0)
    after = leases.take(shared, BOX, "one", 30.0)
    assert before is not None
    assert after is not None
    require(shared, after)
    with pytest.raises(leases.LeaseLost):
        require(shared, before)


def test_what_is_given_back_is_free_at_once(shared: Store) -> None:
    mine = leases.take(shared, BOX, "one", 30.0)
    assert mine is not None
    leases.release(shared, mine)
    assert leases.take(shared, BOX, "two", 30.0) is not None
    assert leases.take(shared, "another", "one", 30.0) is not None, "each has a lease of its own"


def test_on_sqlite_it_is_always_ours_and_nothing_is_written(sqlite_store: Store) -> None:
    mine = leases.take(sqlite_store, BOX, "one", 0.0)
    assert mine is not None
    require(sqlite_store, mine)
    assert leases.renew(sqlite_store, mine, 0.0)
    leases.release(sqlite_store, mine)
    with sqlite_store.reading() as conn:
        assert conn.execute(select(lease)).all() == []
