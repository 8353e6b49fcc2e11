"""What a reply may do at the end of a ticket's life, and lines that do not fit together."""

import pytest

from router.decision import Decision
from router.ticket import TicketKind
from router.words import FINAL, MailKind, Outcome, Status
from tests.router.replies import (
    LIST,
    SITE,
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


def notes(decision: Decision) -> str:
    return " ".join(decision.notes)


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("text", ["Verify: yes\n", "Reopen: yes\n", "Escalate: yes\n\n-- \nTom"])
def test_verifying_twice_opens_no_other_ticket(status: Status, text: str) -> None:
    decision = after(by(TEAM, text), about(TicketKind.TEAM, status=status))
    assert decision.outcome is Outcome.COMMENT
    assert changes(decision) == {}
    assert told(decision) == {TEAM, LIST}
    assert f"the ticket is {status}, for good" in str(text_to(decision, TEAM)["notes"])


def test_a_solution_sent_back_a_second_time_opens_no_other_ticket() -> None:
    decision = after(by(TEAM, ""), about(TicketKind.TEAM, status=Status.VERIFIED))
    assert (decision.outcome, told(decision)) == (Outcome.COMMENT, set())


def test_a_text_or_a_file_still_opens_one() -> None:
    decision = after(by(SUBMITTER, "Reopen: yes\n\nIt fails."), about(status=Status.CLOSED))
    assert decision.outcome is Outcome.NEW


def test_an_empty_mail_is_kept_and_told_to_nobody() -> None:
    decision = after(by("chris@physics.example", "> what we wrote\n"), about())
    assert (decision.outcome, told(decision)) == (Outcome.COMMENT, set())
    assert decision.events[0].text == "> what we wrote"


def test_what_is_verified_is_not_escalated_in_the_same_mail() -> None:
    solved = about(status=Status.SOLVED)
    decision = after(by(SUBMITTER, "Escalate: yes\nVerify: yes\n"), solved, row=1)
    assert changes(decision) == {"status": ("solved", "verified")}
    assert MailKind.ESCALATION not in {one.kind for one in decision.outgoing}
    assert "for good" in notes(decision)


def test_the_same_solution_again_is_one() -> None:
    again = about(status=Status.REOPENED, solution="Restarted.")
    decision = after(by(SUPPORTER, "Status: solved\nSolution: Restarted.\n"), again)
    assert changes(decision) == {"status": ("reopened", "solved")}
    assert not decision.notes
    assert text_to(decision, SITE)["solution"] == "Restarted."


def test_who_subscribes_and_unsubscribes_at_once_does_neither() -> None:
    decision = after(by("x@elsewhere.example", "Subscribe: yes\nUnsubscribe: yes\n"), about())
    assert changes(decision) == {}
    assert notes(decision).count("says the opposite") == 2


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("I am away.", "Precedence: bulk\r\n"),
        ("I am away.", "List-Id: <x.example>\r\n"),
        ("Notification: on every change\n", ""),
        ("", ""),
    ],
)
def test_a_ticket_waits_on_until_its_submitter_has_said_something(text: str, head: str) -> None:
    waiting = about(status=Status.WAITING)
    assert "status" not in changes(after(by(SUBMITTER, text, head=head), waiting, row=1))
    answered = after(by(SUBMITTER, "The long one."), waiting, row=1)
    assert changes(answered)["status"] == ("waiting for reply", "in progress")
