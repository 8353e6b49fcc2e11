"""One signature, one page: whatever comes with it, by whichever door, and whenever it is proven."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Never

import pytest
from stage import Stage

from gateway.clock import prove_again
from gateway.work import Worker
from parsers.errors import Deferred
from parsers.evidence import SenderEvidence
from router.addresses import Intent
from router.words import Outcome
from store import inbox
from store.evidence import read_evidence
from tests.work.mails import keep
from tests.work.test_proving import LATE, OUTSIDE, Answers, alarm, answers, outside, settle, signed

__all__ = ["answers"]  # the fixture
MANY = 130  # more than are proven at once
LIST = "List-Id: <ops.cern.example>\r\nX-Loop: ops@cern.example\r\nSender: ops@cern.example\r\n"


def copy(stage: Stage, number: int, to: str, head: str = "") -> int:
    """Keep a copy of an alarm that somebody on the way gave other, unsigned fields."""
    raw = (
        f"{head}From: Anna Alarmer <anna@cern.example>\r\nTo: alarm@helpdesk.example\r\n"
        f"Subject: Lost {number}\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{number}@cern.example>\r\n\r\nSite: FZK-LCG2\r\nVO: atlas\r\n\r\nDead.\r\n"
    ).encode()
    return stage.keep(raw, stage.envelope(raw, [to], "ops@cern.example", OUTSIDE))


def pages(stage: Stage) -> int:
    return [one.kind for one in stage.said()].count("alarm")


def test_a_lists_copy_to_support_does_not_silence_the_alarm_itself(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = signed(1)
    copy(stage, 1, "support@helpdesk.example", LIST)
    settle(stage)
    assert pages(stage) == 0
    alarm(stage, 1)
    settle(stage)
    assert pages(stage) == 1
    for head in ("", LIST, "X-Other: 1\r\nReply-To: x@evil.example\r\n"):
        for to in ("alarm@helpdesk.example", "support@helpdesk.example"):
            copy(stage, 1, to, head)
            settle(stage)
    assert pages(stage) == 0, "a signature wakes a site once"


def test_the_same_alarm_in_two_deliveries_of_which_one_had_no_answer_pages_once(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    first = alarm(stage, 1)
    settle(stage)
    assert stage.mail(first)["outcome"] == str(Outcome.HELD)
    answers.known["Lost 1"] = signed(1)
    second = alarm(stage, 1)
    settle(stage)
    assert stage.mail(second)["outcome"] == str(Outcome.NEW)
    assert pages(stage) == 1
    stage.now += timedelta(minutes=1)
    assert asyncio.run(prove_again(stage.desk, answers)) == 1
    assert pages(stage) == 0, "the site has been woken"
    stage.now += timedelta(hours=1)
    assert asyncio.run(prove_again(stage.desk, answers)) == 0


def test_a_weaker_copy_does_not_keep_a_late_proven_alarm_back(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    alarm(stage, 1)
    settle(stage)
    answers.known["Lost 1"] = signed(1)
    copy(stage, 1, "support@helpdesk.example", LIST)
    settle(stage)
    assert pages(stage) == 0
    stage.now += timedelta(minutes=1)
    asyncio.run(prove_again(stage.desk, answers))
    assert pages(stage) == 1


def test_a_signature_of_another_domain_uses_nothing_up(stage: Stage, answers: Answers) -> None:
    (own,) = signed(1).proofs
    provider = replace(
        own, identity="provider.example", aligned=False, replay_key="dkim:provider.example:<1@x>"
    )
    answers.known["Slow 7"] = SenderEvidence((provider,))
    outside(stage, 7)
    settle(stage)
    answers.known["Lost 1"] = SenderEvidence((own, provider))
    alarm(stage, 1)
    settle(stage)
    assert pages(stage) == 1


def test_the_ticket_was_put_aside_meanwhile_and_stays_so(stage: Stage, answers: Answers) -> None:
    answers.known["Lost 1"] = LATE
    alarm(stage, 1)
    settle(stage)
    stage.command("discard", 100001)
    stage.said()
    answers.known["Lost 1"] = signed(1)
    stage.now += timedelta(minutes=1)
    assert asyncio.run(prove_again(stage.desk, answers)) == 1
    assert stage.said() == []


def test_very_many_alarms_without_an_answer_all_page_when_it_comes(
    stage: Stage, answers: Answers
) -> None:
    for number in range(MANY):
        answers.known[f"Lost {number}"] = LATE
        alarm(stage, number)
    for _ in range(20):
        settle(stage)
    assert pages(stage) == 0
    for number in range(MANY):
        answers.known[f"Lost {number}"] = signed(number)
    stage.now += timedelta(minutes=1)
    rounds = [asyncio.run(prove_again(stage.desk, answers)) for _ in range(3)]
    assert sum(rounds) == MANY
    assert pages(stage) == MANY


def test_alarms_are_proven_again_before_everything_else(stage: Stage, answers: Answers) -> None:
    for number in range(70):
        answers.known[f"Slow {number}"] = LATE
        outside(stage, number)
    answers.known["Lost 99"] = LATE
    settle(stage)
    alarm(stage, 99)
    settle(stage)
    stage.said()
    answers.known["Lost 99"] = signed(99)
    stage.now += timedelta(minutes=2)
    assert asyncio.run(prove_again(stage.desk, answers)) == 64
    assert pages(stage) == 1


def test_a_store_that_fails_while_a_mail_is_tried_alone_leaves_no_mail_in_our_hands(
    stage: Stage, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.known["Lost 1"] = signed(1)
    alarm(stage, 1)
    worker = stage.worker
    worker.once()  # begins to prove
    alone = keep(stage, 2)
    inbox.pull(stage.store)
    (claimed,), _ = inbox.claim(stage.store, by="work-0", now=stage.now)
    inbox.give_back(stage.store, [alone], by="work-0", not_before=stage.now, counted=True)

    def fails(_worker: Worker, _ready: object) -> Never:
        raise Deferred("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "_write_all", fails)
        with pytest.raises(Deferred):
            worker.once()
    assert claimed.mail == alone
    assert stage.mail(alone)["claimed_by"] is None
    assert stage.mail(alone)["attempts"] == 1, "it was not its fault"


def test_a_prover_that_fails_to_look_loses_no_mail_and_no_worker(
    stage: Stage, answers: Answers
) -> None:
    def broken(_heard: object, _raw: bytes) -> bool:
        raise RuntimeError("a bug")

    answers.needed = broken  # type: ignore[method-assign] # it fails for every mail
    number = alarm(stage, 1)
    for _ in range(10):
        stage.worker.once()
        stage.now += timedelta(seconds=2)
    row = stage.mail(number)
    assert (row["state"], row["claimed_by"]) == ("broken", None), "a person is told of it"


def test_an_unanswered_hint_neither_holds_up_an_answer_nor_is_asked_again(
    stage: Stage, answers: Answers
) -> None:
    (late,) = LATE.proofs
    hints = [replace(late, kind=kind, aligned=False) for kind in ("spf", "arc")]  # type: ignore[arg-type] # words of the kinds
    answers.known["Slow 1"] = SenderEvidence(tuple(hints))
    number = outside(stage, 1)
    settle(stage)
    assert stage.mail(number)["outcome"] == str(Outcome.HELD)
    stage.now += timedelta(minutes=1)
    assert asyncio.run(prove_again(stage.desk, answers)) == 0
    with stage.store.reading() as conn:
        assert number in read_evidence(conn, [number])
    assert stage.mail(number)["intent"] == int(Intent.USER)
