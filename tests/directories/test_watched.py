"""What an operator's metrics say of directories, on both databases."""

from datetime import timedelta

from gateway.directories.rounds import begin
from store.watching import DirectoryAmounts, read_amounts
from tests.directories.conftest import NOW, Opening
from tests.directories.playing import Player, Reply


def test_amounts_are_of_the_kept_copy_and_of_the_last_attempt(
    office: Opening, player: Player
) -> None:
    there = office("goc", "people", "indigo")
    there.sync("goc")
    there.sync("people")
    player.bad = lambda _: Reply(b"", 403)
    there.sync("people")
    there.sync("people")
    begin(there.desk, there.config)
    at = [NOW + timedelta(minutes=minute) for minute in range(4)]
    goc, people, indigo = read_amounts(there.store, there.config.directory).directories
    notes = len(there.state("goc").notes)
    assert goc == DirectoryAmounts(
        "goc", True, at[1], None, {"site": 4, "roc": 3, "downtime": 2}, notes
    )
    assert (people.good_at, people.failing_since, people.entries) == (at[2], at[3], {"member": 7})
    assert indigo == DirectoryAmounts("indigo", False, None, None, {}, 0)


def test_a_directory_that_is_not_configured_is_not_shown(office: Opening) -> None:
    there = office("goc")
    there.sync("goc")
    assert read_amounts(there.store).directories == ()
    assert [one.name for one in read_amounts(there.store, ["new"]).directories] == ["new"]
