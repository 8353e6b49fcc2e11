"""Lines that contradict each other: all are refused by name, and the text is kept."""

from dataclasses import replace

import pytest

from router.decision import Decision
from router.ticket import Participant, Relation, Ticket, TicketKind, Tie
from router.words import MailKind, Role, Status
from tests.router.replies import STRANGER, SUBMITTER, SUPPORTER, TEAM, about, by, changes, told
from tests.router.test_decision_table import NOW
from tests.router.test_relations import all_after, other

CHRIS = "chris@physics.example"
WITH_CHRIS = about(participants=(*about().participants, Participant(Role.CC, CHRIS, row=4)))
PAIRS = [
    ("Master: #12", "Status: in progress", about()),
    ("Master: #12", "Status: waiting for reply", about()),
    ("Master: #12", "Status: solved", about()),
    ("Master: #12", "Status: unsolved", about()),
    ("Master: #12", "Reopen: yes", about()),
    ("Duplicate of: #12", "Status: in progress", about()),
    ("Duplicate of: #12", "Status: solved", about()),
    ("Duplicate of: #12", "Status: reopened", about()),
    ("Merge into: #12", "Status: on hold", about()),
    ("Merge into: #12", "Status: In-Progress", about()),
    ("Master: #12", "Parent: #12", about()),
    ("Parent: #12", "Duplicate of: #13", about()),
    ("Duplicate of: #12", "Merge into: #12", about()),
    ("Status: solved", "Reopen: yes", about()),
    ("Cc: new@x.example", "Cc: -new@x.example", about()),
    (f"Cc: -{CHRIS}", f"Cc: {CHRIS}, new@x.example", WITH_CHRIS),
]


def refused(decision: Decision) -> str:
    """Return all notes of the one answer to the sender."""
    (answer,) = [one for one in decision.outgoing if one.kind is MailKind.REFUSAL]
    return " ".join(map(str, answer.values["notes"]))  # type: ignore[call-overload] # a list


@pytest.mark.parametrize(("one", "another", "ticket"), PAIRS)
@pytest.mark.parametrize("turned", [False, True])
def test_both_are_refused_and_each_names_the_other(
    one: str, another: str, ticket: Ticket, turned: bool
) -> None:
    lines = [another, one] if turned else [one, another]
    text = "\n".join((*lines, "", "What I think of it."))
    (decision,) = all_after(by(SUPPORTER, text), ticket, other(), other(13))
    assert changes(decision) == {}
    assert decision.ticket is not None
    assert replace(decision.ticket, timing=None) == replace(ticket, updated_at=NOW)
    assert (decision.ties, decision.joins, decision.leaves) == ((), (), ())
    assert decision.events[-1].text == text
    said = refused(decision)
    assert f'The line "{one}" was not followed' in said
    assert f'The line "{another}" was not followed' in said


def test_the_answer_says_what_status_the_relation_would_give() -> None:
    text = "Master: #12\nStatus: in progress\n\nWe look."
    (decision,) = all_after(by(SUPPORTER, text), about(), other())
    assert 'with it the ticket is on hold, and "Status: in progress" says' in refused(decision)
    assert 'with "Master: #12" the ticket is on hold; please write one of the two' in refused(
        decision
    )


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("Master: #12\nStatus: on hold", Status.ON_HOLD),
        ("Master: #12\nStatus: On-Hold", Status.ON_HOLD),
        ("Duplicate of: #12\nStatus: unsolved", Status.UNSOLVED),
        ("Merge into: 12\nStatus: unsolved", Status.UNSOLVED),
        ("Parent: #12\nStatus: in progress", Status.IN_PROGRESS),
        ("Parent: #12\nStatus: on hold", Status.ON_HOLD),
        ("Parent: #12\nStatus: solved", Status.SOLVED),
    ],
)
def test_a_status_that_the_relation_allows_is_no_contradiction(lines: str, status: Status) -> None:
    decision, *_ = all_after(by(SUPPORTER, f"{lines}\n\nA disk."), about(), other())
    assert decision.ticket is not None
    assert decision.ticket.status is status
    assert [one.ticket for one in decision.ties] == [12]
    assert not told(decision, MailKind.REFUSAL)


@pytest.mark.parametrize("line", ["Master: #12", "Duplicate of: #12", "Merge into: #12"])
def test_a_solved_ticket_is_reopened_before_it_goes_below_another(line: str) -> None:
    text = f"{line}\nStatus: reopened\n\nIt is the same after all."
    decision, *_ = all_after(by(SUPPORTER, text), about(status=Status.SOLVED), other())
    assert [one.ticket for one in decision.ties] == [12]
    assert not told(decision, MailKind.REFUSAL)


def test_a_ticket_leaves_its_parent_before_it_gets_a_master() -> None:
    child = about(relations=(Relation(Tie.PARENT, 13),))
    text = "Master: #12\nParent: none"
    parent = other(13, relations=(Relation(Tie.CHILD, 7),), status=Status.ON_HOLD)
    decision, *_ = all_after(by(SUPPORTER, text), child, other(), parent)
    assert decision.ties == (Relation(Tie.MASTER, 12),)
    assert decision.unties == (Relation(Tie.PARENT, 13),)
    assert not told(decision, MailKind.REFUSAL)


def test_a_duplicate_keeps_the_solution_that_was_written_for_it() -> None:
    text = "Duplicate of: #12\nStatus: unsolved\nSolution: Seen last week."
    decision, *_ = all_after(by(SUPPORTER, text), about(), other())
    assert decision.ticket is not None
    assert decision.ticket.solution == "A duplicate of #12.\n\nSeen last week."
    assert not told(decision, MailKind.REFUSAL)


@pytest.mark.parametrize(
    ("who", "text", "field"),
    [
        (SUPPORTER, "Status: in progress\nStatus: in-progress", "status"),
        (SUPPORTER, "Master: #12\nMaster: 12", "master"),
        (SUBMITTER, "Escalate: yes\nEscalate:", "escalation level"),
        (STRANGER, "Subscribe:\nSubscribe: yes", "subscriber"),
    ],
)
def test_one_thing_in_two_spellings_is_one_line(who: str, text: str, field: str) -> None:
    decision, *_ = all_after(by(who, text), about(), other())
    assert field in changes(decision)
    assert sum(c.field == field for event in decision.events for c in event.changes) == 1
    assert not told(decision, MailKind.REFUSAL)


def test_what_somebody_may_not_write_is_answered_with_who_may_and_contradicts_nothing() -> None:
    (decision,) = all_after(by(STRANGER, "Status: solved\nStatus: unsolved\n\nMy word."), about())
    assert changes(decision) == {}
    assert refused(decision).count("it is for: supporters of the responsible unit") == 2
    mine = about(TicketKind.TEAM)
    text = "Master: #12\nStatus: in progress\n\nWe look."
    (decision,) = all_after(by(TEAM, text), mine, other())
    assert changes(decision) == {"status": ("assigned", "in progress")}
    assert 'The line "Master: #12" was not followed: it is for: supporters' in refused(decision)
