"""Proofs as they are kept with a mail."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence

proofs = st.builds(
    Proof,
    kind=st.sampled_from(ProofKind),
    identity=st.text(),
    status=st.sampled_from(ProofStatus),
    detail=st.text(),
    aligned=st.booleans(),
    signed_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    covers=st.frozensets(st.sampled_from(["from", "subject", "body"])),
    addresses=st.lists(st.text()).map(tuple),
    issuer=st.text(),
    replay_key=st.text(),
)


@given(proofs)
def test_a_proof_comes_back_from_its_json_as_it_was(proof: Proof) -> None:
    assert Proof.from_json(proof.to_json()) == proof


def test_only_what_passed_counts_and_no_answer_is_neither_pass_nor_failure() -> None:
    good = Proof(ProofKind.DKIM, "example.org", ProofStatus.PASS)
    bad = Proof(ProofKind.DKIM, "example.com", ProofStatus.FAIL)
    late = Proof(ProofKind.DMARC, "a@example.org", ProofStatus.TEMPERROR)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    signed = Proof(ProofKind.SMIME, "/CN=A", ProofStatus.PASS, signed_at=at)
    evidence = SenderEvidence((bad, good, late, signed))
    assert evidence.passed(ProofKind.DKIM) == (good,)
    assert evidence.unanswered
    assert not SenderEvidence((good, bad)).unanswered
    assert not SenderEvidence().unanswered
