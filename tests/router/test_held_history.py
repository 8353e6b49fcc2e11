"""A held request says how its sender is known: in the history, to first line, and in the answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from parsers.evidence import SenderEvidence
from parsers.mail import hear
from router.addresses import Intent
from router.authority import sender_of
from router.decide import decide
from router.decision import Decision, Due, Facts
from router.ticket import TicketKind
from router.told import TOLD
from router.words import MailKind, Reason
from tests.router.test_decision_table import (
    ANNA,
    BLOCK,
    NOW,
    POLICY,
    PROOFS,
    REGISTRY,
    ROSTER,
    alarm,
    facts,
    happens,
    mail,
    rows,
    ticket,
)

HELD = [evidence for evidence, alarmed, *_ in rows() if alarmed == "held"]
# Reasons that say more than "unproven sender" where nothing is proven.
SPECIAL = {"broken": Reason.STRUCTURE}


def reasons_in(decision: Decision, kind: MailKind, reader: str) -> list[str]:
    """Return the reasons that a mail of the decision tells its reader."""
    (values,) = [
        one.values for one in decision.outgoing if (one.kind, one.recipient) == (kind, reader)
    ]
    told = values["reasons"]
    assert isinstance(told, list)
    return told


@pytest.mark.parametrize("evidence", HELD)
def test_the_history_and_first_lines_notice_say_how_the_sender_is_known(evidence: str) -> None:
    assert alarm(evidence) == "held"
    decision, _ = happens(evidence, Intent.ALARM, BLOCK)
    one, known = mail(evidence, Intent.ALARM, BLOCK), facts(evidence)
    sender = sender_of(one, known.roster, POLICY, replayed=known.replayed)
    standing = SPECIAL.get(evidence, sender.may.reason)
    (event,) = decision.events
    assert decision.ticket is not None
    assert event.reasons[:2] == (decision.ticket.held, standing)
    told = reasons_in(decision, MailKind.NOTIFICATION, "tpm@firstline.example")
    assert told == [str(reason) for reason in event.reasons]


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("D+S-other", Reason.PROOFS_DISAGREE),
        ("D-replayed", Reason.REPLAYED),
        ("D-stale", Reason.STALE),
        ("E", Reason.NOT_ANSWERED),
        ("A", Reason.ARC_ONLY),
        ("0", Reason.UNPROVEN),
        ("S-unbound", Reason.TEXT_NOT_SIGNED),
        ("R", Reason.PROVEN_RESULTS),
        ("broken", Reason.STRUCTURE),
    ],
)
def test_each_way_not_to_be_proven_has_its_own_word(evidence: str, said: Reason) -> None:
    decision, _ = happens(evidence, Intent.ALARM, BLOCK)
    assert said in decision.events[0].reasons


@pytest.mark.parametrize(
    ("evidence", "said"), [("N", Reason.SUBMITTED), ("P", Reason.SPF_ONLY)], ids=str
)
def test_who_may_be_answered_is_told_why_it_is_no_proof(evidence: str, said: Reason) -> None:
    decision, _ = happens(evidence, Intent.ALARM, BLOCK)
    assert str(said) in reasons_in(decision, MailKind.HELD, ANNA)


def test_a_sender_is_never_told_that_it_looks_like_an_attack() -> None:
    assert Reason.PROOFS_DISAGREE not in TOLD


def test_an_ordinary_mail_that_is_held_says_it_once() -> None:
    decision, _ = happens("0", Intent.USER, "Site: FZK-LCG2\n\nSlow.")
    assert list(decision.events[0].reasons).count(Reason.UNPROVEN) == 1


def test_a_request_without_a_sender_says_that() -> None:
    one = mail("0", Intent.ALARM, BLOCK)
    nobody = replace(one, heard=hear(b"To: alarm@helpdesk.example\r\n\r\nDead.\r\n"))
    (decision,) = decide(nobody, Facts(REGISTRY, ROSTER), POLICY, NOW)
    assert decision.events[0].reasons[:2] == (Reason.ALARM_NOT_PROVEN, Reason.NO_SENDER)


@pytest.mark.parametrize(
    ("evidence", "after", "said"),
    [
        ("E", timedelta(hours=2), (Reason.NEVER_ANSWERED,)),
        ("D-stale", timedelta(minutes=1), (Reason.ALARM_NOT_PROVEN, Reason.STALE)),
        ("D+S-other", timedelta(minutes=1), (Reason.ALARM_NOT_PROVEN, Reason.PROOFS_DISAGREE)),
    ],
)
def test_what_was_found_later_is_said_like_that_too(
    evidence: str, after: timedelta, said: tuple[Reason, ...]
) -> None:
    held = replace(ticket(TicketKind.USER), wanted=TicketKind.ALARM, held=Reason.ALARM_NOT_PROVEN)
    one = replace(
        mail("0", Intent.ALARM, BLOCK),
        evidence=SenderEvidence(tuple(PROOFS[name] for name in evidence.split("+"))),
    )
    known = facts("0", held)
    (decision,) = decide(Due("reprove", ticket=7, mail=one), known, POLICY, NOW + after)
    (event,) = decision.events
    assert event.reasons == said
    told = reasons_in(decision, MailKind.NOTIFICATION, "tpm@firstline.example")
    assert told == [str(reason) for reason in said]
