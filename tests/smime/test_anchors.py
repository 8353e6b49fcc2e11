"""The trust directory: read, read again when it changes, and one bad file harms one CA."""

import os
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from structlog.testing import capture_logs

from gateway.proofs import anchors as module
from gateway.proofs.anchors import LOOK_EVERY, Anchors
from parsers.evidence import ProofStatus
from tests.smime.authority import (
    NOW,
    authority,
    crl,
    key,
    person,
    signed_mail,
    trust_directory,
)
from tests.smime.conftest import Pki

GRID = b"""access_id_CA X509 '/DC=org/DC=example/CN=Example Grid CA'
pos_rights globus CA:sign
cond_subjects globus '"/DC=org/DC=example/*"'
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    other = authority([("CN", "Other CA")], secret=key("ec", 50))
    return trust_directory(tmp_path / "trust", authority(), other)


def roots(anchors: Anchors, late: int = 0) -> set[str]:
    trust = anchors.trust(NOW + late * LOOK_EVERY)
    return {root.subject.rfc4514_string().split(",")[0] for root in trust.roots}


def test_a_directory_is_read_with_its_lists(place: Path) -> None:
    trust = Anchors(place).trust(NOW)
    assert len(trust.roots) == len(trust.crls) == 2
    assert not trust.faults


def test_hash_links_as_openssl_makes_them_are_the_same_authority(place: Path) -> None:
    (place / "0a1b2c3d.0").symlink_to("ca0.pem")
    (place / "0a1b2c3d.r0").symlink_to("ca0.r0")
    (place / "ca0.info").write_text("alias = ca0\n")
    (place / "gone.pem").symlink_to("nowhere.pem")
    trust = Anchors(place).trust(NOW)
    assert len(trust.roots) == 2
    assert not trust.faults


def test_one_bundle_may_hold_certificates_and_lists(place: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    files = sorted(place.iterdir())
    bundle.write_bytes(b"# ours\n" + b"\n".join(path.read_bytes() for path in files))
    trust = Anchors(bundle).trust(NOW)
    assert len(trust.roots) == len(trust.crls) == 2
    assert not trust.faults


def test_a_der_list_is_read_too(place: Path) -> None:
    pem = (place / "ca0.r0").read_bytes()
    listed = module.read_crl(pem).listed
    (place / "ca0.r0").write_bytes(listed.public_bytes(serialization.Encoding.DER))
    assert len(Anchors(place).trust(NOW).crls) == 2


BAD = [
    ("ca0.pem", b"nonsense", "holds no certificate"),
    ("ca0.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "block 1"),
    ("ca0.pem", b"", "holds no certificate"),
    ("ca0.signing_policy", b"access_id_CA X509\n", "not understood"),
    ("ca0.signing_policy", GRID.replace(b"Grid CA", b"Cloud CA"), "its own authority"),
]


@pytest.mark.parametrize(("name", "data", "why"), BAD)
def test_a_bad_file_disables_its_own_authority_only(
    place: Path, name: str, data: bytes, why: str
) -> None:
    (place / name).write_bytes(data)
    anchors = Anchors(place)
    with capture_logs() as logs:
        assert roots(anchors) == {"CN=Other CA"}
        roots(anchors, 1)
        os.utime(place / "ca1.pem")
        roots(anchors, 2)
    said = [log for log in logs if log["log_level"] == "error"]
    assert len(said) == 1, "said once, not each time"
    assert why in said[0]["fault"]
    assert str(place) in said[0]["fault"] or "ca0" in said[0]["fault"]


def test_an_issuer_that_cannot_be_read_costs_only_its_own_file(place: Path) -> None:
    odd = authority([("CN", "Odd root")], secret=key("ec", 53))
    below = authority([("CN", "Below")], by=odd, secret=key("ec", 54))
    der = below.cert.public_bytes(serialization.Encoding.DER)
    bad = der.replace(b"\x0c\x08Odd root", b"\x0c\x08Odd ro\xff\xfe")  # no UTF-8, though it says so
    pem = ssl.DER_cert_to_PEM_cert(bad)
    (place / "odd.pem").write_text(pem)
    trust = Anchors(place, quiet=True).trust(NOW)
    assert len(trust.roots) == 2
    assert any("odd.pem: block 1" in fault for fault in trust.faults)


def test_a_leaf_in_the_directory_trusts_nobody(place: Path, pki: Pki) -> None:
    (place / "leaf.pem").write_bytes(person(pki.sub).pem)
    (place / "self.pem").write_bytes(authority([("CN", "Me")], ca=False, secret=key("ec", 52)).pem)
    trust = Anchors(place, quiet=True).trust(NOW)
    assert len(trust.roots) == 2
    assert not trust.intermediates
    assert any("leaf.pem" in fault for fault in trust.faults)
    assert any("self.pem: block 1: is not" in fault for fault in trust.faults)


@pytest.mark.parametrize("policy", [b"access_id_CA X509\n", GRID])
def test_an_authority_with_a_broken_policy_signs_for_nobody_though_the_mail_encloses_it(
    pki: Pki, policy: bytes
) -> None:
    (pki.anchors / "people.pem").write_bytes(pki.sub.pem)
    mail = signed_mail(person(pki.sub))
    assert pki.judge(mail).status is ProofStatus.PASS
    (pki.anchors / "people.signing_policy").write_bytes(policy)
    proof = pki.judge(mail)
    assert proof.status is ProofStatus.FAIL
    assert "signing policy" in proof.detail


def test_a_policy_that_names_its_authority_leaves_it_enabled(place: Path) -> None:
    (place / "ca0.signing_policy").write_bytes(GRID)
    assert roots(Anchors(place)) == {"CN=Example Grid CA", "CN=Other CA"}


def test_changes_are_seen_after_ten_seconds_and_not_looked_for_before(place: Path) -> None:
    anchors = Anchors(place)
    assert len(roots(anchors)) == 2
    (place / "ca1.pem").unlink()
    assert len(roots(anchors)) == 2
    assert roots(anchors, 1) == {"CN=Example Grid CA"}
    third = authority([("CN", "Third CA")], secret=key("ec", 51))
    (place / "third.pem").write_bytes(third.pem)
    assert roots(anchors, 2) == {"CN=Example Grid CA", "CN=Third CA"}
    anchors.trust(NOW + 2 * LOOK_EVERY - timedelta(seconds=1))
    assert anchors.trust(NOW + 2 * LOOK_EVERY) is anchors.trust(NOW + 2 * LOOK_EVERY)


def test_what_did_not_change_is_not_read_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchors = Anchors(place)
    before = anchors.trust(NOW)
    read: list[str] = []
    real = module._read_file
    monkeypatch.setattr(
        module, "_read_file", lambda path, stamp: (read.append(path.name), real(path, stamp))[1]
    )
    assert anchors.trust(NOW + LOOK_EVERY) is before
    (place / "ca1.r0").write_bytes(crl(authority([("CN", "Other CA")], secret=key("ec", 50))))
    anchors.trust(NOW + 2 * LOOK_EVERY)
    assert read == ["ca1.r0"]


def test_a_directory_that_vanishes_leaves_what_was_read(place: Path) -> None:
    anchors = Anchors(place)
    assert len(roots(anchors)) == 2
    place.rename(place.with_name("elsewhere"))
    with capture_logs() as logs:
        assert len(roots(anchors, 1)) == 2
        assert len(roots(anchors, 2)) == 2
    assert len([log for log in logs if log["log_level"] == "error"]) == 1
    place.with_name("elsewhere").rename(place)
    assert len(roots(anchors, 3)) == 2


def test_a_quiet_one_writes_no_log(tmp_path: Path) -> None:
    with capture_logs() as logs:
        trust = Anchors(tmp_path / "nowhere", quiet=True).trust(NOW)
    assert not trust.roots
    assert "cannot be read" in trust.faults[0]
    assert not logs
