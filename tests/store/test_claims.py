"""Claims of the inbox, on both databases: each mail in one hand, alarms first, nothing for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from parsers.envelope import Envelope
from store import inbox, journal
from store.engine import Store, open_store
from store.health import read_roles, say_of_role
from store.journal_counters import counters

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ENVELOPE = Envelope(
    door="smtp",
    peer="192.0.2.7",
    helo="mx.example.org",
    mail_from="anna@example.org",
    recipients=("support@helpdesk.example",),
    received_at=NOW,
    submitted=True,
    tls=True,
    faults=(),
)


def keep(store: Store, number: int, lane: int = 2, text: bytes = b"") -> int:
    raw = b"Message-ID: <%d@x.example>\r\n\r\n%s" % (number, text)
    digest = sha256(raw).hexdigest()
    new = journal.NewDelivery(ENVELOPE, raw, digest, digest, f"<{number}@x.example>", lane)
    return journal.keep(store, [new])[0]


def claim(store: Store, by: str, now: datetime = NOW) -> list[int]:
    return [one.mail for one in inbox.claim(store, by=by, now=now)[0]]


def test_three_claimers_take_each_of_300_mails_once_and_alarms_first(store: Store) -> None:
    lanes = {keep(store, n, lane=0 if n % 10 == 9 else 2): n for n in range(300)}
    inbox.pull(store)
    others = [open_store(store.url) for _ in range(2)]

    def take_all(name: str, mine: Store) -> list[int]:
        taken: list[int] = []
        while batch := claim(mine, name):
            taken += batch
        return taken

    with ThreadPoolExecutor(3) as pool:
        takes = [pool.submit(take_all, f"c{i}", s) for i, s in enumerate([store, *others])]
        taken = [take.result() for take in takes]
    for other in others:
        other.close()
    assert sorted(mail for one in taken for mail in one) == sorted(lanes)
    for one in taken:
        was_alarm = [lanes[mail] % 10 == 9 for mail in one]
        assert was_alarm == sorted(was_alarm, reverse=True)


def test_a_mail_in_the_hands_of_a_claimer_is_passed_over_and_not_waited_for(
    postgres_url: str,
) -> None:
    store, other = open_store(postgres_url), open_store(postgres_url)
    first, *rest = [keep(store, n) for n in range(3)]
    with store.writing() as conn:
        inbox._due(conn, NOW)  # locks all three, takes none yet
        fourth = keep(other, 4)
        assert claim(other, "two") == [fourth]
    assert claim(other, "two") == [first, *rest]
    for one in (store, other):
        one.close()


def test_numbers_that_keep_returns_are_those_of_its_mails_while_others_write(store: Store) -> None:
    def many(name: bytes) -> None:
        mine = open_store(store.url)
        for turn in range(10):
            raws = [b"%s %d %d" % (name, turn, n) for n in range(20)]
            new = [
                journal.NewDelivery(ENVELOPE, raw, sha256(raw).hexdigest(), "c", "", 2)
                for raw in raws
            ]
            ids = journal.keep(mine, new)
            assert journal.read_raws(mine, ids) == dict(zip(ids, raws, strict=True))
        mine.close()

    writers = 3 if store.shared else 1  # SQLite's journal has one writer
    with ThreadPoolExecutor(writers) as pool:
        for done in [pool.submit(many, b"w%d" % n) for n in range(writers)]:
            done.result()


def test_the_same_mails_kept_by_two_at_once_in_another_order_lock_nobody_out(
    postgres_url: str,
) -> None:
    raws = [b"mail %d" % n for n in range(40)]

    def all_of(order: int) -> None:
        mine = open_store(postgres_url)
        for _ in range(5):
            new = [
                journal.NewDelivery(ENVELOPE, raw, sha256(raw).hexdigest(), "c", "", 2)
                for raw in raws[::order]
            ]
            journal.keep(mine, new)
        mine.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(all_of, order) for order in (1, -1)]:
            done.result()
    store = open_store(postgres_url)
    assert counters(store)["accepted"] == 400
    store.close()


def test_a_daemon_that_starts_frees_its_own_claims_only(store: Store) -> None:
    mails = [keep(store, n, text=b"x" * 900_000) for n in range(3)]
    inbox.pull(store)
    assert claim(store, "work-0@a:1") == mails[:1]
    assert claim(store, "work-0@b:1") == mails[1:2]
    assert inbox.take_all_back(store, "@a:1") == 1
    assert claim(store, "work-1@b:1") == mails[:1]
    assert inbox.take_all_back(store) == 2


def test_claims_of_a_slot_that_is_not_heard_of_for_two_minutes_are_freed(
    postgres_url: str,
) -> None:
    store = open_store(postgres_url)
    (mail,) = [keep(store, 1)]
    assert claim(store, "work-0@gone:1") == [mail]
    later = NOW + timedelta(minutes=2)
    assert inbox.take_from_the_gone(store, later - timedelta(seconds=1)) == 0
    say_of_role(store, "work-0@gone:1", "", NOW + timedelta(seconds=30))
    assert inbox.take_from_the_gone(store, later) == 0
    assert inbox.take_from_the_gone(store, later + timedelta(seconds=31)) == 1
    assert claim(store, "work-0@here:1", later) == [mail]
    store.close()


def test_claiming_is_no_statement_on_how_well_a_slot_is(postgres_url: str) -> None:
    store = open_store(postgres_url)
    say_of_role(store, "work-0@a:1", "the disk is full", NOW)
    keep(store, 1)
    claim(store, "work-0@a:1", NOW + timedelta(seconds=5))
    (row,) = read_roles(store)
    assert (row.detail, row.at) == ("the disk is full", NOW + timedelta(seconds=5))
    store.close()


def test_who_speaks_again_after_silence_is_well_since_then_and_not_since_long_ago(
    store: Store,
) -> None:
    def since(after_s: float, detail: str = "") -> datetime:
        say_of_role(store, "work-0", detail, NOW + timedelta(seconds=after_s))
        (row,) = read_roles(store)
        return row.since

    assert since(0) == NOW
    assert since(10) == NOW
    assert since(69) == NOW, "less than a minute of silence is none"
    assert since(130) == NOW + timedelta(seconds=130), "a minute of silence was an outage"
    assert since(140) == NOW + timedelta(seconds=130)
    assert since(150, "the disk is full") == NOW + timedelta(seconds=150)
    assert since(160, "the disk is full") == NOW + timedelta(seconds=150)
