"""Two authorities that are both trusted, and one name: whose certificate is the alarmer's?

From the answer of VOMS, by a real signature, to what is decided about the alarm.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.proofs.path import Rules
from parsers.directory import Answer
from parsers.evidence import Proof, ProofStatus, SenderEvidence
from parsers.mail import hear
from parsers.roster import Member, Roster
from parsers.voms import read_users
from router.addresses import Intent
from router.decide import decide
from router.decision import Decision, Facts
from router.federation import Source, combine
from router.words import MailKind, Outcome, Reason
from tests.router.test_decision_table import POLICY, REGISTRY
from tests.router.test_decision_table import mail as plain
from tests.smime.authority import (
    ALBA,
    Holder,
    authority,
    crl,
    key,
    person,
    signed_mail,
    trust_directory,
)
from tests.smime.conftest import Pki

SUBJECT = "/DC=org/DC=example/OU=People/CN=Alba Alarm"
ISSUER = "/DC=org/DC=example/CN=Example People CA"
OTHER_CA = [("C", "DE"), ("O", "Other Grid"), ("CN", "Other CA")]
TEXT = (
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Alarm: helpdesk.example\r\nSite: FZK-LCG2\r\nVO: atlas\r\n\r\nDead.\r\n"
)


@pytest.fixture
def other(pki: Pki) -> Holder:
    """Give another authority that is trusted, too."""
    found = authority(OTHER_CA, secret=key("ec", 110))
    (pki.anchors / "other.pem").write_bytes(found.pem)
    (pki.anchors / "other.r0").write_bytes(crl(found))
    return found


def voms(*certificates: dict[str, object], mails: str = ALBA) -> Roster:
    """Return who may do something by an answer of VOMS."""
    now = datetime.now(UTC)
    one = {"id": 1, "name": "Alba", "emailAddress": mails, "fqans": ["/atlas/alarm", "/atlas/team"],
           "certificates": certificates}  # fmt: skip
    groups = {"alarm": ("/atlas/alarm",), "team": ("/atlas/team",)}
    page = read_users(json.dumps({"result": [one]}).encode(), "atlas", groups)
    assert page is not None
    return combine([Source("voms", Answer(members=page.members))], now).roster


def issued(subject: str = SUBJECT, issuer: object = ISSUER, **more: object) -> dict[str, object]:
    return {"subjectString": subject, "issuerString": issuer, **more}


def asked(pki: Pki, by: Holder, roster: Roster, intent: Intent = Intent.ALARM) -> Decision:
    """Return what is decided about a mail that was signed by this certificate."""
    raw = signed_mail(by, content=TEXT)
    proof = pki.judge(raw)
    assert proof.status is ProofStatus.PASS, proof.detail
    one = plain("0", intent, "")
    heard = replace(hear(raw), date=None)
    envelope = replace(one.envelope, received_at=datetime.now(UTC) + timedelta(seconds=5))
    request = replace(one, heard=heard, envelope=envelope, evidence=SenderEvidence((proof,)))
    (decision,) = decide(request, Facts(REGISTRY, roster), POLICY, envelope.received_at)
    return decision


def pages(decision: Decision) -> bool:
    return any(one.kind is MailKind.ALARM for one in decision.outgoing)


@pytest.mark.parametrize("spelt", [ISSUER, "CN=Example People CA, DC=example, DC=org"])
@pytest.mark.parametrize("named", [SUBJECT, "CN=Alba Alarm,OU=People,DC=example,DC=org"])
def test_only_the_registered_authoritys_certificate_is_the_alarmers(
    pki: Pki, other: Holder, named: str, spelt: str
) -> None:
    roster = voms(issued(named, spelt))
    assert pages(asked(pki, person(pki.sub), roster))
    forged = asked(pki, person(other), roster)  # the same subject, even the same address
    assert not pages(forged)
    assert (forged.outcome, forged.reasons[0]) == (Outcome.HELD, Reason.OTHER_ISSUER)
    assert Reason.OTHER_ISSUER in asked(pki, person(other), roster, Intent.TEAM).reasons


def test_an_address_of_the_member_does_not_speak_for_anothers_certificate(
    pki: Pki, other: Holder
) -> None:
    # From is the alarmer's, the certificate has the alarmer's name and the attacker's address
    mine = person(other, addresses=("mallory@evil.example",))
    held = asked(pki, mine, voms(issued()))
    assert (held.outcome, pages(held)) == (Outcome.HELD, False)
    assert Reason.ALARM_NOT_PROVEN in held.reasons
    assert pages(asked(pki, mine, voms(issued(issuer=None)))), "nothing else is wrong with it"


@pytest.mark.parametrize("nobody", [None, ""])
def test_where_no_issuer_is_named_every_trusted_one_counts(
    pki: Pki, other: Holder, nobody: object
) -> None:
    roster = voms(issued(issuer=nobody))
    assert pages(asked(pki, person(pki.sub), roster))
    assert pages(asked(pki, person(other), roster))


@pytest.mark.parametrize(
    "unclear", ["no name", "/CN=a/Foo=b", "/CN=two\nlines", 7, " ", "/CN=" + "x" * 2_000, []]
)
def test_an_issuer_that_cannot_be_read_is_not_every_issuer(
    pki: Pki, other: Holder, unclear: object
) -> None:
    roster = voms(issued(issuer=unclear))
    for by in (pki.sub, other):
        assert not pages(asked(pki, person(by), roster))


def test_one_person_may_have_one_name_from_two_authorities(pki: Pki, other: Holder) -> None:
    both = voms(issued(), issued(issuer="CN=Other CA,O=Other Grid,C=DE"))
    assert pages(asked(pki, person(pki.sub), both))
    assert pages(asked(pki, person(other), both))


def test_a_suspension_bars_the_name_whoever_issued_it(pki: Pki) -> None:
    one = voms(issued(), issued(issuer="/C=DE/O=Other Grid/CN=Other CA", suspended=True))
    assert not pages(asked(pki, person(pki.sub), one))
    unreadable = voms(issued(), issued(issuer="/CN=two\nlines", suspended=True))
    assert not pages(asked(pki, person(pki.sub), unreadable))


def test_names_that_only_look_the_same_as_text_are_two_issuers() -> None:
    one = "CN=CA/OU=x,DC=org"  # one value with a slash in it
    roster = Roster((Member("Alba", (), (SUBJECT,), issuers=(one,)),))
    assert roster.with_certificate(SUBJECT, "CN=CA\\/OU\\=x,DC=org")
    assert not roster.with_certificate(SUBJECT, "/DC=org/CN=CA/OU=x")
    assert not roster.with_certificate(SUBJECT, "")


@pytest.mark.parametrize("rules", [Rules(), Rules(crl="if-present")])
def test_an_authority_that_takes_the_name_of_another_one_is_refused(
    pki: Pki, other: Holder, rules: Rules
) -> None:
    trust_directory(pki.anchors, pki.root, pki.sub)
    namesake = authority(
        [("DC", "org"), ("DC", "example"), ("CN", "Example People CA")],
        by=other, secret=key("ec", 111),
    )  # fmt: skip
    proof = pki.judge(signed_mail(person(namesake)), rules=rules)
    assert proof.status is ProofStatus.FAIL
    assert "bears the name of another" in proof.detail
    good: Sequence[Proof] = [pki.judge(signed_mail(person(pki.sub)), rules=rules)]
    assert [one.status for one in good] == [ProofStatus.PASS]
