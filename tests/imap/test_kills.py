"""A reader that is killed at any moment, and the memory of a long first reading."""

import random
import signal
import threading
import time
from collections import Counter

from running import until

from store.engine import Store
from store.journal import deliveries_after
from tests.imap.boxes import mail
from tests.imap.dovecot import Dovecot
from tests.imap.reader import Nursery, Reader

PATIENCE_S = 150.0


def kept(store: Store) -> Counter[str]:
    """Return how often each mail was kept, by its Message-ID."""
    return Counter(one.message_id for one in deliveries_after(store, 0, 100_000))


def test_kill_9_at_any_moment_loses_no_mail_and_keeps_none_twice(
    nursery: Nursery, store: Store, dovecot: Dovecot, user: str
) -> None:
    kills, chance = 24, random.Random(1)
    dovecot.fill(user, [mail(n) for n in range(200)])
    fed, over = 200, threading.Event()

    def feed() -> None:
        nonlocal fed
        with dovecot.client(user) as client:
            while not over.wait(0.03):  # mails that come one by one
                client.append("INBOX", mail(fed))
                fed += 1

    def begin() -> Reader:
        return nursery.begin(store.url, dovecot.port, user, "doors-0")

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        for number in range(kills):
            reader, before = begin(), len(kept(store))
            if number % 2:  # half of them while it reads, half of them while it begins
                until(lambda b=before: len(kept(store)) > b, "it reads")
            time.sleep(chance.uniform(0.0, 0.2))  # wherever that is
            reader.end()
    finally:
        over.set()
        feeder.join(60)
    reader = begin()
    until(lambda: dovecot.count(user) == 0, "all are moved", PATIENCE_S)
    reader.end(signal.SIGTERM)
    assert kept(store) == {f"<{number}@physics.example>": 1 for number in range(fed)}
    assert dovecot.count(user, "Done") == fed


def test_a_first_reading_goes_on_after_a_kill_and_its_memory_does_not_grow(
    nursery: Nursery, store: Store, dovecot: Dovecot, user: str
) -> None:
    mails, text = 2000, "x" * 60 + "\r\n"
    dovecot.deliver(user, [mail(n, text * 150) for n in range(mails)])

    def begin() -> Reader:
        return nursery.begin(store.url, dovecot.port, user, "doors-0")

    reader = begin()
    until(lambda: len(kept(store)) > 300, "some are read")
    reader.end()
    reader = begin()
    first = until(lambda: reader.peak_kb() if len(kept(store)) > 600 else 0, "it goes on")
    peak = first

    def is_done() -> bool:
        nonlocal peak
        peak = max(peak, reader.peak_kb())
        return dovecot.count(user) == 0

    until(is_done, "all are read and moved", PATIENCE_S)
    reader.end(signal.SIGTERM)
    assert kept(store) == {f"<{number}@physics.example>": 1 for number in range(mails)}
    assert peak - first < 40_000, "kB"
    assert "mailbox is new" in nursery.log.read_text()
