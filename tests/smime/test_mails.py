"""Mails that were signed once: each a case that a person can read, and the proof that it gets."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.proofs.smime import SmimeVerifier
from parsers.evidence import Proof, ProofStatus
from parsers.mail import hear

PLACE = Path(__file__).with_name("mails")
NOW = datetime.fromisoformat((PLACE / "now").read_text().strip())
ALBA = "/DC=org/DC=example/OU=People/CN=Alba Alarm"
# the mail, the status, whose certificate, whether From is one of its addresses, part of the reason
CASES = [
    ("an-alarm-signed-by-its-alarmer", "pass", ALBA, True, "ecdsa sha256"),
    ("the-subject-was-changed-on-the-way", "pass", ALBA, True, "ecdsa sha256"),
    ("the-site-was-changed-on-the-way", "fail", ALBA, False, "the text was changed"),
    ("a-list-added-its-footer-inside", "fail", ALBA, False, "the text was changed"),
    ("a-list-put-its-footer-beside-the-signed-part", "permerror", "", False, "another multipart"),
    ("a-preamble-speaks-of-another-site", "pass", ALBA, True, "ecdsa sha256"),
    ("a-chat-mail-under-an-alarm-subject", "pass", ALBA, True, "ecdsa sha256"),
    ("somebody-elses-certificate", "pass", ALBA.replace("Alba Alarm", "Robot: gateway"), False, ""),
    ("a-revoked-certificate", "fail", ALBA.replace("Alba Alarm", "Bob"), False, "revoked"),
    ("a-certificate-for-logging-in-only", "fail", ALBA, False, "not for signing mail"),
    ("a-root-of-the-same-name", "fail", ALBA, False, "no path"),
    ("what-we-sign-ourselves", "pass", ALBA.replace("Alba Alarm", "Robot: gateway"), True, ""),
]


def proof_of(stem: str, now: datetime = NOW + timedelta(minutes=5)) -> Proof:
    raw = (PLACE / f"{stem}.eml").read_bytes()
    heard = hear(raw)
    assert heard.sender is not None
    verifier = SmimeVerifier(PLACE / "anchors")
    (proof,) = verifier.verify_here(raw, heard.sender.address, now)
    return proof


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_each_mail_gets_its_proof(case: tuple[str, str, str, bool, str]) -> None:
    stem, status, identity, aligned, why = case
    proof = proof_of(stem)
    assert (proof.status.value, proof.identity, proof.aligned) == (status, identity, aligned)
    assert why in proof.detail
    assert proof.covers == ({"body"} if status == "pass" else set())
    assert Proof.from_json(proof.to_json()) == proof


def test_every_mail_is_a_case() -> None:
    assert {path.stem for path in PLACE.glob("*.eml")} == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("days", "status"), [(-31, "fail"), (15, "pass"), (30, "temperror"), (366, "fail")]
)
def test_a_mail_ages_with_its_certificate_and_its_lists(days: int, status: str) -> None:
    proof = proof_of("an-alarm-signed-by-its-alarmer", NOW + timedelta(days=days))
    assert proof.status is ProofStatus(status), proof.detail
