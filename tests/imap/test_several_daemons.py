"""Several daemons with the same mailbox on one PostgreSQL: one reads, another takes over."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from running import Helpdesk, until
from sqlalchemy import select

from store import leases
from store.engine import Store, open_store
from store.health import read_doors
from store.journal_tables import delivery
from store.tables import lease
from tests.imap.boxes import mail
from tests.imap.desk import make_desk
from tests.imap.dovecot import Dovecot
from tests.imap.reader import Nursery, Reader

PATIENCE_S = 150.0
MAILS = 200  # and those that come meanwhile
LEASE_S = 2.0


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Store]:
    opened = open_store(postgres_url)
    yield opened
    opened.close()


def kept(store: Store) -> Counter[str]:
    """Return how often each mail was kept, by its Message-ID."""
    with store.journal_reading() as conn:
        return Counter(conn.execute(select(delivery.c.message_id)).scalars())


def filed(dovecot: Dovecot, user: str) -> set[str]:
    """Return the Message-IDs of the mails that were filed away."""
    with dovecot.client(user, "Done") as client:
        found = client.fetch(client.search(), ["ENVELOPE"])
    return {one[b"ENVELOPE"].message_id.decode() for one in found.values()}


def holder(store: Store, user: str) -> str:
    return leases.holder(store, f"{user}@localhost/INBOX")


def holds(store: Store, user: str, who: str) -> bool:
    """Whether it has the lease and did not give it back."""
    if holder(store, user) != who:
        return False
    with store.reading() as conn:
        until_ = select(lease.c.until).where(lease.c.holder == who)
        return max(conn.execute(until_).scalars()) > datetime(2000, 1, 1, tzinfo=UTC)


@contextmanager
def fed(dovecot: Dovecot, user: str, pause_s: float) -> Iterator[list[int]]:
    """Put mails into the mailbox, one by one, during a block; give the numbers so far."""
    numbers: list[int] = []
    over = threading.Event()

    def feed() -> None:
        with dovecot.client(user) as client:
            while not over.wait(pause_s):  # mails that come one by one
                client.append("INBOX", mail(MAILS + len(numbers)))
                numbers.append(MAILS + len(numbers))

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        yield numbers
    finally:
        over.set()
        feeder.join(60)


def test_daemons_that_are_killed_and_halted_in_turn_take_each_mail_once(
    nursery: Nursery, shared: Store, dovecot: Dovecot, user: str
) -> None:
    dovecot.fill(user, [mail(n) for n in range(MAILS)])

    def begin(name: str) -> Reader:
        return nursery.begin(shared.url, dovecot.port, user, name, LEASE_S)

    daemons = {name: begin(name) for name in ("one", "two")}
    with fed(dovecot, user, 0.05) as fed_in:
        for blow in (signal.SIGSTOP, signal.SIGKILL) * 2:
            before, first = len(kept(shared)), str(until(lambda: holder(shared, user), "one reads"))
            until(lambda b=before: len(kept(shared)) > b, f"{first} reads")
            daemons[first].send(blow)
            until(lambda f=first: holder(shared, user) != f, "the other takes over")
            before = len(kept(shared))
            # Halted in the middle of a transaction, it keeps its locks until PostgreSQL ends it.
            until(lambda b=before: len(kept(shared)) > b, "and goes on", PATIENCE_S)
            if blow == signal.SIGSTOP:
                daemons[first].send(signal.SIGCONT)
            else:
                daemons[first].end()
                daemons[first] = begin(first)
    until(lambda: dovecot.count(user) == 0, "all are moved", PATIENCE_S)
    assert kept(shared) == {f"<{n}@physics.example>": 1 for n in (*range(MAILS), *fed_in)}
    # A move that the server is still doing when its daemon has lost the lease may leave two copies.
    assert filed(dovecot, user) == kept(shared).keys()
    assert "read by another daemon" in nursery.log.read_text()


def test_a_daemon_that_was_halted_does_not_disturb_the_one_that_took_over(
    nursery: Nursery, shared: Store, dovecot: Dovecot, user: str
) -> None:
    one = nursery.begin(shared.url, dovecot.port, user, "one", 3 * LEASE_S)
    until(lambda: holder(shared, user) == "one", "it has begun")
    two = nursery.begin(shared.url, dovecot.port, user, "two", 3 * LEASE_S)
    try:
        dovecot.fill(user, [mail(1)])
        until(lambda: kept(shared)["<1@physics.example>"], "it reads")
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 4.5 * LEASE_S, "longer than a lease")
        assert holder(shared, user) == "one", "it is renewed while nothing comes"
        assert "taken over" not in nursery.log.read_text()
        one.send(signal.SIGSTOP)
        until(lambda: holder(shared, user) == "two", "the other takes over")
        one.send(signal.SIGCONT)
        until(
            lambda: "read by another daemon" in nursery.log.read_text().rpartition("taken over")[2],
            "it sees",
        )
        dovecot.fill(user, [mail(2)])
        until(lambda: dovecot.count(user, "Done") == 2, "it goes on")
        assert holder(shared, user) == "two"
        assert kept(shared) == {"<1@physics.example>": 1, "<2@physics.example>": 1}
    finally:
        one.end()
        two.end()


def test_a_daemon_that_is_stopped_gives_the_mailbox_to_the_next_at_once(
    place: Path, postgres_url: str, shared: Store, dovecot: Dovecot, user: str
) -> None:
    desks: list[Helpdesk] = []
    for name in ("one", "two"):
        (place / name).mkdir()
        changes = {"sqlite:///tickets.db": postgres_url}
        desks.append(make_desk(place / name, dovecot.port, user, changes))
    first, second = desks
    first.start()
    try:
        held = str(until(lambda: holder(shared, user), "the first one reads"))
        assert held.startswith("doors-0@")
        with helpdesk_of(second):
            dovecot.fill(user, [mail(1)])
            until(lambda: dovecot.count(user, "Done") == 1, "it is read")
            assert holder(shared, user) == held
            first.stop()
            assert not holds(shared, user, held), "no lease has to run out"
            dovecot.fill(user, [mail(2)])
            until(lambda: dovecot.count(user, "Done") == 2, "the second one reads on")
            assert holder(shared, user) != held
            said = {one.name: one.detail for one in read_doors(shared)}
            assert said[f"imap {user}@localhost/INBOX"] == ""
    finally:
        first.stop()
    assert set(kept(shared).values()) == {1}


@contextmanager
def helpdesk_of(desk: Helpdesk) -> Iterator[None]:
    desk.start()
    try:
        yield
    finally:
        desk.stop()
