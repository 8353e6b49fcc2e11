"""What the mails about a reply say of it: the words below its lines, and never less than that."""

import pytest

from router.addresses import OurAddresses
from tests.router.replies import LIST, SUBMITTER, SUPPORTER, about, after, by, text_to

TEXT = "The disk is on its way."
OURS = OurAddresses(
    "helpdesk.example",
    "support@helpdesk.example",
    "team@helpdesk.example",
    "alarm@helpdesk.example",
)


def test_lines_that_were_followed_are_told_as_what_they_changed() -> None:
    decision = after(by(SUPPORTER, f"Status: on hold\nPriority: very urgent\n\n{TEXT}"), about())
    for reader in (LIST, SUBMITTER):
        assert text_to(decision, reader)["text"] == TEXT
    changed = {one["field"] for one in text_to(decision, LIST)["changes"]}  # type: ignore[attr-defined]
    assert changed == {"status", "priority"}
    assert decision.events[-1].text == f"Status: on hold\nPriority: very urgent\n\n{TEXT}"


def test_lines_alone_leave_no_text_to_tell() -> None:
    decision = after(by(SUPPORTER, "Status: in progress"), about())
    assert text_to(decision, LIST)["text"] == ""


@pytest.mark.parametrize("line", ["Status: done", "Prioritty: urgent"])
def test_a_mail_with_a_line_that_was_not_followed_is_told_as_it_was_written(line: str) -> None:
    said = f"Category: Test\n{line}\n\n{TEXT}"
    assert text_to(after(by(SUPPORTER, said), about()), LIST)["text"] == said


def test_an_internal_note_is_told_without_its_lines_and_to_supporters_alone() -> None:
    decision = after(by(SUPPORTER, f"Internal: yes\nPriority: urgent\n\n{TEXT}"), about())
    assert text_to(decision, LIST)["text"] == TEXT
    assert TEXT not in str([m.values for m in decision.outgoing if m.recipient == SUBMITTER])


def test_a_reply_address_without_a_token_is_ours_and_nobody_to_write_to() -> None:
    for address in ("reply@helpdesk.example", "Reply+@helpdesk.example"):
        assert OURS.is_ours(address)
    for address in ("replying@helpdesk.example", "reply@physics.example"):
        assert not OURS.is_ours(address)
