"""How a relation's beginning and end are said: by the lines' own names, never "none -> #12"."""

import pytest

from router.relations import OPPOSITE
from router.said import say_added
from router.ticket import Change, Tie
from tests.router.replies import SUPPORTER, about, after, by


@pytest.mark.parametrize("tie", list(Tie))
def test_every_relation_is_said_with_its_number_and_no_arrow(tie: Tie) -> None:
    begins, ends = say_added(str(tie), "", "#12"), say_added(str(tie), "#12", "")
    assert begins != ends
    for said in (begins, ends):
        assert said.endswith(": #12")
        assert "none" not in said
        assert "->" not in said


def test_both_sides_of_each_relation_are_told_apart() -> None:
    for tie in set(OPPOSITE) - {Tie.CROSS}:
        assert say_added(str(tie), "", "#1") != say_added(str(OPPOSITE[tie]), "", "#1")


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("duplicate of", "", "#6", "duplicate of: #6"),
        ("duplicate", "", "#6", "duplicate added: #6"),
        ("slave", "", "#9", "slave added: #9"),
        ("master", "#9", "", "no longer a slave of: #9"),
        ("merged", "", "#9", "merged into this ticket: #9"),
        ("related issue", "", "https://x.example/1", "related issue added: https://x.example/1"),
        ("status", "new", "solved", ""),
        ("cc", "", "a@x.example", ""),
    ],
)
def test_a_change_is_said_as_what_was_added(field: str, old: str, new: str, said: str) -> None:
    assert say_added(field, old, new) == said


def test_the_history_keeps_what_it_kept() -> None:
    decision = after(by(SUPPORTER, "Master: #12\n\nThe same."), about())
    assert Change("master", "", "#12") in decision.events[0].changes
