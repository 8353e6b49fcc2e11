"""Leaving a ticket: each for himself, and supporters for those whom they brought in."""

from dataclasses import replace

import pytest

from router.decision import Decision
from router.ticket import Participant, Ticket
from router.words import Notify, Role
from tests.router.replies import (
    LIST,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    about,
    after,
    by,
    changes,
    told,
)

CHRIS, EVA, SAM = "chris@physics.example", "eva@x.example", "sam@physics.example"


def ticket() -> Ticket:
    """Return a ticket with somebody in copy, involved, and subscribed."""
    one = about()
    more = (
        Participant(Role.CC, CHRIS, row=4),
        Participant(Role.INVOLVED, EVA, row=5),
        Participant(Role.SUBSCRIBER, SAM, mode=Notify.ON_SOLUTION, row=6),
    )
    return replace(one, participants=(*one.participants, *more))


def gone(decision: Decision) -> set[str]:
    return {one.address for one in decision.leaves}


@pytest.mark.parametrize(
    ("line", "field", "who"),
    [
        (f"Cc: -{CHRIS}", "cc", CHRIS),
        (f"Cc: - Chris <{CHRIS.upper()}>", "cc", CHRIS),
        (f"Involve: -{EVA}", "involved", EVA),
    ],
)
def test_a_supporter_takes_somebody_out_of_copy(line: str, field: str, who: str) -> None:
    decision = after(by(SUPPORTER, f"{line}\n"), ticket())
    assert changes(decision) == {field: (who, "")}
    assert gone(decision) == {who}
    assert not decision.joins


def test_one_line_takes_out_and_brings_in() -> None:
    decision = after(by(SUPPORTER, f"Cc: -{CHRIS}, new@x.example\n"), ticket())
    assert changes(decision) == {"cc": (CHRIS, "new@x.example")}
    assert [one.address for one in decision.joins] == ["new@x.example"]
    assert "new@x.example" in told(decision)


@pytest.mark.parametrize(
    "line", [f"Cc: -{SAM}", f"Cc: -{SUBMITTER}", f"Cc: -{LIST}", f"Involve: -{SITE}", "Cc: -"]
)
def test_nobody_else_is_taken_out(line: str) -> None:
    decision = after(by(SUPPORTER, f"{line}\n"), ticket())
    assert gone(decision) == set()
    assert changes(decision) == {}
    assert SUPPORTER in told(decision)


@pytest.mark.parametrize("who", [CHRIS, EVA, SAM])
def test_everybody_leaves_for_himself_and_for_nobody_else(who: str) -> None:
    left = after(by(who, "Unsubscribe: yes\n\nThis is not for me."), ticket())
    assert gone(left) == {who}
    assert not left.joins
    other = after(by(who, "Unsubscribe: other@x.example\n"), ticket())
    assert (gone(other), changes(other)) == (set(), {})
    assert who in told(other)


@pytest.mark.parametrize("who", [LIST, SITE])
def test_a_unit_and_a_site_are_not_unsubscribed(who: str) -> None:
    assert gone(after(by(who, "Unsubscribe: yes\n"), ticket())) == set()


def test_who_wants_to_leave_without_being_there_does_not_join_by_asking() -> None:
    decision = after(by(STRANGER, "Unsubscribe: yes\n"), ticket())
    assert not decision.joins
    assert STRANGER in told(decision)


def test_a_copy_is_told_of_changes_until_it_says_otherwise() -> None:
    steer = by(SUPPORTER, "Category: Test\n")
    assert CHRIS in told(after(steer, ticket()))
    quiet = after(by(CHRIS, "Notification: on solution\n"), ticket()).joins
    assert [(one.row, one.mode) for one in quiet] == [(4, Notify.ON_SOLUTION)]
    people = tuple(quiet[0] if one.row == 4 else one for one in ticket().participants)
    calm = replace(ticket(), participants=people)
    assert CHRIS not in told(after(steer, calm))
    assert CHRIS in told(after(by(SUPPORTER, "Hello."), calm))


@pytest.mark.parametrize(
    "who",
    [
        "j\u00f6rg@physics.example",
        "bob@ex\u00e4mple.example",
        '"a b"@x.example',
        "bob@x",
        SUBMITTER,
    ],
)
def test_nobody_is_brought_in_whom_no_mail_reaches(who: str) -> None:
    head = "Content-Type: text/plain; charset=utf-8\r\n"
    decision = after(by(SUPPORTER, f"Cc: {who}\n", head=head), ticket())
    assert (decision.joins, changes(decision)) == ((), {})
    assert SUPPORTER in told(decision)
    copied = by(SUBMITTER, "Hello.", head=f"Cc: {who}, dora@x.example\r\n{head}")
    joined = {one.address for one in after(copied, ticket(), row=1).joins}
    assert joined <= {"dora@x.example", "b@x.example"}
