"""A short torture: ten blows under load, all promises kept; and the checks see what is broken."""

from pathlib import Path

import pytest
from running import Helpdesk, until
from torture.books import Books
from torture.checks import violations
from torture.driver import torture
from torture.history import OK, History
from torture.plan import Plan
from torture.spoiling import spoilt
from torture.wire import hand_over

pytestmark = pytest.mark.timeout(600)  # by itself a minute


def test_ten_kills_under_load_lose_nothing_and_double_nothing(on_disk: Path) -> None:
    plan = Plan(mails=40, kills=10, seed=4, senders=3, most_s=240, settle_s=120)
    verdict = torture(plan, on_disk)
    assert verdict.faults == [], verdict.table()
    assert verdict.attempts[OK] >= plan.mails, verdict.table()
    assert sum(verdict.blows.values()) == plan.kills


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, Path]:
    """A quiet run without any blow: a history and the store that goes with it."""
    place = tmp_path_factory.mktemp("quiet")
    desk, history, books = Helpdesk(place), History(seed=1), Books(place)
    desk.start()
    first = history.write("new", 300)
    for letter in (first, history.write("reply", 300, first), history.write("site", 300)):
        for _ in range(2):
            letter.attempts.append(hand_over(desk.smtp, letter.raw, letter.person, letter.to))
            assert letter.attempts[-1].how == OK
    desk.settled(6)
    until(lambda: not books.waiting(), "quiet")
    desk.stop()
    return history, place


BROKEN: dict[str, tuple[str, str]] = {
    "I1 lost": ("tickets.db", "DELETE FROM event WHERE number = 2"),
    "I1 duplicate": (
        "tickets.db",
        "UPDATE event SET mail = (SELECT mail FROM event WHERE number = 2) WHERE ticket = 100002",
    ),
    "I3 raw mails": ("journal.db", "UPDATE raw_mail SET bytes = x'00' WHERE id = 1"),
    "I7 ticket": ("tickets.db", "UPDATE event SET number = 3 WHERE number = 2"),
    "I9 deliveries": ("tickets.db", "DELETE FROM inbox WHERE mail = 6"),
    "I9 outcomes counted": (
        "tickets.db",
        "UPDATE counter SET value = 9 WHERE name = 'outcome.new'",
    ),
    "I9 accepted": ("journal.db", "DELETE FROM journal_counter"),
    "I9 mails not done": ("tickets.db", "UPDATE inbox SET state = 'broken' WHERE mail = 1"),
    "I12 still claimed": ("tickets.db", "UPDATE outbox SET state = 'claimed' WHERE id = 1"),
    "I4 marked as sent": (
        "tickets.db",
        "UPDATE outbox SET message_id = '<x@y.example>' WHERE id = 1",
    ),
    "I2": ("journal.db", "UPDATE delivery SET sha256 = 'x' WHERE id = 6"),
}


def test_a_quiet_run_has_no_violation(run: tuple[History, Path]) -> None:
    history, place = run
    assert violations(history, Books(place)) == []


@pytest.mark.parametrize("seen_as", BROKEN)
def test_the_checks_see_a_broken_promise(seen_as: str, run: tuple[History, Path]) -> None:
    history, place = run
    name, statement = BROKEN[seen_as]
    with spoilt(place / name, statement):
        found = violations(history, Books(place))
    assert any(sentence.startswith(seen_as) for sentence in found), found


def test_a_mail_that_vanished_from_the_maildir_is_seen(run: tuple[History, Path]) -> None:
    history, place = run
    mail = next((place / "outgoing" / "new").glob("*"))
    away = mail.rename(place / "away")
    try:
        found = violations(history, Books(place))
    finally:
        away.rename(mail)
    assert [sentence[:17] for sentence in found] == ["I4 marked as sent"]
