"""The signature itself: one form, one key, and any bytes whatever are judged and never believed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.proofs.cms import read_signature
from gateway.proofs.smime import SmimeVerifier
from parsers.errors import Malformed
from parsers.evidence import ProofStatus
from parsers.mail import hear
from tests.smime.authority import (
    ALBA,
    NOW,
    TEXT,
    Holder,
    person,
    signature,
    signed_mail,
    wrap,
)
from tests.smime.conftest import Pki
from tests.smime.judges import openssl


def changed(der: bytes, by: Holder, change: Callable[[Any], None]) -> bytes:
    """Return a signature whose signer was changed and then signed again with the same key."""
    info = cms.ContentInfo.load(der)
    signer = info["content"]["signer_infos"][0]
    change(signer)
    if len(signer["signed_attrs"]):
        data = signer["signed_attrs"].untag().dump(force=True)
        assert isinstance(by.key, ec.EllipticCurvePrivateKey)
        signer["signature"] = by.key.sign(data, ec.ECDSA(hashes.SHA256()))
    return bytes(info.dump(force=True))


def _again(kind: str) -> Callable[[Any], None]:
    def change(signer: Any) -> None:
        attributes = list(signer["signed_attrs"])
        twice = [a for a in attributes if a["type"].native == kind]
        signer["signed_attrs"] = cms.CMSAttributes(attributes + twice)

    return change


def _without(kind: str) -> Callable[[Any], None]:
    def change(signer: Any) -> None:
        rest = [a for a in signer["signed_attrs"] if a["type"].native != kind]
        signer["signed_attrs"] = cms.CMSAttributes(rest)

    return change


def _two_values(signer: Any) -> None:
    for attribute in signer["signed_attrs"]:
        if attribute["type"].native == "message_digest":
            value = attribute["values"][0].native
            attribute["values"] = [value, b"\0" * 32]


def _other_type(signer: Any) -> None:
    for attribute in signer["signed_attrs"]:
        if attribute["type"].native == "content_type":
            attribute["values"] = ["signed_data"]


def _no_attributes(signer: Any) -> None:
    del signer["signed_attrs"]


def _digest(name: str) -> Callable[[Any], None]:
    def change(signer: Any) -> None:
        signer["digest_algorithm"] = {"algorithm": name}

    return change


def _other_key(signer: Any) -> None:
    signer["sid"].chosen["serial_number"] = 4711


CHANGES = [
    ("nothing", lambda _signer: None, ProofStatus.PASS, ""),
    ("content type twice", _again("content_type"), ProofStatus.PERMERROR, "stands twice"),
    ("digest twice", _again("message_digest"), ProofStatus.PERMERROR, "stands twice"),
    ("time twice", _again("signing_time"), ProofStatus.PERMERROR, "stands twice"),
    ("digest with two values", _two_values, ProofStatus.PERMERROR, "not one value"),
    ("no content type", _without("content_type"), ProofStatus.PERMERROR, "is missing"),
    ("no digest", _without("message_digest"), ProofStatus.PERMERROR, "is missing"),
    ("no time", _without("signing_time"), ProofStatus.PERMERROR, "is missing"),
    ("another content type", _other_type, ProofStatus.PERMERROR, "is not data"),
    ("no attributes", _no_attributes, ProofStatus.PERMERROR, "no signed attributes"),
    ("sha1", _digest("sha1"), ProofStatus.PERMERROR, "digest sha1"),
    ("another digest", _digest("sha512"), ProofStatus.PERMERROR, "signature algorithm"),
    ("another certificate", _other_key, ProofStatus.PERMERROR, "not enclosed"),
]


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row[0])
def test_a_signature_has_one_form(
    pki: Pki, row: tuple[str, Callable[[Any], None], ProofStatus, str]
) -> None:
    _, change, status, why = row
    alba = person(pki.sub)
    proof = pki.judge(wrap(changed(signature(alba), alba, change)))
    assert (proof.status, why in proof.detail) == (status, True), proof


def test_a_sha1_digest_is_refused_even_when_openssl_made_it(pki: Pki) -> None:
    cert, secret = person(pki.sub, kind="rsa2048").files(pki.place, "alba")
    (pki.place / "text").write_bytes(TEXT)
    _, der = openssl(
        "cms", "-sign", "-binary", "-in", pki.place / "text", "-signer", cert, "-inkey", secret,
        "-md", "sha1", "-outform", "DER",
    )  # fmt: skip
    proof = pki.judge(wrap(der))
    assert proof.status is ProofStatus.PERMERROR
    assert "sha1" in proof.detail


def test_an_ecdsa_signature_turned_over_is_the_same_signature(pki: Pki) -> None:
    alba = person(pki.sub)
    der = signature(alba)
    info = cms.ContentInfo.load(der)
    signer = info["content"]["signer_infos"][0]
    r, s = decode_dss_signature(signer["signature"].native)
    signer["signature"] = encode_dss_signature(r, ec.SECP256R1.group_order - s)
    one, other = pki.judge(wrap(der)), pki.judge(wrap(info.dump(force=True)))
    assert info.dump(force=True) != der
    assert one.status is other.status is ProofStatus.PASS
    assert one.replay_key == other.replay_key
    assert pki.judge(wrap(signature(alba))).replay_key != one.replay_key


def test_another_key_of_the_same_name_did_not_sign(pki: Pki) -> None:
    alba = person(pki.sub)
    mallory = person(pki.sub, kind="ec384")
    info = cms.ContentInfo.load(signature(mallory))
    info["content"]["signer_infos"][0]["sid"].chosen["serial_number"] = alba.cert.serial_number
    pem = alba.cert.public_bytes(serialization.Encoding.DER)
    info["content"]["certificates"] = [
        cms.CertificateChoices("certificate", cms.Certificate.load(pem))
    ]
    proof = pki.judge(wrap(info.dump(force=True)))
    assert proof.status is ProofStatus.FAIL
    assert "not made by" in proof.detail


_shared: dict[str, bytes] = {}
_SLOW = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(data=st.data())
@_SLOW
def test_a_changed_byte_of_the_signed_part_never_passes(pki: Pki, data: st.DataObject) -> None:
    if "mail" not in _shared:
        _shared["mail"] = signed_mail(person(pki.sub))
        assert pki.judge(_shared["mail"]).status is ProofStatus.PASS
    mail = _shared["mail"]
    start = mail.index(TEXT)
    at = data.draw(st.integers(start, start + len(TEXT) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda b: b != mail[at]))
    (proof,) = SmimeVerifier(pki.anchors).verify_here(
        mail[:at] + bytes([new]) + mail[at + 1 :], ALBA, NOW
    ) or (None,)
    assert proof is None or proof.status in {ProofStatus.FAIL, ProofStatus.PERMERROR}


_CHUNKS = st.sampled_from(
    [
        b"\r\n--frontier\r\n",
        b"\r\n--frontier--\r\n",
        b"\r\n--frontier\r\n\r\nCERN-PROD\r\n",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b"Content-Type: text/plain\r\n",
        b"boundary=b;",
        b"From: m@evil.example\r\n",
        b"\0",
    ]
)


@given(data=st.data())
@_SLOW
def test_whatever_is_put_into_a_mail_what_passes_is_what_was_signed(
    pki: Pki, data: st.DataObject
) -> None:
    mail = _shared.setdefault("whole", signed_mail(person(pki.sub)))
    text = hear(mail).text
    for _ in range(data.draw(st.integers(1, 3))):
        edges = [0, *(i for i in range(len(mail)) if mail.startswith(b"\r\n--frontier", i))]
        if data.draw(st.booleans()):
            at, chunk, gone = data.draw(st.sampled_from(edges)), data.draw(_CHUNKS), 0
        else:
            at, chunk = data.draw(st.integers(0, len(mail))), data.draw(st.binary(max_size=3))
            gone = data.draw(st.sampled_from([0, 1, 2, 40]))
        mail = mail[:at] + chunk + mail[at + gone :]
    for proof in SmimeVerifier(pki.anchors).verify_here(mail, ALBA, datetime.now(UTC)):
        if proof.status is ProofStatus.PASS and "body" in proof.covers:
            assert hear(mail).text == text


@given(data=st.data())
@_SLOW
def test_a_signature_with_changed_bytes_is_the_same_or_refused(
    pki: Pki, data: st.DataObject
) -> None:
    if "der" not in _shared:
        _shared["der"] = signature(person(pki.sub))
    der = bytearray(_shared["der"])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(der) - 1))
        der[at] = data.draw(st.integers(0, 255))
    proof = pki.judge(wrap(bytes(der)))
    good = pki.judge(wrap(_shared["der"]))
    if proof.status is ProofStatus.PASS:  # bytes that say nothing, such as the bag's order
        assert (proof.identity, proof.signed_at) == (good.identity, good.signed_at)
        assert proof.replay_key == good.replay_key


@given(st.binary(max_size=300))
def test_any_bytes_are_a_signature_or_malformed(der: bytes) -> None:
    with pytest.raises(Malformed):
        read_signature(der)


@given(st.binary(max_size=400))
@_SLOW
def test_any_bytes_are_a_mail_that_proves_nothing(pki: Pki, raw: bytes) -> None:
    verifier = SmimeVerifier(pki.anchors)
    for mail in (raw, b"Content-Type: multipart/signed; boundary=a\r\n\r\n" + raw, wrap(raw)):
        for proof in verifier.verify_here(mail, ALBA, NOW):
            assert proof.status is ProofStatus.PERMERROR
