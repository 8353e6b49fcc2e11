"""Answers to lines that were not followed are counted like receipts; what is not sent is said."""

import pytest

from router.found import Counts
from router.words import MailKind, Reason
from tests.router.replies import SUPPORTER, about, after, by
from tests.router.test_decision_table import POLICY


@pytest.mark.parametrize(
    ("receipts", "line", "answers"),
    [
        (POLICY.receipts_per_hour - 1, "Category: Fun", 1),
        (POLICY.receipts_per_hour, "Category: Fun", 0),
        (POLICY.receipts_per_hour, "Category: Incident", 0),
    ],
)
def test_an_answer_beyond_the_limit_is_missed_in_the_history(
    receipts: int, line: str, answers: int
) -> None:
    decision = after(by(SUPPORTER, f"{line}\n\nI look."), about(), counts=Counts(receipts))
    assert [one.kind for one in decision.outgoing].count(MailKind.REFUSAL) == answers
    missed = "Fun" in line and not answers
    assert (Reason.RECEIPT_CAP in decision.events[0].reasons) is missed
