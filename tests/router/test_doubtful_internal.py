"""A doubtful "Internal:" line: the text is kept from the public, and its writer hears of it."""

import pytest

from router.decision import Decision
from router.found import Counts
from router.ticket import TicketEvent, TicketKind
from router.words import EventKind, MailKind, Outcome, Reason, Status
from tests.router.replies import FIRST_LINE, STRANGER, SUBMITTER, SUPPORTER, about, after, by, told
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_internal import SECRET, leaks, shared

ONLY = "so the text was shown to supporters only."
DOUBTFUL = [
    ("Internal: yse", 'The line "Internal: yse" was taken for a yes'),
    ("Internal: maybe", 'The line "Internal: maybe" was taken for a yes'),
    ("Internal: ?", 'The line "Internal: ?" was taken for a yes'),
    ("Internal: non", 'The line "Internal: non" was taken for a yes'),
    ("Internal: yes\nInternal: no", '"Internal: yes" was followed, though another line says'),
    ("Interal: yes", 'A line like "Internal: yes" was seen, but mistyped'),
    ("Status: in progress\nInternal: yse", 'The line "Internal: yse" was taken for a yes'),
    ("Internal: no\n\nInternal: yes", 'A line like "Internal: yes" was seen, but mistyped'),
]


def answers(decision: Decision) -> list[str]:
    """Return what the answers to the sender say."""
    sent = [one for one in decision.outgoing if one.kind is MailKind.REFUSAL]
    return [" ".join(map(str, one.values["notes"])) for one in sent]  # type: ignore[call-overload] # lists


@pytest.mark.parametrize(("lines", "says"), DOUBTFUL)
@pytest.mark.parametrize("who", [SUPPORTER, SUBMITTER, STRANGER])
def test_its_writer_hears_once_that_only_supporters_have_seen_it(
    who: str, lines: str, says: str
) -> None:
    decision = after(by(who, f"{lines}\n\n{SECRET}"), shared(), row=1 if who == SUBMITTER else 2)
    assert decision.events[0].internal
    assert leaks(decision) <= {who}
    (said,) = answers(decision)
    assert said.count(says) == 1
    assert said.count(ONLY) == 1


@pytest.mark.parametrize("line", ["Internal: yes", "Internal: Yes, please!", "Internal: ja.",
                                  "Internal:", "Internal: no", "Internal: off"])  # fmt: skip
def test_what_is_clear_is_not_answered(line: str) -> None:
    assert answers(after(by(SUPPORTER, f"{line}\n\n{SECRET}"), shared())) == []


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.CLOSED])
def test_also_when_the_ticket_is_at_its_end(status: Status) -> None:
    decision = after(by(SUPPORTER, f"Internal: yse\n\n{SECRET}"), shared(about(status=status)))
    assert [ONLY in one for one in answers(decision)] == [True]


def test_answers_are_counted_and_a_sender_without_proof_gets_none() -> None:
    one = by(SUPPORTER, f"Internal: yse\n\n{SECRET}")
    capped = after(one, shared(), counts=Counts(POLICY.receipts_per_hour))
    assert answers(capped) == []
    assert Reason.RECEIPT_CAP in capped.reasons
    unproven = by(SUPPORTER, f"Internal: yse\n\n{SECRET}", proofs=())
    machine = by(SUPPORTER, f"Internal: yse\n\n{SECRET}", head="Auto-Submitted: auto-replied\r\n")
    for silent in (unproven, machine):
        decision = after(silent, shared())
        assert answers(decision) == []
        assert decision.events[0].internal


# ---- beside a confirmation ----


def confirmed(lines: str, **known: object) -> Decision:
    ticket = about(
        held=Reason.ALARM_NOT_PROVEN, wanted=TicketKind.ALARM, status=Status.NEW, support_unit="TPM"
    )
    opening = TicketEvent(EventKind.OPENED, SUBMITTER, NOW, "Nothing works.")
    text = f"Confirm: yes\n{lines}\n\n{SECRET}"
    decision = after(by(FIRST_LINE, text), ticket, opening=opening, **known)
    assert decision.outcome is Outcome.COMMAND, "the alarm is let go"
    assert decision.ticket is not None
    assert decision.ticket.kind is TicketKind.ALARM
    assert [one.text for one in decision.events if SECRET in one.text] == [text]
    return decision


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("Internal: yse", ONLY),
        ("Interal: yes", ONLY),
        ("Priority: urgent", 'The line "Priority: urgent" was not followed: the ticket was held'),
        ("Status: solved\nPiority: x", 'The line "Status: solved" was not followed: the ticket'),
        ("Status: solved\nPiority: x", 'The line "Piority: x" was not understood.'),
    ],
)
def test_lines_beside_a_confirmation_are_answered(lines: str, says: str) -> None:
    decision = confirmed(lines)
    (said,) = answers(decision)
    assert said.count(says) == 1
    assert told(decision, MailKind.REFUSAL) == {FIRST_LINE}
    assert Reason.LINE_NOT_FOLLOWED in decision.reasons


def test_a_confirmation_alone_or_with_a_clear_note_is_not_answered() -> None:
    for lines in ("Confirm: yes", "Internal: yes"):
        assert answers(confirmed(lines)) == []
    assert answers(confirmed("Priority: urgent", counts=Counts(POLICY.receipts_per_hour))) == []
