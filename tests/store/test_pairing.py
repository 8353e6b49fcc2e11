"""Whether the two files of a store belong together: what is lost, and what is only behind."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fresh import open_fresh

from parsers.envelope import Envelope
from parsers.errors import Deferred
from store import inbox
from store.engine import Store, open_store
from store.files import unfit
from store.journal import NewDelivery, keep
from store.pairing import Loss, find_loss, number_after
from store.schema import upgrade

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    opened = made(place)
    yield opened
    opened.close()


def made(place: Path) -> Store:
    """Return a store that was started here, with a number of its own."""
    place.mkdir(exist_ok=True)
    store = open_store(f"sqlite:///{place}/tickets.db")
    upgrade(store, first_ticket=1)
    return store


def take(store: Store, *names: str) -> list[int]:
    """Keep a mail for each name, and pull them."""
    numbers = [keep_only(store, name) for name in names]
    inbox.pull(store)
    return numbers


def keep_only(store: Store, name: str) -> int:
    envelope = Envelope("smtp", "192.0.2.1", "client", "a@physics.example", ("s@d.example",), NOW)
    one = NewDelivery(envelope, name.encode(), name.rjust(64, "0"), name.rjust(64, "0"), name, 2)
    return keep(store, [one])[0]


def save(store: Store, name: str) -> Path:
    """Return a copy of tickets.db or journal.db as it is now."""
    store.close()
    place = store.files[0].path.parent
    copy = place / f"{name}.saved"
    shutil.copy(place / name, copy)
    return copy


def lose(store: Store, name: str) -> Path:
    store.close()
    path = store.files[0].path.with_name(name)
    path.unlink()
    return path


def loss(store: Store) -> Loss | None:
    found = find_loss(store.files[0].path)
    return found.loss if found else None


def test_a_store_that_is_new_in_use_or_crashed_before_its_first_pull_is_whole(store: Store) -> None:
    assert loss(store) is None
    keep_only(store, "a")
    assert loss(store) is None
    store.close()
    upgrade(store, first_ticket=1)
    assert loss(store) is None
    take(store, "b")
    assert loss(store) is None


def test_before_the_first_start_nothing_is_lost_and_looking_makes_nothing(place: Path) -> None:
    assert find_loss(place / "tickets.db") is None
    assert list(place.iterdir()) == []


def test_tickets_that_are_gone_are_lost_and_looking_makes_none(store: Store) -> None:
    take(store, "a", "b")
    path = lose(store, "tickets.db")
    found = find_loss(path)
    assert found
    assert (found.loss, found.mails) == (Loss.TICKETS, 2)
    assert not path.exists()


def test_empty_files_and_tickets_of_another_helpdesk_are_no_tickets(
    store: Store, place: Path
) -> None:
    keep_only(store, "a")
    path = lose(store, "tickets.db")
    path.touch()
    assert loss(store) is Loss.TICKETS
    other = made(place / "other")
    shutil.copy(save(other, "tickets.db"), path)
    assert loss(store) is Loss.TICKETS


def test_tickets_of_a_backup_are_whole_and_what_is_newer_is_pulled(store: Store) -> None:
    empty = save(store, "tickets.db")
    take(store, "a")
    early = empty.rename(empty.with_name("first"))
    saved = save(store, "tickets.db")
    take(store, "b", "c")
    for backup, newer in ((saved, 2), (early, 3)):
        shutil.copy(backup, lose(store, "tickets.db"))
        again = open_store(store.url)
        assert loss(again) is None
        assert inbox.pull(again) == newer
        again.close()


def test_mails_that_are_gone_are_lost(store: Store) -> None:
    take(store, "a")
    saved = save(store, "journal.db")
    take(store, "b")
    path = lose(store, "journal.db")
    assert loss(store) is Loss.MAILS
    shutil.copy(saved, path)
    found = find_loss(store.files[0].path)
    assert found
    assert (found.loss, found.last, found.newest) == (Loss.MAILS, 2, 1)


def test_once_that_is_accepted_no_number_is_given_twice(store: Store, place: Path) -> None:
    take(store, "a", "b")
    lose(store, "journal.db")
    again = made(place)
    number_after(again, 2)
    assert loss(again) is None
    assert take(again, "c") == [3]
    assert loss(again) is None
    again.close()


def test_files_that_went_on_apart_are_strangers(store: Store) -> None:
    take(store, "a")
    tickets, journal = save(store, "tickets.db"), save(store, "journal.db")
    take(store, "b")
    theirs = save(store, "tickets.db").rename(tickets.with_name("theirs"))
    shutil.copy(journal, lose(store, "journal.db"))
    again = open_store(store.url)
    keep_only(again, "other")
    again.close()
    shutil.copy(theirs, lose(again, "tickets.db"))
    assert loss(again) is Loss.STRANGERS


def test_a_store_of_before_the_files_had_a_number_is_whole(place: Path) -> None:
    old = open_fresh(f"sqlite:///{place}/tickets.db")
    take(old, "a")
    with old.writing() as conn:
        conn.exec_driver_sql("PRAGMA user_version = 0")
    assert loss(old) is None
    upgrade(old, first_ticket=1)
    with old.reading() as desk, old.journal_reading() as journal:
        numbers = {c.exec_driver_sql("PRAGMA user_version").scalar() for c in (desk, journal)}
    assert len(numbers) == 1
    assert 0 not in numbers
    old.close()


def test_nothing_is_committed_into_tickets_that_were_moved_away_until_they_are_back(
    store: Store,
) -> None:
    """Mails would be decided again after a restart, and told twice."""
    take(store, "a")
    keep_only(store, "b")
    path = store.files[0].path
    moved = path.rename(path.with_name("moved"))
    with pytest.raises(Deferred, match=f"{path} is missing while .* put the file back"):
        inbox.pull(store)
    assert not path.exists()
    moved.rename(path)
    assert inbox.pull(store) == 1


def test_the_owner_is_named_whose_files_they_are(store: Store) -> None:
    """Root may do everything, so somebody else has to look."""
    store.close()
    path = store.files[0].path
    if os.geteuid() != 0:
        path.chmod(0)
        assert f"chmod u+rwX {path}" in unfit(path)
        return
    path.parent.chmod(0o777)
    ends, beginning = os.pipe()
    child = os.fork()
    if not child:
        os.setuid(65534)
        os.write(beginning, unfit(path).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(beginning)
    with os.fdopen(ends) as said:
        assert said.read().startswith(f"{path} belongs to root (mode ")
