"""How the proofs of a mail's sender are shown on a terminal."""

from collections.abc import Iterable, Iterator

from gateway.show import cell
from parsers.evidence import Proof, ProofStatus


def proof_lines(proofs: Iterable[Proof], indent: str = "  ") -> Iterator[str]:
    """Yield one line for each proof: method, result, for whom, and what is to be known of it."""
    for proof in proofs:
        signed = f", signed {cell(proof.signed_at)}" if proof.signed_at else ""
        passed = proof.status is ProofStatus.PASS
        for_from = ", for From" if proof.aligned else ", not for From" if passed else ""
        covers = f", covers {cell(sorted(proof.covers))}" if passed and proof.covers else ""
        detail = f" ({cell(proof.detail)})" if proof.detail else ""
        who = f" {cell(proof.identity)}" if proof.identity else ""
        yield f"{indent}{proof.kind}={proof.status}{who}{for_from}{signed}{covers}{detail}"
