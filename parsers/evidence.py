"""Proofs of who sent a mail, in the words of the standards.

Proofs are collected by gateway/proofs and judged by router; this file only names them.
An empty evidence proves nothing, and that is the default everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self


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
    """One method's answer about one mail.

    `identity` is what it speaks for: the signing domain (dkim, arc), From's address (dmarc, spf,
    results), or the certificate's subject as /DC=.../CN=... (smime). `detail` is for people.

    What follows is only filled for a pass, `aligned` also for a temperror of dkim: it speaks, or
    would speak, for the domain of From (RFC 7489 section 3.1; smime: From is one of the
    certificate's addresses). `signed_at` is when, aware UTC;
    None when nobody says. `covers` are the header fields that are signed, in lower case, and
    "body" when the whole text that people read is. `addresses` and `issuer` are the certificate's;
    `issuer` of results is the mail server that wrote them. `replay_key` names this very signature,
    so that it counts once; "" when it cannot be named.
    """

    kind: ProofKind
    identity: str
    status: ProofStatus
    detail: str = ""
    aligned: bool = False
    signed_at: datetime | None = None
    covers: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    issuer: str = ""
    replay_key: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON types, to be kept with the mail."""
        return {
            "kind": str(self.kind),
            "identity": self.identity,
            "status": str(self.status),
            "detail": self.detail,
            "aligned": self.aligned,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "covers": sorted(self.covers),
            "addresses": list(self.addresses),
            "issuer": self.issuer,
            "replay_key": self.replay_key,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return what `to_json` was made of."""
        at = said["signed_at"]
        return cls(
            ProofKind(said["kind"]),
            said["identity"],
            ProofStatus(said["status"]),
            said["detail"],
            said["aligned"],
            datetime.fromisoformat(at).astimezone(UTC) if at else None,
            frozenset(said["covers"]),
            tuple(said["addresses"]),
            said["issuer"],
            said["replay_key"],
        )


@dataclass(frozen=True, slots=True)
class SenderEvidence:
    """Everything that was proven, or not, about one mail's sender; empty proves nothing.

    `silences` is how many questions to DNS had no answer; it is counted and proves nothing.
    """

    proofs: tuple[Proof, ...] = ()
    silences: int = field(default=0, compare=False)

    def passed(self, kind: ProofKind) -> tuple[Proof, ...]:
        """Return the proofs of a kind that passed."""
        return tuple(p for p in self.proofs if p.kind is kind and p.status is ProofStatus.PASS)

    @property
    def unanswered(self) -> bool:
        """Whether a proof may still come: somebody who had to be asked did not answer.

        Hints (spf, arc) are not waited for, and of signatures only for those of From's domain: the
        others prove nothing when they are answered.
        """
        return any(p.status is ProofStatus.TEMPERROR and _would_prove(p) for p in self.proofs)


_HINTS = frozenset({ProofKind.SPF, ProofKind.ARC})


def _would_prove(proof: Proof) -> bool:
    if proof.kind is ProofKind.DKIM:
        return proof.aligned or not proof.identity  # nobody knows whose, when it took too long
    return proof.kind not in _HINTS
