"""Who may do it: said to each who may not, for this ticket, and that the ticket stays as it is."""

import pytest

from router.ticket import TicketKind
from router.words import MailKind, Reason, Status
from tests.router.replies import (
    ALARMER,
    FIRST_LINE,
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

USER, SHARED, ALARM = TicketKind.USER, TicketKind.TEAM, TicketKind.ALARM
SUPPORTERS = "supporters of the responsible unit or of first line"
VERIFIERS = {
    USER: "its submitter.",
    SHARED: "its submitter; the VO's team.",
    ALARM: "its submitter; the VO's alarmers.",
}
REOPENERS = {
    USER: f"its submitter; {SUPPORTERS}.",
    SHARED: f"its submitter; {SUPPORTERS}; the VO's team.",
    ALARM: f"its submitter; {SUPPORTERS}; the VO's team.",
}


def answer(who: str, text: str, kind: TicketKind, status: Status) -> str:
    """Return what somebody is told, who has changed nothing and lost no word."""
    ticket = about(kind, status=status)
    decision = after(by(who, text), ticket, row=1 if who == SUBMITTER else 2)
    assert changes(decision) == {}
    assert decision.ticket is not None
    assert decision.ticket.status is status
    assert decision.events[-1].text == text.strip()
    assert told(decision, MailKind.REFUSAL) == {who}
    return " ".join(map(str, text_to(decision, who)["notes"]))  # type: ignore[call-overload] # a list


@pytest.mark.parametrize("line", ["Verify: yes", "Status: verified", "Verify:"])
@pytest.mark.parametrize(
    ("who", "kind"),
    [
        *((SUPPORTER, kind) for kind in TicketKind),
        *((FIRST_LINE, kind) for kind in TicketKind),
        *((STRANGER, kind) for kind in TicketKind),
        (TEAM, USER),
        (TEAM, ALARM),
        (OTHER, SHARED),
    ],
)
def test_who_may_not_verify_hears_who_may(who: str, kind: TicketKind, line: str) -> None:
    said = answer(who, f"{line}\n\nThank you.", kind, Status.SOLVED)
    assert f"it is for: {VERIFIERS[kind]} The ticket stays solved." in said
    assert "possible now" not in said


@pytest.mark.parametrize("line", ["Verify: yes", "Status: verified"])
@pytest.mark.parametrize("who", [SUPPORTER, SUBMITTER])
@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.ON_HOLD, Status.UNSOLVED])
def test_what_is_not_solved_is_not_verified(who: str, status: Status, line: str) -> None:
    said = answer(who, line, USER, status)
    assert "only a ticket that is solved can be verified; that is for: its submitter. " in said
    assert said.endswith(f"The ticket stays {status}.")


@pytest.mark.parametrize("line", ["Reopen: yes", "Status: reopened"])
@pytest.mark.parametrize(
    ("who", "kind"),
    [*((STRANGER, kind) for kind in TicketKind), (TEAM, USER), (ALARMER, USER), (OTHER, ALARM)],
)
def test_who_may_not_reopen_hears_who_may(who: str, kind: TicketKind, line: str) -> None:
    said = answer(who, f"{line}\n\nIt fails again.", kind, Status.SOLVED)
    assert f"it is for: {REOPENERS[kind]} The ticket stays solved." in said


@pytest.mark.parametrize("line", ["Reopen: yes", "Status: reopened"])
@pytest.mark.parametrize("who", [SUBMITTER, SUPPORTER])
def test_what_is_open_is_not_reopened(who: str, line: str) -> None:
    said = answer(who, f"{line}\n\nIt fails.", USER, Status.IN_PROGRESS)
    assert "only a ticket that is solved or unsolved can be reopened; that is for: its" in said
    assert said.endswith("The ticket stays in progress.")


@pytest.mark.parametrize("kind", list(TicketKind))
def test_only_those_are_named_whom_a_ticket_of_its_kind_has(kind: TicketKind) -> None:
    said = answer(STRANGER, "Status: solved\n\nDone.", kind, Status.ASSIGNED)
    assert SUPPORTERS in said
    assert ("the VO's team" in said) is (kind is not USER)
    assert ("the site, by the address in its alarm mail" in said) is (kind is ALARM)
    assert "its submitter" not in said
    assert said.endswith("The ticket stays assigned.")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Verify: no", 'allowed is: yes. If it is not solved, please write "Reopen: yes".'),
        ("Verify: perhaps", "allowed is: yes."),
        ("Reopen: no", "allowed is: yes."),
        ("Status: done", "there is no such status. The ticket stays solved; possible now: reope"),
        ("Status:", "there is no such status. The ticket stays solved; possible now: reopened"),
        (
            "Status: closed",
            "nobody sets that by hand. The ticket stays solved; possible now: reopened",
        ),
        ("Status: solved", "it is solved already; possible now: reopened"),
        ("Status: on hold", "a ticket that is solved has to be reopened first."),
    ],
)
@pytest.mark.parametrize("who", [SUBMITTER, SUPPORTER])
def test_a_wrong_value_is_answered_with_what_is_possible(who: str, line: str, says: str) -> None:
    assert says in answer(who, f"{line}\n\nPlease.", USER, Status.SOLVED)


def test_whoever_may_set_no_status_is_offered_none() -> None:
    said = answer(SUBMITTER, "Status: done\n\nThank you.", USER, Status.ASSIGNED)
    assert "The ticket stays assigned; you may not change that now. The text below the" in said
    assert "possible now" not in said


@pytest.mark.parametrize(
    ("wanted", "value", "says"),
    [
        (ALARM, "yes", "supporters of first line; whoever may open such a ticket, each with proof"),
        (ALARM, "yes", 'our address or a line "Alarm: helpdesk.example". The ticket stays held'),
        (SHARED, "yes", "each with proof. The ticket stays held."),
        (ALARM, "no", "allowed is: yes."),
        (USER, "yes", "this ticket asks for nothing to confirm; first line has to let it go."),
    ],
)
def test_who_may_not_confirm_hears_who_may(wanted: TicketKind, value: str, says: str) -> None:
    ticket = about(held=Reason.ALARM_NOT_PROVEN, wanted=wanted, status=Status.NEW)
    decision = after(by(SUPPORTER, f"Confirm: {value}\n\nPlease."), ticket)
    assert changes(decision) == {}
    assert decision.ticket is not None
    assert decision.ticket.held is Reason.ALARM_NOT_PROVEN
    assert says in str(text_to(decision, SUPPORTER)["notes"])


def test_a_value_that_is_wrong_for_everybody_is_not_said_to_need_a_right() -> None:
    for line in ("Status: new", "Status: closed", "Status: solved"):
        decision = after(by(SUPPORTER, f"{line}\n\nPlease."), about(status=Status.SOLVED))
        assert Reason.LINE_NOT_ALLOWED not in decision.reasons
        assert Reason.LINE_NOT_FOLLOWED in decision.reasons


@pytest.mark.parametrize("who", [STRANGER, TEAM, SUBMITTER, SUPPORTER])
@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.SOLVED])
def test_who_may_not_raise_an_alarm_is_not_told_to_reopen_the_ticket_for_it(
    who: str, status: Status
) -> None:
    said = answer(who, "Convert: alarm\n\nNow!", SHARED, status)
    assert "by a person who is no alarmer of the VO. The ticket stays a TEAM ticket." in said
    assert "reopened" not in said


def test_who_hears_of_a_ticket_already_is_told_how_to_hear_more() -> None:
    said = answer(SUBMITTER, "Subscribe: on every change", USER, Status.ASSIGNED)
    assert 'you hear of this ticket already; "Notification: on every change" says how' in said
