"""What somebody gains by another ticket: by an address of one that was merged, or by a guess."""

from dataclasses import replace

import pytest

from router.decide import decide
from router.decision import Clue, Facts
from router.leading import led_on
from router.ticket import Participant, Ticket, TicketEvent, Tie
from router.tokens import TokenClass
from router.words import Reason, Role, Status
from tests.router.replies import (
    LIST,
    PEOPLE,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    WORLD,
    about,
    after,
    by,
    changes,
)
from tests.router.test_decision_table import ALL, DKIM, NOW, POLICY
from tests.router.test_relations import JOE, all_after, joined, other

FORGED = "director@physics.example"
TOKEN = Clue(Reason.THREAD_TOKEN, 12, token_class=TokenClass.PERSON, token_row=121)


def heard_by(clue: Clue, named: Ticket, survivor: Ticket, sender: str = FORGED) -> TicketEvent:
    """Return the entry of an unproven answer to an address that named one ticket."""
    found = led_on([(clue, named)], lambda number: survivor if number == survivor.number else None)
    facts = Facts(WORLD, PEOPLE, found=tuple(found))
    (decision,) = decide(by(sender, "Delete it all.", proofs=()), facts, POLICY, NOW)
    return decision.events[0]


def test_an_answer_to_a_merged_ticket_says_whose_address_it_used() -> None:
    merged = joined(other(status=Status.UNSOLVED), Tie.SURVIVOR, 7)
    entry = heard_by(TOKEN, merged, joined(about(), Tie.MERGED, 12))
    assert entry.by == f"{FORGED}, by the reply address of {JOE},"


def test_who_was_given_the_address_is_not_named_twice() -> None:
    merged = joined(other(status=Status.UNSOLVED), Tie.SURVIVOR, 7)
    assert heard_by(TOKEN, merged, joined(about(), Tie.MERGED, 12), JOE).by == JOE


@pytest.mark.parametrize("sender", [FORGED, SUBMITTER, LIST, SITE])
def test_an_address_of_somebody_who_has_left_lends_nobody_a_name(sender: str) -> None:
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=99)
    entry = heard_by(clue, about(), about(), sender)
    assert entry.by == f"{sender}, by the reply address of somebody who has left,"


def test_an_old_solution_of_a_merged_ticket_verifies_nothing_of_the_survivor() -> None:
    """Its submitter has opened both, and sends back what was said before the merge."""
    merged = joined(other(status=Status.UNSOLVED), Tie.SURVIVOR, 7)
    survivor = joined(about(status=Status.SOLVED, solution="Another one."), Tie.MERGED, 12)
    found = led_on([(TOKEN, merged)], {7: survivor}.get)
    facts = Facts(WORLD, PEOPLE, found=tuple(found), solution_of=12)
    back = by(SUBMITTER, "> --- please write above this line ---\n> Solution: A cable.")
    (decision,) = decide(back, facts, POLICY, NOW)
    assert decision.ticket is not None
    assert decision.ticket.status is Status.SOLVED


@pytest.mark.parametrize("line", ["Master: #12", "Cross reference: #12"])
def test_whether_a_ticket_is_there_is_not_told_by_the_reasons_either(line: str) -> None:
    foreign = other(support_unit="Elsewhere", vo="cms")
    rosa = by(LIST, line)
    seen = [all_after(rosa, about(), *known)[0].reasons for known in ((), (foreign,))]
    assert seen[0] == seen[1]
    assert Reason.LINE_NOT_FOLLOWED in seen[0]


def test_an_answer_that_names_a_merged_ticket_is_meant_for_the_survivor() -> None:
    """It answers a person's mail, so that nothing but its subject has our number."""
    merged = joined(other(status=Status.UNSOLVED), Tie.SURVIVOR, 7)
    clue = Clue(Reason.THREAD_FOREIGN_ID, message_id="<1@physics.example>")
    found = led_on([(clue, merged)], {7: joined(about(), Tie.MERGED, 12)}.get)
    rosa = by(SUPPORTER, "Status: in progress")
    rosa = replace(rosa, heard=replace(rosa.heard, subject="Re: Ticket-ID: #12 Lost"))
    facts = Facts(WORLD, PEOPLE, found=tuple(found))
    (decision,) = decide(rosa, facts, POLICY, NOW)
    assert changes(decision) == {"status": ("assigned", "in progress")}


def test_whoever_leaves_with_the_merge_does_not_read_the_survivor() -> None:
    gone = Participant(Role.CC, "gone@lab.example", row=9)
    ticket = about(participants=(*about().participants, gone))
    lines = "Cc: -gone@lab.example, new@lab.example\nMerge into: #12\n\nThe same."
    _, survivor = all_after(by(SUPPORTER, lines), ticket, other())
    assert {one.address for one in survivor.joins} == {SUBMITTER, "new@lab.example"}


def test_a_stranger_brings_in_some_people_by_his_copies_and_no_crowd() -> None:
    ticket, proof = about(), replace(DKIM, identity="elsewhere.example", covers=ALL | {"cc"})
    for at in range(30):
        names = ", ".join(f"victim{at}.{n}@lab.example" for n in range(10))
        mail = by(STRANGER, f"Hello {at}.", (proof,), f"Cc: {names}\r\n")
        people = after(mail, ticket).joins
        ticket = replace(ticket, participants=(*ticket.participants, *people))
    assert 10 < len(ticket.participants) < 80
