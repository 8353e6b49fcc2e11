"""What a signature is around: only what people read, in the one form that counts."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from gateway.proofs.smime import SmimeVerifier
from parsers.evidence import ProofStatus
from parsers.mail import hear
from tests.smime.authority import (
    ALBA,
    NOW,
    TEXT,
    person,
    signature,
    signed_mail,
    wrap,
)
from tests.smime.conftest import Pki

FOOTER = b"\r\n_______________\r\nlist mailing list\r\nunsubscribe: ...\r\n"


def inside_a_list(mail: bytes) -> bytes:
    """Return the mail as a list server wraps it: signed part and footer in multipart/mixed."""
    head, _, body = mail.partition(b"\r\n\r\n")
    outer, _, inner = head.partition(b"Content-Type: multipart/signed")
    return (
        outer + b"Content-Type: multipart/mixed; boundary=list\r\n\r\n--list\r\n"
        b"Content-Type: multipart/signed" + inner + b"\r\n\r\n" + body +
        b"\r\n--list\r\nContent-Type: text/plain\r\n" + FOOTER + b"--list--\r\n"
    )  # fmt: skip


def test_what_stands_around_the_parts_is_neither_read_nor_covered(pki: Pki) -> None:
    mail = signed_mail(
        person(pki.sub), before=b"Notify site: CERN-PROD\r\n", after=b"Notify site: BNL-ATLAS\r\n"
    )
    heard = hear(mail)
    assert "FZK-LCG2" in heard.text
    assert "CERN-PROD" not in heard.text
    assert "BNL-ATLAS" not in heard.text
    assert pki.judge(mail).covers == {"body"}


def test_a_footer_of_a_list_makes_the_proof_void(pki: Pki) -> None:
    proof = pki.judge(inside_a_list(signed_mail(person(pki.sub))))
    assert proof.status is ProofStatus.PERMERROR
    assert "inside another multipart" in proof.detail


def test_a_footer_between_the_parts_makes_three(pki: Pki) -> None:
    mail = signed_mail(person(pki.sub)).replace(
        b"--frontier\r\nContent-Type: application",
        b"--frontier\r\n" + FOOTER + b"--frontier\r\nContent-Type: application",
    )
    proof = pki.judge(mail)
    assert proof.status is ProofStatus.PERMERROR
    assert "exactly two parts" in proof.detail


def test_a_text_in_place_of_the_signature_is_not_read_past(pki: Pki) -> None:
    der = signature(person(pki.sub))
    proof = pki.judge(wrap(der, second=b"text/plain"))
    assert proof.status is ProofStatus.PERMERROR
    assert "not a signature" in proof.detail


def test_a_forwarded_signed_mail_proves_nothing_of_the_forwarder(pki: Pki) -> None:
    mail = (
        b"From: m@evil.example\r\nContent-Type: message/rfc822\r\n\r\n"
        + signed_mail(person(pki.sub))
    )  # fmt: skip
    assert SmimeVerifier(pki.anchors).verify_here(mail, ALBA, NOW) == ()


def test_a_multipart_inside_is_covered_whole(pki: Pki) -> None:
    content = (
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n" + TEXT +
        b"\r\n--in\r\nContent-Type: application/json\r\n\r\n{}\r\n--in--\r\n"
    )  # fmt: skip
    mail = signed_mail(person(pki.sub), content=content)
    assert "FZK-LCG2" in hear(mail).text
    assert pki.judge(mail).covers == {"body"}
    assert pki.judge(mail.replace(b"{}", b"[]")).status is ProofStatus.FAIL


@pytest.mark.parametrize("kind", [b"application/pkcs7-signature", b"application/x-pkcs7-signature"])
def test_the_old_name_of_the_type_is_the_same_type(pki: Pki, kind: bytes) -> None:
    mail = wrap(signature(person(pki.sub)), protocol=kind, second=kind)
    assert pki.judge(mail).status is ProofStatus.PASS
    unnamed = mail.replace(b' protocol="' + kind + b'";', b"")
    assert pki.judge(unnamed).status is ProofStatus.PASS


def test_pgp_is_somebody_elses_method(pki: Pki) -> None:
    mail = wrap(b"-", protocol=b"application/pgp-signature", second=b"application/pgp-signature")
    assert SmimeVerifier(pki.anchors).verify_here(mail, ALBA, NOW) == ()


@pytest.mark.parametrize("kind", ["pkcs7-mime", "x-pkcs7-mime"])
def test_an_opaque_signature_proves_nothing(pki: Pki, kind: str) -> None:
    alba = person(pki.sub)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(TEXT)
    der = builder.add_signer(alba.cert, alba.key, hashes.SHA256()).sign(
        serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary]
    )
    head = b"From: " + ALBA.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n"
    mail = head + b"Content-Type: application/" + kind.encode() + b"\r\n\r\n"
    proof = pki.judge(mail + base64.encodebytes(der))
    assert proof.status is ProofStatus.PERMERROR
    assert "opaque" in proof.detail
    with_content = pki.judge(wrap(der))
    assert with_content.status is ProofStatus.PERMERROR
    assert "not detached" in with_content.detail
