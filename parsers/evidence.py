"""Proofs of who sent a mail, in the words of the standards.

Proofs are collected by gateway/proofs and judged by router; this file only names them.
An empty evidence proves nothing, and that is the default everywhere.
"""

from dataclasses import dataclass
from enum import StrEnum


class ProofKind(StrEnum):
    """The methods that can speak for a sender (RFC 6376, 7489, 8551, 8601, 7208, 8617)."""

    DKIM = "dkim"
    DMARC = "dmarc"
    SMIME = "smime"
    RESULTS = "authentication-results"
    SPF = "spf"
    ARC = "arc"


class ProofStatus(StrEnum):
    """Result words of RFC 8601 section 2.7; `temperror` never counts as a pass or a failure."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a result word, not a secret
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Proof:
    """One method's answer. `identity` is what it speaks for: a domain, an address or a DN."""

    kind: ProofKind
    identity: str
    status: ProofStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SenderEvidence:
    """Everything that was proven, or not, about one mail's sender; empty proves nothing."""

    proofs: tuple[Proof, ...] = ()
