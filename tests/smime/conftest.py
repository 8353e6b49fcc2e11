"""Two authorities and a verifier that trusts them, made once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.proofs.path import Rules
from gateway.proofs.smime import SmimeVerifier
from parsers.evidence import Proof
from tests.smime.authority import ALBA, Holder, authority, crl, trust_directory


@dataclass(frozen=True)
class Pki:
    """A root and an authority below it; only the root stands in the trust directory."""

    place: Path
    root: Holder
    sub: Holder
    anchors: Path

    def judge(self, mail: bytes, sender: str | None = ALBA, rules: Rules | None = None) -> Proof:
        """Return the one proof of a mail."""
        now = datetime.now(UTC)
        (proof,) = SmimeVerifier(self.anchors, rules).verify_here(mail, sender, now)
        return proof


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    root = authority()
    sub = authority([("DC", "org"), ("DC", "example"), ("CN", "Example People CA")], by=root)
    anchors = trust_directory(tmp_path / "anchors", root)
    (anchors / "people.r0").write_bytes(crl(sub))
    return Pki(tmp_path, root, sub, anchors)
