"""What a reply may do at the end of a ticket's life, and lines that do not fit together."""

from dataclasses import replace

import pytest

from router.addresses import Intent
from router.decide import decide
from router.decision import Clue, Command, Decision, Facts
from router.ticket import Participant, TicketKind
from router.words import FINAL, MailKind, Outcome, Reason, Role, Status
from tests.router.replies import (
    DESK,
    LIST,
    PEOPLE,
    SITE,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    WORLD,
    about,
    after,
    by,
    changes,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW, POLICY


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


@pytest.mark.parametrize(
    ("subject", "becomes"),
    [
        ("Re: Ticket-ID: #7 SOLVED Lost", "Lost"),
        ("AW: Re: Ticket-ID: #7 Lost", "Lost"),
        ("Re: Ticket-ID: #7 another problem", "Re: Ticket-ID: #7 another problem"),
        ("Re: Ticket-ID: #8 SOLVED Lost", "Re: Ticket-ID: #8 SOLVED Lost"),
    ],
)
def test_an_answer_after_the_end_does_not_carry_the_old_number_along(
    subject: str, becomes: str
) -> None:
    one = by(SUBMITTER, "It fails again.")
    one = replace(one, heard=replace(one.heard, subject=subject))
    decision = after(one, about(status=Status.CLOSED))
    assert decision.ticket is not None
    assert (decision.outcome, decision.ticket.subject) == (Outcome.NEW, becomes)
    assert text_to(decision, SUBMITTER)["subject"] == becomes


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


def test_only_what_has_a_vo_is_specific_to_it() -> None:
    bare = after(by(SUPPORTER, "VO specific: yes\n"), about(vo=""))
    assert changes(bare) == {}
    assert "it has no VO" in notes(bare)
    both = after(by(SUPPORTER, "VO specific: yes\nVO: cms\n"), about(vo=""))
    assert changes(both) == {"VO": ("", "cms"), "VO specific": ("no", "yes")}
    gone = after(by(SUPPORTER, "VO: none\n"), about(vo_specific=True))
    assert changes(gone) == {"VO": ("atlas", ""), "VO specific": ("yes", "no")}
    assert gone.ticket is not None
    assert not gone.ticket.vo_specific


def test_a_new_ticket_may_say_it_too() -> None:
    def opened(block: str) -> Decision:
        one = replace(by(SUBMITTER, block), intent=Intent.USER)
        (decision,) = decide(one, Facts(WORLD, PEOPLE), POLICY, NOW)
        return decision

    said = opened("Site: FZK-LCG2\nVO: atlas\nVO specific: yes\n\nLost.").ticket
    assert said is not None
    assert said.vo_specific
    wrong = opened("VO specific: yes\n\nLost.")
    assert wrong.ticket is not None
    assert not wrong.ticket.vo_specific
    assert "takes yes or no, and a VO" in str([one.values["notes"] for one in wrong.outgoing])


@pytest.mark.parametrize(
    "line", ["Priority: urgent", "Category: Incident", "Cc: -", "Internal: no", "Assign to: nobody"]
)
def test_a_line_that_changes_nothing_is_answered_when_nothing_else_is_said(line: str) -> None:
    alone = after(by(SUPPORTER, f"{line}\n"), about())
    assert changes(alone) == {}
    assert told(alone) == {SUPPORTER, LIST}
    if line != "Cc: -":
        assert notes(alone) == "The ticket is as these lines say already."
        assert SUPPORTER not in told(after(by(SUPPORTER, f"{line}\n\nHello."), about()))


def test_a_log_that_an_operator_adds_is_no_line() -> None:
    clue = Clue(Reason.THREAD_OWN_ID, 7)
    log = Command("steer", 7, "root", "Seen today:\nStatus: failed\nPriority: 3")
    (decision,) = decide(log, Facts(WORLD, PEOPLE, found=((clue, about()),)), POLICY, NOW)
    assert decision.events[0].text == log.text


@pytest.mark.parametrize("line", ["Assign to: NGI_IT", "Notified site: INFN-T1"])
@pytest.mark.parametrize("reopen", ["Status: reopened", "Reopen: yes"])
def test_a_ticket_is_reopened_and_given_on_by_one_mail(line: str, reopen: str) -> None:
    solved = about(status=Status.SOLVED, solution="Restarted.")
    decision = after(by(SUPPORTER, f"{line}\n{reopen}\n\nIt was theirs."), solved)
    assert not decision.notes
    made = [c for event in decision.events for c in event.changes if c.field == "status"]
    assert [(c.old, c.new) for c in made] == [("solved", "reopened"), ("reopened", "assigned")]
    assert {"it@roc.example", DESK, SUBMITTER} <= told(decision)
    mute = after(by(SUPPORTER, f"{line}\n{reopen}\n"), solved)
    assert changes(mute) == {}


@pytest.mark.parametrize("role", [Role.SITE, Role.SUPPORTER, Role.CC])
def test_a_submitter_who_is_more_than_that_is_asked_and_shown_how_to_verify(role: Role) -> None:
    more = Participant(role, SUBMITTER.upper(), row=9)
    both = replace(about(), participants=(*about().participants, more))
    solved = after(by(SUPPORTER, "Status: solved\n\nRestarted."), both)
    mine = {one.recipient.lower() for one in solved.outgoing if one.values["mine"]}
    assert mine == {SUBMITTER}
    asked = after(by(SUPPORTER, "Status: waiting for reply\n\nWhich queue?"), both)
    assert {one.recipient.lower() for one in asked.outgoing if one.values["asked"]} == {SUBMITTER}
