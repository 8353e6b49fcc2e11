"""Alarms and other tickets: what may wait for what; a site's address stays with its alarm."""

import pytest

from parsers.block import Field
from parsers.errors import Refused
from router.decision import Command
from router.ticket import Relation, Tie
from store.alarm_listing import alarms
from tests.acting import Acting

ALARM, OTHER = 100001, 100002
PAGER = "alarm@fzk.example"
ANNE = "anne@physics.example"
KEYS = {"Master": "master", "Parent": "parent", "Merge into": "merge_into", "Status": "status",
        "Duplicate of": "duplicate_of"}  # fmt: skip


def ask(acting: Acting, number: int, key: str, value: str, text: str = "") -> None:
    line = Field(KEYS[key], value, f"{key}: {value}")
    acting.stage.desk.do(Command("steer", number, "root (command line)", text, lines=(line,)))


@pytest.fixture
def both(acting: Acting) -> Acting:
    """An alarm that nobody has answered, and a user's ticket."""
    acting.alarm()
    acting.mail("support@helpdesk.example", ANNE, "Mine, too.", proofs=({"kind": "dkim"},))
    acting.said()
    return acting


@pytest.mark.parametrize(
    ("number", "key", "other"),
    [
        (ALARM, "Master", OTHER),
        (ALARM, "Merge into", OTHER),
        (ALARM, "Duplicate of", OTHER),
        (OTHER, "Parent", ALARM),
    ],
)
def test_an_alarm_that_nobody_has_answered_waits_for_no_ticket(
    both: Acting, number: int, key: str, other: int
) -> None:
    with pytest.raises(Refused, match="nobody has answered"):
        ask(both, number, key, str(other))
    assert both.ticket(ALARM).relations == ()
    both.answer(PAGER, "Event: ack\nBy: Frank\n")
    ask(both, number, key, str(other))
    assert both.ticket(ALARM).relations != ()


def test_a_users_ticket_may_wait_for_a_firing_alarm(both: Acting) -> None:
    ask(both, OTHER, "Master", str(ALARM))
    assert both.pages() == [], "its site hears nothing of that"
    assert both.ticket(ALARM).relations == (Relation(Tie.SLAVE, OTHER),)
    (row,) = alarms(both.stage.store)
    assert row.related == f"slave #{OTHER}"


def test_a_sites_address_stays_with_a_merged_alarm_and_persons_lead_on(both: Acting) -> None:
    both.answer(PAGER, "Event: ack\nBy: Frank\n")
    both.said()
    site = both.stage.fill(f"reply+{{{{token {PAGER}}}}}@helpdesk.example")
    person = both.stage.fill("reply+{{token anna@cern.example}}@helpdesk.example")
    ask(both, ALARM, "Merge into", str(OTHER))
    (page,) = both.pages()
    assert b'"event": "cancel"' in page.mail
    assert PAGER not in {one.address for one in both.ticket(OTHER).participants}
    before = len(both.history(OTHER))
    both.mail(site, "hook@site.example", "Event: comment\nBy: Frank\n\nA late word.")
    assert len(both.history(OTHER)) == before
    assert "A late word." in both.history(ALARM)[-1].text
    both.mail(site, "hook@site.example", "In my own words.")
    assert len(both.history(OTHER)) == before
    assert "In my own words." in both.history(ALARM)[-1].text
    both.mail(person, "anna@cern.example", "A person's word.")
    assert "A person's word." in both.history(OTHER)[-1].text


def test_monitoring_that_is_well_again_does_not_solve_a_parent_with_open_children(
    both: Acting,
) -> None:
    both.site("FZK-LCG2", resolve="solve")
    both.answer(PAGER, "Event: ack\nBy: Frank\n")
    ask(both, OTHER, "Parent", str(ALARM))
    assert str(both.ticket(ALARM).status) == "on hold"
    both.answer(PAGER, "Event: resolve\n")
    after = both.ticket(ALARM)
    assert after.paging is not None
    assert after.paging.recovered_at is not None
    assert str(after.status) == "on hold"
    ask(both, OTHER, "Status", "solved", "Done.")
    assert str(both.ticket(ALARM).status) == "in progress"
