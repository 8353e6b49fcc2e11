"""What passes and what does not: each row of the specification's table, and its neighbours."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.proofs.path import Rules
from gateway.proofs.smime import SmimeVerifier
from parsers.evidence import ProofKind, ProofStatus
from tests.smime.authority import (
    ALBA,
    CLIENT,
    DAY,
    NOW,
    PEOPLE,
    Holder,
    authority,
    key,
    person,
    signature,
    signed_mail,
    usage,
    wrap,
)
from tests.smime.conftest import Pki
from tests.smime.verdicts import FAIL, PERMERROR, passes, refused

PROXY = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"), b"0\x00")


@pytest.mark.parametrize("kind", ["ec", "ec384", "rsa2048", "rsa4096"])
def test_a_good_signature_names_its_person(pki: Pki, kind: str) -> None:
    proof = pki.judge(signed_mail(person(pki.sub, kind=kind)))
    passes(proof)
    assert proof.kind is ProofKind.SMIME
    assert proof.identity == "/DC=org/DC=example/OU=People/CN=Alba Alarm"
    assert proof.issuer == "/DC=org/DC=example/CN=Example People CA"
    assert proof.addresses == (ALBA,)
    assert proof.aligned


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
@pytest.mark.parametrize("pss", [False, True])
def test_each_digest_and_padding_passes(
    pki: Pki, digest: hashes.HashAlgorithm, *, pss: bool
) -> None:
    passes(pki.judge(signed_mail(person(pki.sub, kind="rsa2048"), digest=digest, pss=pss)))


async def test_verifying_works_from_an_event_loop(pki: Pki) -> None:
    verifier = SmimeVerifier(pki.anchors)
    mail, now = signed_mail(person(pki.sub)), datetime.now(UTC)
    proofs = await asyncio.gather(*(verifier.verify(mail, ALBA, now) for _ in range(20)))
    for (proof,) in proofs:
        passes(proof)
    assert await verifier.verify(b"From: a@b.example\r\n\r\nplain\r\n", ALBA, NOW) == ()


def test_a_mail_with_lf_line_ends_is_the_same_mail(pki: Pki) -> None:
    passes(pki.judge(signed_mail(person(pki.sub)).replace(b"\r\n", b"\n")))


def test_the_outer_header_is_not_covered(pki: Pki) -> None:
    mail = signed_mail(person(pki.sub))
    proof = pki.judge(mail.replace(b"Subject: ALARM: storage down", b"Subject: lunch"))
    passes(proof)
    assert proof.covers == {"body"}  # and so neither subject nor from nor date


@dataclass(frozen=True)
class Row:
    """A person or mail that is wrong in one way, the answer, and a part of its reason."""

    name: str
    mail: Callable[[Pki], bytes]
    status: ProofStatus
    why: str


def _by(make: Callable[[Pki], Holder]) -> Callable[[Pki], bytes]:
    return lambda pki: signed_mail(make(pki))


def _twin_root(_pki: Pki) -> Holder:
    return person(authority(secret=key("ec", 666)))


def _long_path(pki: Pki) -> Holder:
    narrow = authority([("CN", "Narrow CA")], by=pki.root, path_length=0, secret=key("ec", 301))
    deep = authority([("CN", "Deep CA")], by=narrow, secret=key("ec", 302))
    return person(deep)


def _leaf_as_authority(pki: Pki) -> Holder:
    leaf = person(pki.sub, "Mallory")
    return person(leaf, kind="ec384")


def _not_ca(pki: Pki) -> Holder:
    return person(authority([("CN", "No CA")], by=pki.root, ca=False, secret=key("ec", 303)))


def _no_key_cert_sign(pki: Pki) -> Holder:
    bits = usage(digital_signature=True)
    wrong = authority([("CN", "No signer")], by=pki.root, with_usage=False, extras=[bits],
                      secret=key("ec", 304))  # fmt: skip
    return person(wrong)


def _for_servers(pki: Pki) -> Holder:
    servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return person(authority([("CN", "Host CA")], by=pki.root, extras=[servers], critical=False,
                            secret=key("ec", 305)))  # fmt: skip


def _constrained(pki: Pki) -> Holder:
    only = x509.NameConstraints([x509.RFC822Name("other.example")], None)
    return person(authority([("CN", "Bounded CA")], by=pki.root, extras=[only],
                            secret=key("ec", 306)))  # fmt: skip


def _with_proxy(pki: Pki) -> Holder:
    alba = person(pki.sub)
    proxy = [*PEOPLE, ("CN", "Alba Alarm"), ("CN", "proxy")]
    return person(alba, subject=proxy, kind="ec384")


ROWS = [
    Row("changed body", lambda p: signed_mail(person(p.sub)).replace(b"midnight", b"midnoght"),
        FAIL, "the text was changed"),
    Row("expired", _by(lambda p: person(p.sub, start=NOW - 40 * DAY, days=39)), FAIL, "path"),
    Row("not yet valid", _by(lambda p: person(p.sub, start=NOW + DAY)), FAIL, "path"),
    Row("wrong CA", _by(lambda _: person(authority([("CN", "Foreign CA")]))), FAIL, "path"),
    Row("same-name fake root", _by(_twin_root), FAIL, "path"),
    Row("missing intermediate", lambda p: signed_mail(person(p.sub), above=[]), FAIL, "path"),
    Row("EKU absent", _by(lambda p: person(p.sub, eku=[])), FAIL, "path"),
    Row("EKU clientAuth only", _by(lambda p: person(p.sub, eku=[CLIENT])), FAIL, "extended key"),
    Row("EKU any", _by(lambda p: person(p.sub, eku=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
        FAIL, "extended key"),
    Row("no SAN", _by(lambda p: person(p.sub, addresses=[])), FAIL, "no e-mail address"),
    Row("SAN without e-mail", _by(lambda p: person(p.sub, addresses=[], extras=[
        (x509.SubjectAlternativeName([x509.DNSName("h.example")]), False)])),
        FAIL, "no e-mail address"),
    Row("SAN with a trick", _by(lambda p: person(p.sub, addresses=["<alba@vo.example>"])),
        FAIL, "no e-mail address"),
    Row("key usage absent", _by(lambda p: person(p.sub, no_usage=True)), FAIL, "path"),
    Row("key usage wrong", _by(lambda p: person(p.sub, bits=usage(key_encipherment=True))),
        FAIL, "key usage"),
    Row("leaf used as CA", _by(_leaf_as_authority), FAIL, "path"),
    Row("intermediate is no CA", _by(_not_ca), FAIL, "path"),
    Row("intermediate may not sign", _by(_no_key_cert_sign), FAIL, "key usage"),
    Row("intermediate for servers", _by(_for_servers), FAIL, "other purposes"),
    Row("name constraints", _by(_constrained), FAIL, "path"),
    Row("path length exceeded", _by(_long_path), FAIL, "path"),
    Row("a CA signs a mail", _by(lambda p: person(p.sub, extras=[
        (x509.BasicConstraints(ca=True, path_length=None), True)])), FAIL, "authority"),
    Row("RSA-1024", _by(lambda p: person(p.sub, kind="rsa1024")), FAIL, "1024 bits"),
    Row("unknown critical extension", _by(lambda p: person(p.sub, extras=[
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)])),
        FAIL, "path"),
    Row("RFC 3820 proxy", _by(lambda p: person(p.sub, extras=[(PROXY, True)])), FAIL, "proxy"),
    Row("old proxy", _by(_with_proxy), FAIL, "proxy"),
    Row("several signers", lambda p: signed_mail(
        person(p.sub), also=person(p.sub, "Bob", kind="ec384")), PERMERROR, "one signer"),
    Row("somebody else's signature", lambda p: wrap(signature(person(p.sub), b"other\r\n")),
        FAIL, "the text was changed"),
    Row("a subject that is two names", _by(lambda p: person(p.sub, "a/CN=Alba Alarm")),
        PERMERROR, "slash form"),
    Row("two From", lambda p: signed_mail(
        person(p.sub), head=b"From: Mallory <m@evil.example>\r\n"), PERMERROR, "From"),
    Row("two Content-Type", lambda p: signed_mail(
        person(p.sub), head=b"Content-Type: text/plain\r\n").replace(
            b"Content-Type: text/plain\r\nContent-Type: multipart",
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";'
            b" boundary=frontier\r\nContent-Type: multipart"), PERMERROR, "Content-Type"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_wrong_in_one_way_never_passes(pki: Pki, row: Row) -> None:
    refused(pki.judge(row.mail(pki)), row.status, row.why)


def test_a_certificate_for_another_address_is_not_aligned(pki: Pki) -> None:
    mail = signed_mail(person(pki.sub), sender="mallory@vo.example")
    assert not pki.judge(mail, "mallory@vo.example").aligned
    assert not pki.judge(mail, None).aligned
    assert pki.judge(mail, "alba@VO.example").aligned
    assert not pki.judge(mail, "Alba@vo.example").aligned


def test_every_address_of_the_certificate_counts(pki: Pki) -> None:
    robot = person(pki.sub, addresses=["robot@vo.example", ALBA])
    proof = pki.judge(signed_mail(robot))
    assert proof.addresses == ("robot@vo.example", ALBA)
    assert proof.aligned


def test_purposes_can_be_widened_for_one_authority_only(pki: Pki) -> None:
    mail = signed_mail(person(pki.sub, eku=[CLIENT]))
    issuer = "/DC=org/DC=example/CN=Example People CA"
    passes(pki.judge(mail, rules=Rules(purposes_of={issuer: ["clientAuth"]})))
    passes(pki.judge(mail, rules=Rules(purposes=["emailProtection", "clientAuth"])))
    other = Rules(purposes_of={"/CN=Other": ["clientAuth"]})
    refused(pki.judge(mail, rules=other), FAIL, "extended key")
