"""How many relations a ticket may have, whichever side they are made from."""

from router.relations import MOST_CROSS
from router.ticket import Tie
from tests.router.replies import SUPPORTER, about, by
from tests.router.test_relations import all_after, joined, other


def test_a_ticket_takes_no_more_cross_references_from_its_own_side_either() -> None:
    full = joined(about(), Tie.CROSS, *range(1000, 1000 + MOST_CROSS))
    one, *beside = all_after(by(SUPPORTER, "Cross reference: #12"), full, other())
    assert (one.ties, beside) == ((), [])
    assert f"#7 has {MOST_CROSS} cross references" in " ".join(one.notes)
