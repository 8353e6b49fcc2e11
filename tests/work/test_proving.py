"""Proofs beside the work: who waits for whom, and what becomes of those who get no answer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from proven import evidence
from running import until
from stage import Stage

from gateway import proving
from gateway.clock import forget, prove_again
from gateway.deliberate import Heard
from gateway.work import POLL_S
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from parsers.mail import hear
from router.words import Outcome
from store import inbox
from store.counters import SILENCES, proofs_in
from store.watching import read_amounts
from tests.work.mails import TO, keep

LATE = SenderEvidence((Proof(ProofKind.DKIM, "cern.example", ProofStatus.TEMPERROR, aligned=True),))
OUTSIDE = "192.0.2.7"
ALARM = (
    "From: Anna Alarmer <anna@cern.example>\r\nTo: alarm@helpdesk.example\r\n"
    "Subject: Lost {n}\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
    "Message-ID: <{n}@cern.example>\r\n\r\nSite: FZK-LCG2\r\nVO: atlas\r\n\r\nDead.\r\n"
)


class Answers:
    """A prover whose answers the test gives: by subject, or never."""

    def __init__(self) -> None:
        self.known: dict[str, SenderEvidence] = {}
        self.asked: list[str] = []

    def needed(self, heard: Heard, raw: bytes) -> bool:
        del raw
        return heard.mail.envelope.peer == OUTSIDE

    async def prove(self, heard: Heard, raw: bytes) -> SenderEvidence:
        del raw
        subject = heard.mail.heard.subject
        self.asked.append(subject)
        if subject not in self.known:
            await asyncio.sleep(3600)
        return self.known[subject]


@pytest.fixture
def answers(stage: Stage) -> Answers:
    """Put a prover into the worker that answers only what the test says."""
    made = Answers()
    stage.worker.prover = made
    stage.worker._proving._prover = made
    return made


def signed(number: int) -> SenderEvidence:
    raw = ALARM.format(n=number).encode()
    return evidence([{"kind": "dkim"}], hear(raw))


def alarm(stage: Stage, number: int) -> int:
    raw = ALARM.format(n=number).encode()
    envelope = stage.envelope(raw, ["alarm@helpdesk.example"], "anna@cern.example", OUTSIDE)
    return stage.keep(raw, envelope)


def outside(stage: Stage, number: int) -> int:
    """Keep an ordinary mail that comes from the outside."""
    raw = (
        f"From: tim@cern.example\r\nMessage-ID: <{number}@cern.example>\r\n"
        f"Subject: Slow {number}\r\n\r\nSlow.\r\n"
    ).encode()
    return stage.keep(raw, stage.envelope(raw, TO, "tim@cern.example", OUTSIDE))


def settle(stage: Stage) -> None:
    """Let the worker take what it can, until all that it has in hand will get no answer."""
    answers = stage.worker.prover
    assert isinstance(answers, Answers)

    def settled() -> bool:
        if stage.worker.once() < POLL_S:
            return False
        in_hand = [one.heard.mail.heard.subject for one in stage.worker._proving._pending.values()]
        return set(in_hand) <= set(answers.asked) - set(answers.known)

    until(settled, "the worker has done what can be done")


def test_a_hundred_mails_without_an_answer_do_not_delay_a_proven_alarm(
    stage: Stage, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "MOST_S", 3600.0)  # a busy machine gives up none of them meanwhile
    waiting = [outside(stage, n) for n in range(100)]
    answers.known["Lost 500"] = signed(500)
    settle(stage)
    number = alarm(stage, 500)
    settle(stage)
    assert stage.mail(number)["outcome"] == str(Outcome.NEW)
    assert [one.kind for one in stage.said()].count("alarm") == 1
    assert {stage.mail(one)["state"] for one in waiting} == {"kept"}
    assert len(answers.asked) <= 2 * inbox.MAX_BATCH + 64


def test_an_alarm_without_an_answer_is_proven_again_and_pages(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    number = alarm(stage, 1)
    settle(stage)
    assert stage.mail(number)["outcome"] == str(Outcome.HELD)
    assert [one.kind for one in stage.said()] == ["notification"]

    stage.now += timedelta(minutes=1)
    assert asyncio.run(prove_again(stage.desk, answers)) == 1, "still no answer"
    assert stage.said() == []
    answers.known["Lost 1"] = signed(1)
    assert asyncio.run(prove_again(stage.desk, answers)) == 0, "it is not time"
    stage.now += timedelta(minutes=4)
    assert asyncio.run(prove_again(stage.desk, answers)) == 1
    kinds = [one.kind for one in stage.said()]
    assert kinds[0] == "alarm"
    assert kinds.count("alarm") == 1
    stage.now += timedelta(hours=2)
    assert asyncio.run(prove_again(stage.desk, answers)) == 0, "once is enough"


def test_after_an_hour_without_an_answer_first_line_is_told(stage: Stage, answers: Answers) -> None:
    answers.known["Lost 1"] = LATE
    alarm(stage, 1)
    settle(stage)
    stage.said()
    rounds = 0
    for _ in range(61):
        stage.now += timedelta(minutes=1)
        rounds += asyncio.run(prove_again(stage.desk, answers))
    assert rounds == 6, "after 1, 5, 15, 30, 45 and 60 minutes"
    (told,) = stage.said()
    assert (told.kind, told.recipient) == ("notification", "tpm@firstline.example")
    assert b"could not be proven within an hour" in told.mail


def test_an_answer_to_a_ticket_waits_for_its_proof_and_an_hour_at_most(
    stage: Stage, answers: Answers
) -> None:
    keep(stage, 1)
    settle(stage)
    raw = (
        b"From: Tim <tim@cern.example>\r\nTo: support@helpdesk.example\r\nSubject: Re: more\r\n"
        b"Message-ID: <more@cern.example>\r\nIn-Reply-To: <1@physics.example>\r\n\r\nMore.\r\n"
    )
    answers.known["Re: more"] = LATE
    envelope = stage.envelope(raw, ["support@helpdesk.example"], "tim@cern.example", OUTSIDE)
    number = stage.keep(raw, envelope)
    settle(stage)
    row: dict[str, Any] = stage.mail(number)
    assert (row["state"], row["attempts"]) == ("kept", 0), "no attempt is counted"
    stage.now += timedelta(minutes=61)
    settle(stage)
    assert stage.mail(number)["outcome"] == str(Outcome.UNVERIFIED)


def test_a_prover_that_fails_proves_nothing_and_loses_nothing(
    stage: Stage, answers: Answers
) -> None:
    async def broken(_heard: Heard, _raw: bytes) -> SenderEvidence:
        raise RuntimeError("a bug")

    answers.prove = broken  # type: ignore[method-assign] # it fails for every mail
    number = alarm(stage, 1)
    settle(stage)
    assert stage.mail(number)["outcome"] == str(Outcome.HELD)


def test_a_signature_is_remembered_for_thirty_days(stage: Stage, answers: Answers) -> None:
    answers.known["Lost 1"] = signed(1)
    alarm(stage, 1)
    settle(stage)
    stage.now += timedelta(days=29)
    assert forget(stage.desk) == 0
    stage.now += timedelta(days=2)
    assert forget(stage.desk) == 1


def test_proofs_questions_without_answer_and_what_waits_are_counted(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = SenderEvidence(LATE.proofs, silences=3)
    answers.known["Lost 2"] = signed(2)
    for number in (1, 2):
        alarm(stage, number)
    settle(stage)
    amounts = read_amounts(stage.store)
    assert proofs_in(amounts.desk) == {("dkim", "temperror"): 1, ("dkim", "pass"): 1}
    assert (amounts.desk[SILENCES], amounts.reproofs) == (3, 1)
    stage.now += timedelta(minutes=1)
    asyncio.run(prove_again(stage.desk, answers))
    answers.known["Lost 1"] = signed(1)
    stage.now += timedelta(minutes=4)
    asyncio.run(prove_again(stage.desk, answers))
    amounts = read_amounts(stage.store)
    assert proofs_in(amounts.desk) == {("dkim", "temperror"): 2, ("dkim", "pass"): 2}
    assert (amounts.desk[SILENCES], amounts.reproofs) == (6, 0)
