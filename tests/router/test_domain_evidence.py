"""What a domain's mail needs before it raises an alarm: which domain counts, and for whom."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from parsers.evidence import Proof
from parsers.mail import hear
from parsers.roster import Roster
from router.addresses import Intent
from router.decision import Clue, Decision, Facts, Policy
from router.ticket import TicketKind
from router.tokens import TokenClass
from router.words import MailKind, Reason
from tests.router.test_attacks import DESK, HELD, TINA, by, only, pages
from tests.router.test_decision_table import ANNA, BLOCK, DKIM, POLICY, ROSTER, SMIME, ticket

SMIME_ONLY, BOTH = ("smime",), ("dkim+smime",)


def asking(of: Mapping[str, tuple[str, ...]], **more: object) -> Policy:
    return replace(POLICY, alarm_evidence_of=of, **more)  # type: ignore[arg-type] # its fields


def alarm(*proofs: Proof, policy: Policy, address: str = ANNA) -> Decision:
    one = by(proofs, Intent.ALARM, BLOCK)
    raw = (
        f"From: {address}\r\nTo: alarm@helpdesk.example\r\nSubject: Lost\r\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@cern.example>\r\n\r\n"
    ) + BLOCK.replace("\n", "\r\n")
    anna = replace(ROSTER.members[0], addresses=(address,))
    facts = Facts(DESK, Roster((anna, *ROSTER.members[1:])))
    return only(replace(one, heard=hear(raw.encode())), facts, policy)


@pytest.mark.parametrize(
    ("rule", "address", "held"),
    [
        ("cern.example", "anna@cern.example", True),
        ("cern.example", "anna@CERN.Example", True),
        ("cern.example", "anna@mail.cern.example", True),
        ("example", "anna@cern.example", True),
        ("cern.example", "anna@notcern.example", False),
        ("mail.cern.example", "anna@cern.example", False),
        ("cern.example.org", "anna@cern.example", False),
    ],
)
def test_a_rule_is_for_the_domain_and_those_below_it(
    rule: str, address: str, *, held: bool
) -> None:
    decision = alarm(DKIM, policy=asking({rule: SMIME_ONLY}), address=address)
    assert pages(decision) != held
    assert (Reason.WEAK_FOR_DOMAIN in decision.reasons) == held


def test_the_longest_name_counts() -> None:
    rules = {"example": SMIME_ONLY, "cern.example": ("dkim",)}
    assert pages(alarm(DKIM, policy=asking(rules)))
    assert not pages(alarm(SMIME, policy=asking(rules)))


def test_it_replaces_what_the_helpdesk_takes_elsewhere() -> None:
    strict = asking({"cern.example": ("dkim",)}, alarm_evidence=("smime",))
    assert pages(alarm(DKIM, policy=strict))
    assert alarm(DKIM, policy=replace(strict, alarm_evidence_of={})).ticket.held is (  # type: ignore[union-attr] # there is one
        Reason.WEAK_EVIDENCE
    )


def test_the_person_has_to_take_it_too() -> None:
    anna = replace(ROSTER.members[0], alarm_evidence=("smime",))
    facts = Facts(DESK, Roster((anna,)))
    policy = asking({"cern.example": ("dkim",)})
    assert not pages(only(by((DKIM,), Intent.ALARM, BLOCK), facts, policy))


def test_both_have_to_speak_for_the_same_person() -> None:
    policy = asking({"cern.example": BOTH})
    assert pages(alarm(DKIM, SMIME, policy=policy))
    unregistered = replace(SMIME, identity="/DC=org/DC=cern/CN=New")
    assert not pages(alarm(DKIM, unregistered, policy=policy))


def test_history_notice_and_answer_say_what_the_domain_needs() -> None:
    decision = alarm(DKIM, policy=asking({"cern.example": BOTH}))
    assert decision.events[0].reasons[:2] == (Reason.WEAK_FOR_DOMAIN, Reason.PROVEN_DKIM)
    sentence = (
        "An alarm from an address at cern.example needs both a DKIM signature of the domain and "
        "an S/MIME signature."
    )
    for kind, reader in ((MailKind.NOTIFICATION, "tpm@firstline.example"), (MailKind.HELD, ANNA)):
        (values,) = [m.values for m in decision.outgoing if (m.kind, m.recipient) == (kind, reader)]
        assert sentence in values["notes"]  # type: ignore[operator] # a list
        assert str(Reason.WEAK_FOR_DOMAIN) in values["reasons"]  # type: ignore[operator] # too


# ---- the other ways to wake a site ----


@pytest.mark.parametrize(
    ("asked", "proofs", "done"),
    [
        (("dkim",), (DKIM,), True),
        (SMIME_ONLY, (DKIM,), False),
        (SMIME_ONLY, (SMIME,), True),
        (BOTH, (DKIM,), False),
        (BOTH, (DKIM, SMIME), True),
    ],
)
def test_a_supporter_of_such_a_domain_confirms_with_the_same_proof(
    asked: tuple[str, ...], proofs: tuple[Proof, ...], *, done: bool
) -> None:
    tinas = tuple(replace(one, identity="firstline.example") for one in proofs)
    one = by(tinas, Intent.ANSWER, "Confirm: yes\nAlarm: helpdesk.example\n\nIt is real.")
    assert one.heard.sender is not None
    one = replace(one, heard=replace(one.heard, sender=replace(one.heard.sender, address=TINA)))
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=1)
    facts = Facts(DESK, ROSTER, found=((clue, HELD),))
    assert pages(only(one, facts, asking({"firstline.example": asked}))) == done


@pytest.mark.parametrize(("proofs", "done"), [((DKIM,), False), ((SMIME,), True)])
def test_a_team_ticket_is_made_an_alarm_by_that_proof_only(
    proofs: tuple[Proof, ...], *, done: bool
) -> None:
    one = by(proofs, Intent.ANSWER, "Convert: alarm\nAlarm: helpdesk.example\n\nWorse.")
    facts = Facts(DESK, ROSTER, found=((Clue(Reason.THREAD_OWN_ID, 7), ticket(TicketKind.TEAM)),))
    assert pages(only(one, facts, asking({"cern.example": SMIME_ONLY}))) == done
