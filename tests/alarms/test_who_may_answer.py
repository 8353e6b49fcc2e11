"""Answers to an alarm that end nothing: of machines, of former sites, of former rounds; floods."""

from datetime import timedelta

from acting import PROVEN, Acting

from parsers.alarm import AlarmStatus
from router.alarming import alarm_status
from router.decision import Due

BULK = "Precedence: bulk\n"


def test_a_mail_marked_as_bulk_does_not_answer_an_alarm(acting: Acting) -> None:
    acting.alarm()
    acting.said()
    acting.answer("alarm@fzk.example", "Your request has got number 4711.", more=BULK)
    assert alarm_status(acting.ticket()) is AlarmStatus.FIRING
    acting.answer("alarm@fzk.example", "We are on it.")
    assert alarm_status(acting.ticket()) is AlarmStatus.ACKNOWLEDGED


def test_comments_by_the_sites_address_are_frozen_like_any_loop(acting: Acting) -> None:
    acting.alarm()
    acting.said()
    told = []
    for number in range(12):
        text = f"Event: comment\nBy: operator {number}\n\nAnd again, {number}."
        row = acting.answer("alarm@fzk.example", text, more="Auto-Submitted: auto-generated\n")
        told.append(len([one for one in acting.said() if one.startswith("update")]))
        assert row["outcome"] in {"answer", "comment"}
    assert all(told[:5]), told
    assert not any(told[5:]), told
    acting.answer("alarm@fzk.example", "Event: ack\nBy: Otto")
    assert alarm_status(acting.ticket()) is AlarmStatus.ACKNOWLEDGED, "an answer always counts"


def test_the_same_site_says_once_that_its_monitoring_is_down(acting: Acting) -> None:
    acting.alarm()
    acting.said()
    acting.answer("alarm@fzk.example", "Event: unreachable\nSequence: 1")
    first = acting.said()
    assert "alarm -> duty@fzk.example" in first, "the same mail to the same hook helps nobody"
    acting.answer("alarm@fzk.example", "Event: unreachable\nSequence: 3")
    assert not acting.said()
    acting.stage.now += timedelta(minutes=31)
    acting.stage.tick()
    assert "notification -> ngi-de@roc.example" in acting.said()


def test_a_site_that_has_left_answers_no_longer(acting: Acting) -> None:
    acting.alarm()
    acting.said()
    text = "Event: ack\nBy: Otto"
    to = acting.stage.fill("reply+{{token alarm@fzk.example}}@helpdesk.example")
    acting.site("FZK-LCG2", certification="Suspended")
    acting.stage.desk.do(Due("site-gone", 100001))
    (cancel,) = acting.pages()
    assert b'"event": "cancel"' in cancel.mail
    assert b"reply+" not in cancel.mail
    assert b"NOT YOURS ANY MORE" in cancel.mail
    acting.mail(to, "hook@fzk.example", text, more="Auto-Submitted: auto-generated\n")
    assert alarm_status(acting.ticket()) is AlarmStatus.FIRING
    acting.said()
    acting.stage.now += timedelta(minutes=31)
    acting.stage.tick()
    said = acting.stage.said()
    assert "notification -> tpm@firstline.example" in [str(one) for one in said]
    assert not [one for one in said if b"call ." in one.mail or b" of  was" in one.mail]


def test_an_answer_to_an_earlier_round_does_not_end_the_new_one(acting: Acting) -> None:
    acting.alarm()
    by, ref = "anna@cern.example", "In-Reply-To: {{message_id anna@cern.example}}\n"
    acting.said()
    support = "support@helpdesk.example"
    acting.mail(support, by, "Status: solved\n\nWell.", more=ref, proofs=PROVEN)
    acting.mail(support, by, "Status: reopened\n\nDead again.", more=ref, proofs=PROVEN)
    acting.said()
    late = "Alarm-Id: helpdesk.example/100001\nEvent: {}\nSequence: 1\nBy: Otto"
    for event in ("receipt", "ack", "resolve", "unreachable"):
        acting.answer("alarm@fzk.example", late.format(event))
    ticket = acting.ticket()
    assert alarm_status(ticket) is AlarmStatus.FIRING
    assert ticket.paging is not None
    assert ticket.paging.receipt_at is None
    acting.answer("alarm@fzk.example", late.format("ack").replace("Sequence: 1", "Sequence: 3"))
    assert alarm_status(acting.ticket()) is AlarmStatus.ACKNOWLEDGED
