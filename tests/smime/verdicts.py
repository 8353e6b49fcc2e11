"""What a proof looks like that passes, and one that is refused."""

from datetime import UTC, datetime, timedelta

from parsers.evidence import Proof, ProofStatus

FAIL, PERMERROR, TEMPERROR = ProofStatus.FAIL, ProofStatus.PERMERROR, ProofStatus.TEMPERROR


def passes(proof: Proof) -> None:
    assert proof.status is ProofStatus.PASS, proof.detail
    assert proof.covers == {"body"}
    assert proof.replay_key.startswith("smime:")
    assert proof.signed_at is not None
    assert abs(proof.signed_at - datetime.now(UTC)) < timedelta(minutes=10)


def refused(proof: Proof, status: ProofStatus, why: str) -> None:
    assert (proof.status, why in proof.detail) == (status, True), proof
    assert not proof.aligned
    assert not proof.covers
    assert not proof.addresses
    assert not proof.replay_key
