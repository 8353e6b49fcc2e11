"""Whom an alarm wakes when addresses are odd, dead, doubled or ours: never nobody, never twice."""

from datetime import timedelta

import pytest
from acting import PROVEN, Acting

from parsers.errors import Refused
from router.decision import Command, Due
from router.ticket import TicketKind
from store.outbox import claim


@pytest.mark.parametrize(
    "addresses",
    [
        ("atlas-operator@fzk.example", "{vo}-operator@fzk.example"),
        ("alarm@fzk.example", "Alarm@FZK.example"),
    ],
)
def test_an_address_that_stands_there_twice_gets_one_alarm_mail(
    acting: Acting, addresses: tuple[str, ...]
) -> None:
    acting.site("FZK-LCG2", alarm_addresses=addresses)
    assert acting.alarm()["outcome"] == "new"
    (page,) = acting.pages()
    assert page.recipient == addresses[0]
    for minutes in (31, 62):
        acting.stage.now += timedelta(minutes=minutes)
        acting.stage.tick()
        assert (
            len([p for p in acting.pages() if "operator" in p.recipient or "larm" in p.recipient])
            == 1
        )


def test_an_alarm_address_of_ours_is_none(acting: Acting) -> None:
    acting.site("FZK-LCG2", alarm_addresses=("support@helpdesk.example",))
    acting.alarm()
    assert {one.recipient for one in acting.pages()} == {
        "grid-admins@fzk.example",
        "duty@fzk.example",
    }


def test_dead_addresses_start_one_step_each_and_not_one_a_mail(acting: Acting) -> None:
    acting.site("FZK-LCG2", alarm_addresses=("dead@fzk.example", "alarm@fzk.example"))
    acting.alarm()
    acting.said()
    acting.bounce("dead@fzk.example")
    assert "alarm -> duty@fzk.example" in acting.said()
    acting.bounce("dead@fzk.example")
    assert not [one for one in acting.said() if one.startswith("alarm")]
    paging = acting.ticket().paging
    assert paging is not None
    assert paging.steps == 2
    acting.bounce("duty@fzk.example")
    assert "notification -> ngi-de@roc.example" in acting.said()


def test_who_is_woken_after_a_bounce_reads_the_alarms_own_words(acting: Acting) -> None:
    acting.alarm()
    acting.said()
    acting.bounce("alarm@fzk.example")
    pages = {one.recipient: one.mail for one in acting.pages()}
    assert b"All transfers dead." in pages["duty@fzk.example"]


def test_a_confirmed_alarm_of_a_site_that_is_no_longer_certified_is_refused(acting: Acting) -> None:
    acting.mail("alarm@helpdesk.example", "anna@cern.example", "Site: FZK-LCG2\n\nDead.")
    acting.said()
    acting.site("FZK-LCG2", certification="Suspended")
    with pytest.raises(Refused, match="suspended"):
        acting.stage.desk.do(Command("confirm", 100001, "operator"))
    assert acting.ticket().held


def test_a_solved_team_ticket_does_not_become_an_alarm_that_is_over(acting: Acting) -> None:
    by = "anna@cern.example"
    acting.mail("team@helpdesk.example", by, "Site: FZK-LCG2\nVO: atlas\n\nSlow.", proofs=PROVEN)
    acting.said()
    ref = "In-Reply-To: {{message_id anna@cern.example}}\n"
    solved = "Status: solved\n\nAll well."
    acting.mail("support@helpdesk.example", by, solved, more=ref, proofs=PROVEN)
    acting.said()
    convert = "Convert: alarm\nAlarm: helpdesk.example\n\nDead."
    acting.mail("support@helpdesk.example", by, convert, more=ref, proofs=PROVEN)
    assert not acting.pages()
    assert acting.ticket().kind is TicketKind.TEAM
    both = f"Status: reopened\n{convert}"
    acting.mail("support@helpdesk.example", by, both, more=ref, proofs=PROVEN)
    assert [one.recipient for one in acting.pages()] == ["alarm@fzk.example"]


def test_an_alarm_mail_that_is_given_up_goes_on_with_the_alarms_own_words(acting: Acting) -> None:
    acting.alarm()
    now = acting.stage.now
    with acting.stage.store.writing() as conn:
        rows = claim(conn, by="x", now=now, until=now + timedelta(hours=1), limit=1, lanes=(0,))
    acting.stage.desk.do(Due("given-up", row=rows[0].id, detail="nobody took it"))
    pages = {one.recipient: one.mail for one in acting.pages()}
    assert b"All transfers dead." in pages["duty@fzk.example"]


def test_first_line_cannot_confirm_an_alarm_that_would_wake_nobody(acting: Acting) -> None:
    text = "Site: FZK-LCG2\nVO: atlas\n\nDead."
    acting.mail("alarm@helpdesk.example", "anna@cern.example", text)
    acting.said()
    acting.site("FZK-LCG2", certification="Suspended")
    to = acting.stage.fill("reply+{{token tpm@firstline.example}}@helpdesk.example")
    row = acting.mail(to, "tina@firstline.example", "Confirm: yes", proofs=PROVEN)
    assert row["outcome"] != "command"
    assert acting.ticket().held
    acting.site("FZK-LCG2", certification="Certified")
    row = acting.mail(to, "tina@firstline.example", "Confirm: yes", proofs=PROVEN)
    assert row["outcome"] == "command"
    assert acting.pages()
