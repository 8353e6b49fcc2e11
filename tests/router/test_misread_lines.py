"""Lines in the words of other helpdesks, or nearly in ours: answered once, followed never."""

import pytest

from router.decision import Decision
from router.ticket import TicketKind
from router.words import MailKind, Reason, Status
from tests.router.replies import (
    LIST,
    OTHER,
    STRANGER,
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
from tests.router.test_decision_table import PROOFS

# What a supporter of another helpdesk writes -> what is asked back.
WORDS = [
    ("Duplicate: 100005", "Duplicate of:"),
    ("Merge: 100005", "Merge into:"),
    ("State: solved", "Status:"),
    ("Solved: yes", "Status: solved"),
    ("Resolved: yes", "Status: solved"),
    ("On hold: yes", "Status: on hold"),
    ("Prio: urgent", "Priority:"),
    ("Severity: top", "Priority:"),
    ("Owner: me", "Assign to:"),
    ("Assignee: rosa@roc.example", "Assign to:"),
    ("Queue: NGI_IT", "Assign to:"),
    ("Group: NGI_IT", "Assign to:"),
    ("Remind: 2026-12-09", "Remind on:"),
    ("Due: 2026-12-09", "Remind on:"),
    ("Tag: storage", "Type of issue:"),
    ("Resolution: a cable", "Solution:"),
    ("RefersTo: 100005", "Cross reference:"),
    ("MemberOf: 100005", "Parent:"),
    ("DependsOn: 100005", "Master:"),
    ("AddCc: a@x.example", "Cc:"),
    ("Statuss: solved", "Status: solved"),
    ("Asign to: me", "Assign to: me"),
    ("Status = on hold", "Status: on hold"),
    ("Status=solved", "Status: solved"),
    ("Status on hold", "Status: on hold"),
    ("Status solved", "Status: solved"),
    ("Status - in progress", "Status: in progress"),
    ("Prio = urgent", "Priority:"),
    ("Priority very urgent", "Priority: very urgent"),
]


def answer(decision: Decision, who: str = SUPPORTER) -> str:
    """Return what somebody is answered, who has changed nothing."""
    assert changes(decision) == {}
    assert told(decision, MailKind.REFUSAL) == {who}
    return " ".join(map(str, text_to(decision, who)["notes"]))  # type: ignore[call-overload] # a list


@pytest.mark.parametrize(("line", "better"), WORDS)
def test_the_first_line_in_other_words_is_answered_with_ours(line: str, better: str) -> None:
    decision = after(by(SUPPORTER, f"{line}\n\nPlease."), about())
    said = answer(decision)
    assert said.count(f'The line "{line}" was not understood. Did you mean "{better}"?') == 1
    assert "Please send" in said
    assert "it was shown to everybody who hears of the ticket, its submitter, too" in said
    assert decision.events[-1].text == f"{line}\n\nPlease."
    assert "Please." in str(text_to(decision, SUBMITTER)["text"])
    assert Reason.LINE_NOT_UNDERSTOOD in decision.reasons


@pytest.mark.parametrize(("line", "better"), WORDS)
def test_the_last_line_of_a_block_in_other_words_is_answered(line: str, better: str) -> None:
    decision = after(by(SUPPORTER, f"Category: Test\n{line}\n\nPlease."), about())
    assert changes(decision) == {"category": ("Incident", "Test")}
    said = str(text_to(decision, SUPPORTER)["notes"])
    assert said.count("was not understood") == 1
    assert f'Did you mean "{better}"?' in said


@pytest.mark.parametrize(("line", "better"), WORDS)
def test_a_line_in_other_words_between_two_good_ones_is_answered(line: str, better: str) -> None:
    if ":" in line:
        decision = after(by(SUPPORTER, f"Category: Test\n{line}\nVO: cms\n\nSo."), about())
        assert set(changes(decision)) == {"category", "VO"}
        said = str(text_to(decision, SUPPORTER)["notes"])
        assert said.count(f'Did you mean "{better}"?') == 1


def test_several_are_answered_each_in_one_mail() -> None:
    decision = after(by(SUPPORTER, "Prio: urgent\nOwner: me\nStatus: solved\n\nDone."), about())
    said = answer(decision)
    for meant in ("Priority:", "Assign to:"):
        assert f'Did you mean "{meant}"?' in said
    assert 'The line "Status: solved" was seen, but not read' in said
    assert said.count("Please send") == 1


def test_a_misread_line_is_no_reason_and_no_solution() -> None:
    said = answer(after(by(SUPPORTER, "Priority: less urgent\nSeverity: top"), about()))
    assert "please write below it why it has to be lowered" in said
    said = answer(after(by(SUPPORTER, "Status: solved\nprio: urgent"), about()))
    assert "please write the solution below it" in said
    said = answer(after(by(SUPPORTER, "Status: solved\nPiority: urgent"), about()))
    assert "please write the solution below it" in said
    decision = after(by(SUPPORTER, "Status: solved\nprio: top\nA cable was bad."), about())
    assert decision.ticket is not None
    assert decision.ticket.solution == "A cable was bad."
    assert "shown to everybody" not in str(text_to(decision, SUPPORTER)["notes"])


def test_what_is_internal_is_not_said_to_be_shown_to_everybody() -> None:
    decision = after(by(SUPPORTER, "Internal: yes\nprio: urgent\n\nA secret."), about())
    said = answer(decision)
    assert "shown to everybody" not in said
    assert told(decision) == {LIST, SUPPORTER}


@pytest.mark.parametrize(
    "line", ["Internal = yes", "Internal yes", "internal - yes", "Private: yes", "private note:yes"]
)
@pytest.mark.parametrize("above", ["", "Category: Test\n"])
@pytest.mark.parametrize("proven", [True, False])
def test_who_nearly_writes_internal_is_heard_by_supporters_only(
    line: str, above: str, *, proven: bool
) -> None:
    one = by(SUPPORTER, f"{above}{line}\n\nA secret.", None if proven else ())
    decision = after(one, about())
    for mail in decision.outgoing:
        assert ("A secret" in str(mail.values)) is (mail.recipient == LIST) or (
            mail.recipient == SUPPORTER
        )
    assert decision.events[0].internal


PROSE = [
    "Dear all,\n\nState: failed\nOwner: atlas",
    "The log says\nState: failed\nprio: 3",
    "Category: Test\n\nState: failed\nOwner: atlas",
    "Status solved it for me.",
    "Status of the queue: bad",
    "Owner of the file = root",
    "Due to a power cut: no jobs.",
    "internal yes or no, who knows",
    "> Prio: urgent\n\nWhy?",
    "From: a@x.example\nOwner: me\nSubject: y",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_and_a_pasted_log_are_text(text: str) -> None:
    decision = after(by(SUPPORTER, f"{text}\n\nPlease."), about())
    assert told(decision, MailKind.REFUSAL) == set()


# What else a submitter answers when he is asked "Which queue do you use?".
LOGS = ["Queue: long", "State: failed", "Owner: atlas", "Group: cms", "Tag: v12", "Due: tomorrow"]


@pytest.mark.parametrize("line", LOGS)
@pytest.mark.parametrize(("who", "kind"), [(SUBMITTER, TicketKind.USER), (TEAM, TicketKind.TEAM)])
def test_what_a_submitter_says_of_his_jobs_is_text(who: str, kind: TicketKind, line: str) -> None:
    decision = after(by(who, f"{line}\n\nPlease."), about(kind), row=1)
    assert told(decision, MailKind.REFUSAL) == set()


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("Solved: yes", "Verify: yes"),
        ("State: solved", "Verify: yes"),
        ("Status = solved", "Verify: yes"),
        ("Closed: yes", "Verify: yes"),
        ("Verified: yes", "Verify: yes"),
        ("Reopened: yes", "Reopen: yes"),
        ("Escalation: yes", "Escalate: yes"),
        ("Verfy: yes", "Verify: yes"),
    ],
)
@pytest.mark.parametrize("how", ["P", "D"])
def test_a_submitter_is_shown_his_own_lines(line: str, better: str, how: str) -> None:
    proofs = None if how == "D" else ()
    one = by(SUBMITTER, f"{line}\n\nIt works.", proofs)
    decision = after(one, about(status=Status.SOLVED), row=1)
    if how == "D":
        assert f'Did you mean "{better}"?' in answer(decision, SUBMITTER)
    else:
        assert told(decision, MailKind.REFUSAL) == set()


def test_a_line_that_is_not_for_the_writer_is_said_to_be_for_whom() -> None:
    said = answer(after(by(SUBMITTER, "Prio: urgent\n\nNow."), about(), row=1), SUBMITTER)
    assert 'Did you mean "Priority:"? That line is for: supporters of the responsible unit' in said


@pytest.mark.parametrize(("line", "better"), WORDS)
def test_who_is_not_proven_or_has_no_part_is_not_answered(line: str, better: str) -> None:
    del better
    text = f"{line}\n\nPlease."
    silent = [
        by(SUPPORTER, text, ()),
        by(SUPPORTER, text, (PROOFS["D-stale"],)),
        by(STRANGER, text),
        by(SUPPORTER, text, head="Auto-Submitted: auto-replied\r\n"),
    ]
    for one in silent:
        assert told(after(one, about()), MailKind.REFUSAL) == set()


def test_a_page_whose_lines_are_paragraphs_is_heard_like_a_text() -> None:
    page = "<p>Category: Test</p><p>Prio: urgent</p><p>Please.</p>"
    one = by(SUPPORTER, page, head="Content-Type: text/html\r\n")
    decision = after(one, about())
    assert 'Did you mean "Priority:"?' in str(text_to(decision, SUPPORTER)["notes"])


# ---- who was the supporter of it before it went to another unit ----


@pytest.mark.parametrize(
    "line", ["Status: solved", "Statuss: solved", "State: solved", "Category: Test", "Prio: urgent"]
)
def test_a_supporter_of_another_unit_hears_with_whom_the_ticket_is_now(line: str) -> None:
    said = answer(after(by(OTHER, f"{line}\n\nDone."), about()), OTHER)
    assert "The ticket is with NGI_DE now, and who wrote this mail supports VOSupport." in said
    assert "not proven" not in said
    assert "Please send" not in said, "it would not be followed then either"


def test_a_supporter_of_another_unit_is_told_nothing_of_it_where_it_does_not_matter() -> None:
    said = answer(after(by(OTHER, "Verify: yes"), about(status=Status.SOLVED)), OTHER)
    assert "VOSupport" not in said


def test_a_mistyped_internal_that_was_followed_is_not_asked_for_again() -> None:
    decision = after(by(SUPPORTER, "Category: Test\nInteral: yes\n\nA secret."), about())
    said = str(text_to(decision, SUPPORTER)["notes"])
    assert "the text was shown to supporters only" in said
    assert "Please send" not in said
    assert told(decision, MailKind.UPDATE) >= {LIST}


@pytest.mark.parametrize("line", ["Resolution: a new disk", "Detailed solution: a new disk"])
def test_another_word_for_the_solution_below_its_status_is_the_solution(line: str) -> None:
    decision = after(by(SUPPORTER, f"Status: solved\n{line}"), about())
    assert decision.ticket is not None
    assert (decision.ticket.status, decision.ticket.solution) == (Status.SOLVED, line)
    assert told(decision, MailKind.REFUSAL) == set()
