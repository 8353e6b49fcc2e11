"""Attacks by field lines: each line, by each who may not write it, and what nobody may do.

A stranger, the holder of a reply address without proof, a proven person without the right, and a
machine try every line there is.
"""

from dataclasses import replace

import pytest

from parsers.block import KEYS
from parsers.heard import Automatic
from parsers.mail import hear
from router.decision import Decision
from router.lines.noting import REMIND
from router.lines.rules import RULES, SHORT
from router.ticket import Participant, Ticket, TicketKind
from router.words import FINAL, EventKind, MailKind, Outcome, Reason, Role, Status
from tests.router.replies import (
    ALARMER,
    DKIM,
    LIST,
    OTHER,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    about,
    after,
    by,
    changes,
    told,
)
from tests.router.test_decision_table import ALL, PROOFS

# A value for every line with which a person who may write it would change something.
LINES = {
    "site": "Notified site: INFN-T1",
    "assign_to": "Assign to: VOSupport",
    "vo": "VO: cms",
    "vo_specific": "VO specific: yes",
    "affected_site": "Affected site: INFN-T1",
    "priority": "Priority: top priority",
    "category": "Category: Test",
    "type_of_issue": "Type of issue: Other",
    "cc": "Cc: victim@x.example",
    "involve": "Involve: spy@x.example",
    "related": "Related: http://x.example",
    "cross_reference": "Cross reference: 12",
    "master": "Master: #12",
    "parent": "Parent: #12",
    "duplicate_of": "Duplicate of: #12",
    "merge_into": "Merge into: #12",
    "unlink": "Unlink: #12",
    "convert": "Convert: alarm",
    "status": "Status: solved",
    "solution": "Solution: None.",
    "remind_on": "Remind on: 2026-03-04",
    "escalate": "Escalate: yes",
    "subscribe": "Subscribe: yes",
    "unsubscribe": "Unsubscribe: yes",
    "notification": "Notification: on every change",
    "confirm": "Confirm: yes",
    "verify": "Verify: yes",
    "reopen": "Reopen: yes",
}
HARMLESS = {"internal", "alarm", "mou_area"}
NO_PROOF = {name: PROOFS[name] for name in ("A", "P", "D-stale", "D-unbound")}


def test_every_line_that_is_heard_is_tried_here() -> None:
    assert set(LINES) | HARMLESS == set(KEYS.values())
    assert set(RULES) | set(SHORT) == (set(LINES) | HARMLESS) - {"mou_area"}


def nothing_happens(decision: Decision, ticket: Ticket) -> None:
    """Fail when a reply did anything but being kept."""
    assert changes(decision) == {}
    assert decision.ticket is not None
    as_it_was = replace(decision.ticket, updated_at=ticket.updated_at, timing=ticket.timing)
    assert as_it_was == ticket
    assert decision.leaves == ()
    assert REMIND not in {one.step for one in decision.reminders}
    assert not {"victim@x.example", "spy@x.example"} & {one.address for one in decision.joins}
    assert decision.events[-1].text.endswith("Please.")


@pytest.mark.parametrize("line", sorted(LINES))
@pytest.mark.parametrize("kind", list(TicketKind))
@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.SOLVED])
def test_a_reply_address_alone_steers_nothing(line: str, kind: TicketKind, status: Status) -> None:
    ticket = about(kind, status=status)
    for address, row in ((SUBMITTER, 1), (SUPPORTER, 2), (LIST, 2), (TEAM, 2), (ALARMER, 1)):
        decision = after(by(address, f"{LINES[line]}\n\nPlease.", proofs=()), ticket, row=row)
        nothing_happens(decision, ticket)
        assert told(decision, MailKind.REFUSAL) == set(), "who is not proven hears nothing"


@pytest.mark.parametrize("line", sorted(LINES))
@pytest.mark.parametrize("proof", sorted(NO_PROOF))
def test_what_is_no_proof_steers_nothing(line: str, proof: str) -> None:
    for address in (SUBMITTER, SUPPORTER, LIST):
        ticket = about()
        one = by(address, f"{LINES[line]}\n\nPlease.", proofs=(NO_PROOF[proof],))
        nothing_happens(after(one, ticket), ticket)


@pytest.mark.parametrize("line", sorted(LINES))
def test_a_replayed_mail_and_one_with_two_voices_steer_nothing(line: str) -> None:
    ticket = about()
    one = by(SUPPORTER, f"{LINES[line]}\n\nPlease.")
    nothing_happens(after(one, ticket, replayed=True), ticket)
    both = replace(one, evidence=replace(one.evidence, proofs=(DKIM_OF_ROSA, PROOFS["S-other"])))
    nothing_happens(after(both, ticket), ticket)


DKIM_OF_ROSA = replace(DKIM, identity="roc.example", covers=ALL)
OWN = {"subscribe", "unsubscribe", "notification"}  # one's own business


@pytest.mark.parametrize("line", sorted(set(LINES) - OWN))
@pytest.mark.parametrize("address", [STRANGER, OTHER, SITE])
@pytest.mark.parametrize("kind", list(TicketKind))
def test_a_proven_person_without_the_right_steers_nothing_and_is_told_so(
    line: str, address: str, kind: TicketKind
) -> None:
    for status in (Status.ASSIGNED, Status.SOLVED):
        ticket = about(kind, status=status)
        decision = after(by(address, f"{LINES[line]}\n\nPlease."), ticket)
        nothing_happens(decision, ticket)
        assert told(decision, MailKind.REFUSAL) == {address}
        assert decision.outcome is Outcome.COMMENT, "heard, and not more"


@pytest.mark.parametrize("line", sorted(LINES))
@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-replied", "Precedence: bulk"])
def test_a_machine_steers_nothing_even_with_a_supporters_proof(line: str, mark: str) -> None:
    ticket = about(status=Status.SOLVED)
    for address, row in ((SUBMITTER, 1), (SUPPORTER, 2)):
        one = by(address, f"{LINES[line]}\n\nPlease.", head=f"{mark}\r\n")
        assert one.heard.automatic is not Automatic.NO
        decision = after(one, ticket, row=row)
        nothing_happens(decision, ticket)
        assert told(decision, MailKind.REFUSAL) == set()


def test_whoever_writes_to_the_units_list_is_not_the_unit() -> None:
    """A list that puts itself into From signs for everybody who may post to it."""
    text = "Status: solved\n\nPlease."
    assert changes(after(by(LIST, text), about()))
    posted = by(LIST, text, head="List-Id: <ngi.roc.example>\r\n")
    nothing_happens(after(posted, about()), about())


@pytest.mark.parametrize("line", sorted(set(LINES) - OWN - {"confirm"}))
def test_a_held_ticket_is_not_steered_past_first_line(line: str) -> None:
    ticket = about(held=Reason.UNPROVEN)
    for address in (SUPPORTER, SUBMITTER):
        nothing_happens(after(by(address, f"{LINES[line]}\n\nPlease."), ticket), ticket)


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("line", sorted(set(LINES) - {"confirm"}))
def test_the_end_takes_nothing_and_a_reply_opens_another_ticket(line: str, status: Status) -> None:
    decision = after(by(SUPPORTER, f"{LINES[line]}\n\nPlease."), about(status=status))
    assert decision.ticket is not None
    assert decision.ticket.number == 0
    assert decision.events[0].kind is EventKind.OPENED


def test_a_quoted_line_steers_nothing() -> None:
    quote = "On Mon, 2 Mar 2026 at 09:00, X <x@x.example> wrote:\n> Status: solved"
    text = f"Thank you.\n\n{quote}"
    assert changes(after(by(SUPPORTER, text), about())) == {}


def test_nobody_is_made_a_supporter_by_writing_the_name_of_one() -> None:
    one = by(STRANGER, "Status: solved\n\nDone.")
    named = hear(
        f'From: "{SUPPORTER}" <{STRANGER}>\r\nSubject: x\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000'
        f"\r\nReply-To: {SUPPORTER}\r\nSender: {SUPPORTER}\r\n\r\n"
        "Status: solved\r\n\r\nDone.".encode()
    )
    assert changes(after(replace(one, heard=named), about())) == {}


def test_our_own_address_is_nobody() -> None:
    ours = "support@helpdesk.example"
    ticket = about(submitter=ours)
    assert changes(after(by(ours, "Escalate: yes"), ticket)) == {}


def test_a_supporter_of_another_vo_is_none_here() -> None:
    assert changes(after(by("cecil@cern.example", "Category: Test"), about())) == {}
    assert changes(after(by("cecil@cern.example", "Category: Test"), about(vo="cms")))


def test_who_is_only_cc_or_involved_steers_nothing() -> None:
    people = (Participant(Role.CC, STRANGER, row=8), Participant(Role.INVOLVED, STRANGER, row=9))
    ticket = about(participants=(*about().participants, *people))
    assert changes(after(by(STRANGER, "Status: solved\n\nDone."), ticket)) == {}


# ---- the solution that is sent back ----

BACK = "> --- please write above this line ---\n> Solution: done"


@pytest.mark.parametrize(
    ("text", "verifies"),
    [
        ("", True),
        (BACK, True),
        (f"On Mon, 2 Mar 2026 at 09:00, X <x@x.example> wrote:\n{BACK}", True),
        (f"{BACK}\n\n-- \nAnne", True),
        (f"It fails.\n\n{BACK}", False),
        (f"?\n\n{BACK}", False),
        (f"{BACK}\n\nIt fails.", False),
        (f"{BACK}\nIt fails.\n> more", False),
        (BACK.replace("> ", ""), False),
        ("Thank you", False),
    ],
)
def test_only_an_unchanged_answer_verifies(text: str, verifies: bool) -> None:
    one = by(SUBMITTER, text)
    assert one.heard.adds is not verifies
    solved = about(status=Status.SOLVED)
    decision = after(one, solved, row=1, solution_of=0 if one.heard.adds else 7)
    assert (changes(decision) == {"status": ("solved", "verified")}) is verifies


@pytest.mark.parametrize("who", [STRANGER, SUPPORTER, LIST, SITE])
def test_only_those_who_may_verify_do_it_by_sending_it_back(who: str) -> None:
    decision = after(by(who, BACK), about(status=Status.SOLVED), solution_of=7)
    assert changes(decision) == {}


def test_the_solution_of_another_ticket_verifies_nothing() -> None:
    solved = about(status=Status.SOLVED)
    assert changes(after(by(SUBMITTER, BACK), solved, row=1, solution_of=12)) == {}
    assert changes(after(by(SUBMITTER, BACK), solved, row=1, solution_of=7))


@pytest.mark.parametrize(
    "mark", ["Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated", "Precedence: bulk"]
)
def test_an_automatic_answer_never_verifies(mark: str) -> None:
    one = by(SUBMITTER, BACK, head=f"{mark}\r\n")
    decision = after(one, about(status=Status.SOLVED), row=1, solution_of=7)
    assert changes(decision) == {}


def test_without_proof_an_unchanged_answer_verifies_nothing() -> None:
    one = by(SUBMITTER, BACK, proofs=())
    decision = after(one, about(status=Status.SOLVED), row=1, solution_of=7)
    assert changes(decision) == {}


@pytest.mark.parametrize("status", [s for s in Status if s not in FINAL | {Status.SOLVED}])
def test_an_answer_to_an_old_solution_verifies_nothing(status: Status) -> None:
    decision = after(by(SUBMITTER, BACK), about(status=status), row=1, solution_of=7)
    assert "verified" not in str(changes(decision))
