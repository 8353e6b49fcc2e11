"""In which order mails are worked on: alarms first, a thread in its order, nobody held up."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from stage import Stage

import gateway.work
from router.decision import Mail
from store import inbox
from store.tables import event, ticket
from store.tables import inbox as inbox_table
from tests.work.mails import TO, keep, total


def test_alarms_are_taken_before_everything_that_came_earlier(stage: Stage) -> None:
    for n in range(inbox.MAX_BATCH):
        keep(stage, n)
    alarm = keep(stage, 99, "alarm", ("alarm@helpdesk.example",))
    stage.worker.once()
    assert stage.mail(alarm)["state"] == "done"
    with stage.store.reading() as conn:
        waiting = select(func.count()).where(inbox_table.c.state == "kept")
        assert conn.execute(waiting).scalar_one() > 0, "the rest still waits"


def test_two_mails_of_one_thread_in_one_batch_keep_their_order(stage: Stage) -> None:
    for number, answers in (
        (1, ""),
        (2, "In-Reply-To: <1@x.example>\r\n"),
        (3, "In-Reply-To: <2@x.example>\r\n"),
    ):
        raw = (
            f"From: anna@physics.example\r\nMessage-ID: <{number}@x.example>\r\n{answers}"
            f"Subject: Trouble\r\n\r\nText {number}.\r\n"
        ).encode()
        stage.keep(raw, stage.envelope(raw, TO, "anna@physics.example", "127.0.0.1"))
    stage.work()
    with stage.store.reading() as conn:
        rows = conn.execute(select(event.c.number, event.c.text).order_by(event.c.number)).all()
    assert [tuple(row) for row in rows] == [(1, "Text 1."), (2, "Text 2."), (3, "Text 3.")]
    assert total(stage, ticket) == 1


def test_after_a_backlog_of_minutes_a_mail_and_its_copy_and_its_answer_are_one_ticket(
    stage: Stage,
) -> None:
    raw = (
        b"From: anna@physics.example\r\nMessage-ID: <1@x.example>\r\n"
        b"Subject: Trouble\r\n\r\nOne.\r\n"
    )
    answer = (
        b"From: anna@physics.example\r\nMessage-ID: <2@x.example>\r\nSubject: Re: Trouble\r\n"
        b"In-Reply-To: <1@x.example>\r\n\r\nTwo.\r\n"
    )
    for one in (raw, raw, answer):
        stage.keep(one, stage.envelope(one, TO, "anna@physics.example", "127.0.0.1"))
    stage.now += timedelta(minutes=5)
    stage.work()
    assert [stage.mail(n)["outcome"] for n in (1, 2, 3)] == ["new", "duplicate", "comment"]
    assert total(stage, ticket) == 1


def test_after_a_backlog_of_minutes_an_alarm_and_its_copy_are_one_ticket(stage: Stage) -> None:
    """No alarm waits for long for its copy that a halted worker has; these are in one hand."""
    raw = (
        b"From: anna@physics.example\r\nMessage-ID: <1@x.example>\r\n"
        b"Subject: Alarm\r\n\r\nSite: FZK-LCG2\r\nVO: atlas\r\n\r\nDead.\r\n"
    )
    to = ("alarm@helpdesk.example",)
    for _ in range(3):
        stage.keep(raw, stage.envelope(raw, to, "anna@physics.example", "127.0.0.1"))
    stage.now += timedelta(minutes=5)
    stage.work()
    outcomes = [str(stage.mail(n)["outcome"]) for n in (1, 2, 3)]
    assert outcomes[1:] == ["duplicate", "duplicate"], outcomes
    assert total(stage, ticket) == 1


def test_mails_that_wait_for_another_hold_up_nobody_and_no_alarm_ever_waits(stage: Stage) -> None:
    """Many mails answer one that is broken and cannot be worked on; others pass them by."""
    parent = keep(stage, 500)
    inbox.pull(stage.store)
    inbox.claim(stage.store, by="a worker that hangs", now=stage.now)
    for to in (TO, ("alarm@helpdesk.example",)):
        for number in range(20):
            raw = (
                f"From: m@elsewhere.example\r\nMessage-ID: <{to[0]}.{number}@x.example>\r\n"
                "In-Reply-To: <500@physics.example>\r\nSubject: Re\r\n\r\nBait.\r\n"
            ).encode()
            stage.keep(raw, stage.envelope(raw, to, "m@elsewhere.example", "192.0.2.7"))
    good = keep(stage, 501)
    alarm = keep(stage, 502, "alarm", ("alarm@helpdesk.example",))
    for _ in range(8):
        stage.worker.once()
    assert stage.mail(alarm)["outcome"] == "held"
    assert stage.mail(good)["outcome"] == "new"
    assert stage.mail(parent)["state"] == "kept"


def test_a_hundred_answers_in_one_thread_are_heard_once_each(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    true_hear = gateway.work.hear_mail

    def hear(mail_id: int, *rest: Any) -> Mail:
        heard.append(mail_id)
        return true_hear(mail_id, *rest)

    monkeypatch.setattr(gateway.work, "hear_mail", hear)
    keep(stage, 1)
    for number in range(2, 102):
        raw = (
            f"From: p{number}@physics.example\r\nMessage-ID: <{number}@physics.example>\r\n"
            "In-Reply-To: <1@physics.example>\r\nSubject: Re: Trouble\r\n\r\nText.\r\n"
        ).encode()
        stage.keep(raw, stage.envelope(raw, TO, "p@physics.example", "127.0.0.1"))
    stage.work()
    assert total(stage, event) == 101
    assert len(heard) <= 101 + inbox.MAX_BATCH


def test_an_alarm_that_is_sent_again_at_once_is_one_request(stage: Stage) -> None:
    alarm = ("alarm@helpdesk.example",)
    mails = [keep(stage, number, "alarm", alarm) for number in (1, 1, 2, 2, 3, 3)]
    stage.work()
    assert [stage.mail(mail)["outcome"] for mail in mails] == ["held", "duplicate"] * 3


def test_an_alarm_does_not_wait_for_long_for_the_same_alarm_in_halted_hands(stage: Stage) -> None:
    keep(stage, 1, "alarm", ("alarm@helpdesk.example",))
    inbox.pull(stage.store)
    inbox.claim(stage.store, by="a worker that hangs", now=stage.now)
    again = keep(stage, 1, "alarm", ("alarm@helpdesk.example",))
    stage.worker.once()
    assert stage.mail(again)["state"] == "kept"
    stage.now += timedelta(seconds=21)
    stage.worker.once()
    assert stage.mail(again)["outcome"] == "held"
