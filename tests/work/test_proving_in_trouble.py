"""Proving again while something fails: no step is lost, and in the end a person is told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from stage import Stage

import gateway.clock
from gateway.clock import AFTER_A_FAULT, prove_again, tick
from gateway.deliberate import Heard
from gateway.desk import Desk
from parsers.errors import Deferred
from parsers.evidence import SenderEvidence
from router.words import Reason
from store.reminders import due_steps
from store.ticket_listing import TicketFilter, tickets
from tests.work.test_proving import LATE, Answers, alarm, answers, settle, signed

__all__ = ["answers"]  # the fixture


@pytest.fixture
def held(stage: Stage, answers: Answers) -> Stage:
    """Give a helpdesk with an alarm that could not be proven."""
    answers.known["Lost 1"] = LATE
    alarm(stage, 1)
    settle(stage)
    stage.said()
    return stage


def again(stage: Stage, answers: Answers, minutes: float) -> list[str]:
    """Let so many minutes pass and prove what is due; return the mails that went out."""
    stage.now += timedelta(minutes=minutes)
    asyncio.run(prove_again(stage.desk, answers))
    return [str(one) for one in stage.said()]


def due(stage: Stage) -> int:
    with stage.store.reading() as conn:
        return len(due_steps(conn, stage.now, only="reprove"))


async def broken(_heard: Heard, _raw: bytes) -> SenderEvidence:
    raise RuntimeError("a bug")


def test_a_prover_that_fails_is_asked_again_in_time(held: Stage, answers: Answers) -> None:
    right = answers.prove
    answers.prove = broken  # type: ignore[method-assign] # it fails for every mail
    assert again(held, answers, 1) == []
    answers.prove = right  # type: ignore[method-assign] # as it was
    answers.known["Lost 1"] = signed(1)
    assert again(held, answers, 4)[0] == "alarm -> alarm@fzk.example"


def test_a_prover_that_always_fails_ends_with_a_word_to_first_line(
    held: Stage, answers: Answers
) -> None:
    answers.prove = broken  # type: ignore[method-assign] # it fails for every mail
    said = [one for _ in range(61) for one in again(held, answers, 1)]
    assert said == ["notification -> tpm@firstline.example"]
    (one,) = tickets(held.store, TicketFilter())
    assert one.held == str(Reason.ALARM_NOT_PROVEN)
    assert again(held, answers, 600) == [], "and then it is left to people"


def failing(monkeypatch: pytest.MonkeyPatch, *, later_too: bool) -> pytest.MonkeyPatch:
    """Let the desk fail for every step; `later_too` also what would put the step off."""

    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    def deferred(*_: Any, **__: Any) -> Any:
        raise Deferred("The disk is full.", "no space")

    monkeypatch.setattr(Desk, "do", fails)
    if later_too:
        monkeypatch.setattr(gateway.clock, "postpone", deferred)
    return monkeypatch


@pytest.mark.parametrize("later_too", [False, True])
def test_a_step_that_fails_is_still_there_and_ends_as_if_nothing_had_been(
    held: Stage, answers: Answers, monkeypatch: pytest.MonkeyPatch, later_too: bool
) -> None:
    answers.known["Lost 1"] = signed(1)
    with monkeypatch.context() as patch:
        failing(patch, later_too=later_too)
        assert again(held, answers, 1) == []
    assert due(held) == int(later_too), "put off, or, where that fails too, still due"
    if not later_too:
        held.now += AFTER_A_FAULT
    assert again(held, answers, 0)[0] == "alarm -> alarm@fzk.example"
    assert due(held) == 0


def test_after_a_fault_of_more_than_an_hour_a_person_is_told(
    held: Stage, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, later_too=False)
        for _ in range(5):
            assert again(held, answers, 16) == []
    assert again(held, answers, 16) == ["notification -> tpm@firstline.example"]


@pytest.mark.parametrize("later_too", [False, True])
def test_a_tick_that_fails_loses_no_step(
    held: Stage, monkeypatch: pytest.MonkeyPatch, later_too: bool
) -> None:
    held.now += timedelta(hours=1)  # the digest of what is held
    with monkeypatch.context() as patch:
        failing(patch, later_too=later_too)
        if later_too:
            with pytest.raises(Deferred):
                tick(held.desk)
        else:
            assert tick(held.desk) == 0
    assert held.said() == []
    held.now += AFTER_A_FAULT
    assert tick(held.desk) >= 1
    assert [one.kind for one in held.said()] == ["held-digest"]
