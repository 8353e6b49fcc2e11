"""The words of NOT DONE: each reason once, and no way shown that leads nowhere."""

from dataclasses import replace

import pytest

from router.decision import Mail
from router.words import MailKind, Reason, Status
from tests.router.replies import (
    SUBMITTER,
    SUPPORTER,
    TEAM,
    about,
    after,
    by,
    changes,
    text_to,
    told,
)


def submitted(address: str, text: str) -> Mail:
    """Return a mail that came from a submission network, and has no other proof."""
    one = by(address, text, ())
    return replace(one, envelope=replace(one.envelope, submitted=True))


@pytest.mark.parametrize(
    "text",
    [
        "Status: solved\n\nIt works again.",
        "Category: Test\n\nPlease.",
        "Verfy: yes\n\nIt works.",
        "Escalate: no\n\nPlease.",
    ],
)
def test_a_note_about_a_line_is_not_repeated_as_a_reason(text: str) -> None:
    decision = after(submitted(SUBMITTER, text), about(), row=1)
    assert changes(decision) == {}
    assert text_to(decision, SUBMITTER)["reasons"] == []


def test_a_submitter_is_told_what_he_can_do_and_that_his_words_have_arrived() -> None:
    for one in (submitted(SUBMITTER, TEXT), by(SUBMITTER, TEXT)):
        decision = after(one, about(), row=1)
        (note,) = text_to(decision, SUBMITTER)["notes"]  # type: ignore[misc] # a list of one
        assert "it is for: supporters of the responsible unit or of first line." in note
        assert "The ticket stays assigned" in note
        assert "The text below the line was sent to NGI_DE, which can do it." in note
        assert 'may verify its solution, once there is one ("Verify: yes")' in note
        assert "not proven" not in note, "to sign would not help him"


TEXT = "Status: solved\n\nIt works again."


def test_nothing_is_said_to_have_arrived_that_was_not_written() -> None:
    decision = after(by(SUBMITTER, "Status: solved"), about(), row=1)
    assert "was sent to" not in str(text_to(decision, SUBMITTER)["notes"])


@pytest.mark.parametrize("who", [SUPPORTER, TEAM])
def test_who_would_have_the_right_is_told_that_the_proof_is_missing(who: str) -> None:
    decision = after(submitted(who, "Category: Test\n\nPlease."), about())
    assert "is not proven for that" in str(text_to(decision, who)["notes"])


def test_a_wrong_number_is_no_question_of_a_right() -> None:
    decision = after(by(SUPPORTER, "Duplicate of: #999999\n\nOld."), about())
    assert told(decision, MailKind.REFUSAL) == {SUPPORTER}
    assert Reason.LINE_NOT_ALLOWED not in decision.reasons
    assert "there is no ticket #999999 that you may steer" in str(
        text_to(decision, SUPPORTER)["notes"]
    )


def test_a_reason_does_not_say_of_the_proven_that_they_are_not() -> None:
    decision = after(by(SUBMITTER, "Category: Test"), about(status=Status.SOLVED), row=1)
    assert Reason.LINE_NOT_ALLOWED in decision.reasons
    assert "proven" not in str(Reason.LINE_NOT_ALLOWED)
