"""Proofs for stories: written in a case as one would say them, never collected.

`{ kind = "dkim" }` is a pass that signs all that counts, made when the mail was written, by the
domain of From. Every field of a proof may be given; `lacks` takes names out of what is signed, and
`age_h` makes the signature older.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from gateway.deliberate import Heard
from parsers.digest import sha256_of
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from parsers.heard import InboundMail

ALL = frozenset({"from", "to", "cc", "subject", "date", "message-id", "content-type", "body"})


def evidence(said: Sequence[Mapping[str, Any]], heard: InboundMail) -> SenderEvidence:
    """Return the evidence that a case tells of a mail."""
    return SenderEvidence(tuple(_proof(dict(one), heard) for one in said))


def _proof(said: dict[str, Any], heard: InboundMail) -> Proof:
    kind = ProofKind(said.pop("kind"))
    status = ProofStatus(said.pop("status", "pass"))
    sender = heard.sender.address if heard.sender else ""
    domain = sender.rpartition("@")[2]
    lacks = frozenset(said.pop("lacks", ()))
    age = timedelta(hours=said.pop("age_h", 0))
    usual: dict[str, Any] = {"identity": sender, "aligned": True}
    if kind is ProofKind.DKIM:
        key = f"dkim:{domain}:{heard.message_id}"
        usual |= {"identity": domain, "covers": ALL - lacks, "replay_key": key}
    if kind is ProofKind.RESULTS:
        usual |= {"replay_key": f"results:{sender}:{heard.message_id}"}
    if kind is ProofKind.SMIME:
        usual |= {"covers": frozenset({"body"}) - lacks, "replay_key": f"smime:{heard.message_id}"}
    if heard.date is not None:
        usual["signed_at"] = heard.date - age
    return Proof(kind, status=status, **(usual | said))


class StoryProver:
    """Knows the evidence of each mail of a story by its bytes."""

    def __init__(self) -> None:
        self.known: dict[str, SenderEvidence] = {}

    def needed(self, heard: Heard, raw: bytes) -> bool:
        """Whether the story tells a proof of this mail."""
        del heard
        return sha256_of(raw) in self.known

    async def prove(self, heard: Heard, raw: bytes) -> SenderEvidence:
        """Return what the story says."""
        del heard
        return self.known[sha256_of(raw)]
