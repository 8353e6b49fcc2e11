"""Attacks on what a sender may do: each tries to wake a site or to bring somebody in."""

from dataclasses import replace

import pytest

from parsers.evidence import Proof, SenderEvidence
from parsers.mail import hear
from parsers.registry import SupportUnit
from parsers.roster import Member, Roster
from router.addresses import Intent
from router.decide import decide
from router.decision import Clue, Decision, Facts, Mail
from router.ticket import Ticket, TicketKind
from router.tokens import TokenClass, write_token
from router.words import MailKind, Outcome, Reason, Role
from tests.router.test_decision_table import (
    ALL,
    BLOCK,
    DKIM,
    NOW,
    POLICY,
    REGISTRY,
    RESULTS,
    ROSTER,
    SMIME,
    mail,
    ticket,
)

TINA = "tina@firstline.example"
DESK = replace(
    REGISTRY, units=(SupportUnit("TPM", ("tpm@firstline.example",), supporters=(TINA,)),)
)
HELD = replace(ticket(TicketKind.USER), wanted=TicketKind.ALARM, held=Reason.NOT_BOUND)


def by(proofs: tuple[Proof, ...], intent: Intent, body: str, head: str = "") -> Mail:
    """Return Anna's mail with these proofs, `head` in place of its To line."""
    one = mail("0", intent, body)
    to = head or "To: alarm@helpdesk.example"
    text = body.replace("\n", "\r\n")
    raw = (
        f"From: anna@cern.example\r\n{to}\r\nSubject: Lost\r\n"
        f"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@cern.example>\r\n\r\n{text}\r\n"
    )
    return replace(one, heard=hear(raw.encode()), evidence=SenderEvidence(proofs))


def only(one: Mail, facts: Facts | None = None, policy: object = POLICY) -> Decision:
    (decision,) = decide(one, facts or Facts(DESK, ROSTER), policy, NOW)  # type: ignore[arg-type] # a Policy
    return decision


def pages(decision: Decision) -> bool:
    return any(one.kind is MailKind.ALARM for one in decision.outgoing)


def joined(decision: Decision) -> set[str]:
    return {one.address for one in decision.joins if one.role is Role.CC}


# ---- one signature more never takes a right away ----


def test_a_certificate_beside_dkim_does_not_ask_for_the_line_that_dkim_makes_needless() -> None:
    block = "Site: FZK-LCG2\nVO: atlas\n\nDead."
    assert pages(only(by((DKIM,), Intent.ALARM, block)))
    assert pages(only(by((DKIM, SMIME), Intent.ALARM, block)))
    assert not pages(only(by((SMIME,), Intent.ALARM, block)))


def test_a_certificate_that_nobody_registered_does_not_hide_a_known_address() -> None:
    new = replace(SMIME, identity="/DC=org/DC=cern/CN=Renewed")
    assert pages(only(by((DKIM, new), Intent.ALARM, BLOCK)))
    assert not pages(only(by((new,), Intent.ALARM, BLOCK)))


def test_one_row_has_to_allow_both_the_site_and_the_method() -> None:
    address, alarm = ("anna@cern.example",), frozenset({"alarm"})
    elsewhere = Member("Anna", address, (), "atlas", alarm, ("INFN-T1",), ("dkim",))
    strictly = Member("Bob", address, (), "atlas", alarm, (), ("smime",))
    here = replace(elsewhere, alarm_sites=("FZK-LCG2",))

    def wakes(*rows: Member) -> bool:
        return pages(only(by((DKIM,), Intent.ALARM, BLOCK), Facts(DESK, Roster(rows))))

    assert not wakes(elsewhere)
    assert not wakes(strictly)
    assert not wakes(elsewhere, strictly), "two halves are no right"
    assert wakes(here, strictly)


def test_a_person_whom_two_sources_spell_differently_is_no_attack() -> None:
    by_hand = Member("Anna", ("anna@cern.example",), (), "atlas", frozenset({"alarm"}))
    synced = Member("a.alarmer", (), (SMIME.identity,), "cms", frozenset({"team"}))
    twice = Facts(DESK, Roster((by_hand, synced)))
    assert pages(only(by((DKIM,), Intent.ALARM, BLOCK), twice))
    assert pages(only(by((DKIM, SMIME), Intent.ALARM, BLOCK), twice))
    assert not pages(only(by((SMIME,), Intent.ALARM, BLOCK), twice)), "the certificate's rights"


def test_an_alarm_for_two_sites_that_is_held_is_held_for_both() -> None:
    other = replace(DESK.sites[0], name="INFN-T1", alarm_addresses=("alarm@infn.example",))
    desk = replace(DESK, sites=(*DESK.sites, other))
    anna = Member("Anna", ("anna@cern.example",), (), "atlas", frozenset({"alarm", "multisite"}))
    block = BLOCK.replace("FZK-LCG2", "FZK-LCG2, INFN-T1")
    strict = replace(POLICY, alarm_evidence=("smime",))
    both = decide(by((DKIM,), Intent.ALARM, block), Facts(desk, Roster((anna,))), strict, NOW)
    held = [one.ticket for one in both if one.ticket is not None and one.ticket.held]
    assert [one.notified_site for one in held] == ["FZK-LCG2", "INFN-T1"]


# ---- who may confirm ----


def confirmed(proof: Proof, head: str = "To: support@helpdesk.example", **policy: object) -> bool:
    one = by((proof,), Intent.ANSWER, "Confirm: yes\n\nIt is real.", head)
    sender = replace(one.heard, sender=replace(one.heard.sender, address=TINA))  # type: ignore[type-var] # there is one
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=1)
    facts = Facts(DESK, ROSTER, found=((clue, HELD),))
    return pages(only(replace(one, heard=sender), facts, replace(POLICY, **policy)))


def address_of(number: int) -> str:
    return (
        f"To: reply+{write_token(POLICY.keys, TokenClass.PERSON, number, 1, NOW)}@helpdesk.example"
    )


TINAS = replace(DKIM, identity="firstline.example")
AT_TINAS = replace(RESULTS, identity=TINA)


def test_a_supporter_confirms_by_a_signed_answer() -> None:
    assert confirmed(TINAS)
    assert confirmed(TINAS, address_of(7))
    assert confirmed(replace(AT_TINAS, issuer="mx.alarms.example"))


@pytest.mark.parametrize(
    ("proof", "head"),
    [
        (replace(TINAS, covers=ALL - {"to"}), "To: support@helpdesk.example"),
        (replace(TINAS, covers=ALL - {"subject"}), "To: support@helpdesk.example"),
        (replace(TINAS, covers=ALL - {"body"}), "To: support@helpdesk.example"),
        (TINAS, "To: support@other-helpdesk.example"),
        (TINAS, address_of(8)),
        (AT_TINAS, "To: support@helpdesk.example"),
        (replace(TINAS, replay_key=""), "To: support@helpdesk.example"),
    ],
)
def test_a_confirmation_that_was_signed_for_something_else_wakes_nobody(
    proof: Proof, head: str
) -> None:
    assert not confirmed(proof, head)


def test_a_helpdesk_that_asks_for_certificates_asks_its_supporters_for_them_too() -> None:
    assert not confirmed(TINAS, alarm_evidence=frozenset({"smime"}))


# ---- bringing others in ----


@pytest.mark.parametrize("field", ["To", "Cc"])
@pytest.mark.parametrize("about", [None, ticket(TicketKind.USER)])
def test_a_recipient_who_is_not_signed_does_not_join(field: str, about: Ticket | None) -> None:
    head = f"{field}: victim@elsewhere.example"
    lacks = replace(DKIM, covers=ALL - {field.lower()})
    signed = replace(DKIM, covers=ALL | {"cc"})
    found = ((Clue(Reason.THREAD_OWN_ID, 7), about),) if about is not None else ()
    facts = Facts(DESK, ROSTER, found=found)
    intent = Intent.USER if about is None else Intent.ANSWER
    assert "victim@elsewhere.example" in joined(only(by((signed,), intent, "Slow.", head), facts))
    assert joined(only(by((lacks,), intent, "Slow.", head), facts)) == set()


def test_a_line_in_a_text_that_is_not_bound_brings_nobody_and_sends_nothing_to_a_site() -> None:
    loose = replace(DKIM, covers=ALL - {"body"})
    text = "Site: FZK-LCG2\nCc: victim@elsewhere.example\n\nForged."
    decision = only(by((loose,), Intent.USER, text))
    assert decision.outcome is Outcome.HELD
    assert Reason.TEXT_NOT_SIGNED in decision.reasons
    assert {one.recipient for one in decision.outgoing} <= {"tpm@firstline.example"}


# ---- names and addresses ----


@pytest.mark.parametrize(
    "said",
    [
        "From: anna@cern.example <mallory@evil.example>",
        "From: Anna <mallory@evil.example> (anna@cern.example)",
        'From: "anna@cern.example" <Anna@cern.example>',  # the local part is compared as it is
        "From: anna@cern.example, mallory@evil.example",
        "From: =?utf-8?q?anna=40cern=2Eexample?= <eve@cern.example>",
        "From: anna@cern.example@evil.example",
        "From: anna%cern.example@cern.example",
        "From: <@cern.example:mallory@evil.example>",
        "From: \u0430nna@cern.example",
        "From: anna@c\u0435rn.example",
        "From: Team: anna@cern.example, mallory@evil.example;",
    ],
)
def test_a_from_that_only_looks_like_an_alarmer_wakes_nobody(said: str) -> None:
    good = by((DKIM,), Intent.ALARM, BLOCK)
    head = "To: alarm@helpdesk.example\r\nSubject: Lost\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000"
    text = BLOCK.replace("\n", "\r\n")
    raw = f"{said}\r\n{head}\r\nMessage-ID: <1@cern.example>\r\n\r\n{text}\r\n".encode()
    assert pages(only(good))
    assert not pages(only(replace(good, heard=hear(raw))))


@pytest.mark.parametrize("name", ["Anna", "=?utf-8?q?=C3=84nne?=", '"Doe, Anna (CERN)"'])
def test_a_display_name_and_the_case_of_the_domain_do_not_keep_an_alarm_back(name: str) -> None:
    good = by((DKIM,), Intent.ALARM, BLOCK)
    head = "To: alarm@helpdesk.example\r\nSubject: Lost\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000"
    text = BLOCK.replace("\n", "\r\n")
    raw = f"From: {name} <anna@CERN.example>\r\n{head}\r\nMessage-ID: <1@x>\r\n\r\n{text}\r\n"
    assert pages(only(replace(good, heard=hear(raw.encode()))))


@pytest.mark.parametrize(
    "body",
    [
        "> Site: FZK-LCG2\n> VO: atlas\n> Alarm: helpdesk.example\n\nDead.",
        "Hello,\n\nSite: FZK-LCG2\nVO: atlas\nAlarm: helpdesk.example\n\nDead.",
        "From: anna@cern.example\nSent: today\nSite: FZK-LCG2\nAlarm: helpdesk.example\n\nDead.",
        "-----Original Message-----\nSite: FZK-LCG2\nVO: atlas\nAlarm: helpdesk.example\n\nDead.",
    ],
)
def test_a_field_block_that_is_not_the_senders_own_first_lines_wakes_nobody(body: str) -> None:
    assert not pages(only(by((DKIM,), Intent.ALARM, body)))


def test_a_machines_answer_confirms_nothing_and_converts_nothing() -> None:
    team = ticket(TicketKind.TEAM)
    for about, line in ((HELD, "Confirm: yes"), (team, "Convert: alarm")):
        head = "To: alarm@helpdesk.example\r\nAuto-Submitted: auto-replied"
        body = f"{line}\nAlarm: helpdesk.example\n\nI am away."
        found = ((Clue(Reason.THREAD_OWN_ID, 7), about),)
        facts = Facts(DESK, ROSTER, found=found)
        decision = only(by((DKIM,), Intent.ANSWER, body, head), facts)
        assert decision.outcome is Outcome.AUTOMATIC
        assert decision.outgoing == ()


@pytest.mark.parametrize(
    "about",
    [
        replace(ticket(TicketKind.ALARM)),
        replace(ticket(TicketKind.USER)),
        replace(ticket(TicketKind.TEAM), vo="cms"),
        replace(ticket(TicketKind.TEAM), notified_site=""),
        replace(ticket(TicketKind.TEAM), held=Reason.TEAM_NOT_PROVEN),
    ],
)
def test_only_an_open_team_ticket_of_ones_own_vo_becomes_an_alarm(about: Ticket) -> None:
    body = "Convert: alarm\nAlarm: helpdesk.example\n\nDead."
    facts = Facts(DESK, ROSTER, found=((Clue(Reason.THREAD_OWN_ID, 7), about),))
    assert not pages(only(by((DKIM,), Intent.ANSWER, body), facts))


def test_converting_twice_in_one_mail_pages_once() -> None:
    body = "Convert: alarm\nConvert: alarm\nAlarm: helpdesk.example\n\nDead."
    found = ((Clue(Reason.THREAD_OWN_ID, 7), ticket(TicketKind.TEAM)),)
    decision = only(by((DKIM,), Intent.ANSWER, body), Facts(DESK, ROSTER, found=found))
    assert [one.kind for one in decision.outgoing].count(MailKind.ALARM) == 1
