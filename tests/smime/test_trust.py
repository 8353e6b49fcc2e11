"""Whom the anchors vouch for: revocation, paths, signing policies, old digests, what it costs."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.proofs.path import Rules
from gateway.proofs.smime import SmimeVerifier
from parsers.evidence import ProofStatus
from tests.cost import costs_less_than
from tests.smime.authority import (
    ALBA,
    CLIENT,
    DAY,
    NOW,
    TEXT,
    Holder,
    authority,
    crl,
    key,
    person,
    signature,
    signed_mail,
    trust_directory,
    usage,
    wrap,
)
from tests.smime.conftest import Pki
from tests.smime.judges import openssl
from tests.smime.verdicts import FAIL, PERMERROR, TEMPERROR, passes, refused


class TestRevocation:
    def test_who_is_revoked_is_refused(self, pki: Pki) -> None:
        alba = person(pki.sub)
        (pki.anchors / "people.r0").write_bytes(crl(pki.sub, [alba.cert]))
        refused(pki.judge(signed_mail(alba)), FAIL, "revoked")

    def test_so_is_who_was_certified_by_a_revoked_authority(self, pki: Pki) -> None:
        (pki.anchors / "ca0.r0").write_bytes(crl(pki.root, [pki.sub.cert]))
        refused(pki.judge(signed_mail(person(pki.sub))), FAIL, "revoked")

    LISTS: tuple[tuple[str, Callable[[Pki], bytes | None], str], ...] = (
        ("none", lambda _: None, "there is no CRL"),
        ("stale", lambda p: crl(p.sub, start=NOW - 10 * DAY, days=9), "stale"),
        ("of tomorrow", lambda p: crl(p.sub, start=NOW + DAY), "stale"),
        ("forged", lambda p: crl(p.sub, signed_by=key("ec", 9)), "not signed by its issuer"),
        ("a delta", lambda p: crl(p.sub, critical=True), "partial"),
        ("broken", lambda _: b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
         "there is no CRL"),
    )  # fmt: skip

    @pytest.mark.parametrize("row", LISTS, ids=lambda row: row[0])
    def test_without_a_list_that_counts_nobody_passes_yet(
        self, pki: Pki, row: tuple[str, Callable[[Pki], bytes | None], str]
    ) -> None:
        _, make, why = row
        made = make(pki)
        (pki.anchors / "people.r0").unlink()
        if made is not None:
            (pki.anchors / "people.r0").write_bytes(made)
        mail = signed_mail(person(pki.sub))
        refused(pki.judge(mail), TEMPERROR, why)
        passes(pki.judge(mail, rules=Rules(crl="if-present")))

    def test_who_stands_on_a_stale_list_is_revoked_all_the_same(self, pki: Pki) -> None:
        alba = person(pki.sub)
        stale = crl(pki.sub, [alba.cert], start=NOW - 10 * DAY, days=9)
        (pki.anchors / "people.r0").write_bytes(stale)
        for rules in (Rules(), Rules(crl="if-present")):
            refused(pki.judge(signed_mail(alba), rules=rules), FAIL, "revoked")

    def test_a_fresh_list_beside_a_stale_one_is_enough(self, pki: Pki) -> None:
        stale = crl(pki.sub, start=NOW - 10 * DAY, days=9)
        (pki.anchors / "people.r1").write_bytes(stale)
        passes(pki.judge(signed_mail(person(pki.sub))))

    def test_a_forged_list_revokes_nobody(self, pki: Pki) -> None:
        alba = person(pki.sub)
        forged = crl(pki.sub, [alba.cert], signed_by=key("ec", 9))
        (pki.anchors / "people.r1").write_bytes(forged)
        passes(pki.judge(signed_mail(alba)))

    def test_a_list_signed_with_sha1_says_nothing(self, pki: Pki) -> None:
        place, old = pki.place, authority([("CN", "Old")], secret=key("rsa2048", 2))
        (place / "ca.pem").write_bytes(old.pem)
        (place / "ca.key").write_bytes(old.key_pem)
        (place / "index").touch()
        (place / "ca.cnf").write_text(f"[ca]\ndefault_ca=it\n[it]\ndatabase={place}/index\n")
        openssl(
            "ca", "-gencrl", "-config", place / "ca.cnf", "-cert", place / "ca.pem",
            "-keyfile", place / "ca.key", "-md", "sha1", "-crldays", "5",
            "-out", pki.anchors / "old.r0",
        )  # fmt: skip
        (pki.anchors / "old.pem").write_bytes(old.pem)
        refused(pki.judge(signed_mail(person(old))), TEMPERROR, "weak digest")
        (pki.anchors / "old.r0").write_bytes(crl(old))
        passes(pki.judge(signed_mail(person(old))))

    def test_an_authority_that_may_not_sign_lists_is_not_believed_in_them(self, pki: Pki) -> None:
        silent = authority([("CN", "Silent")], by=pki.root, with_usage=False, secret=key("ec", 80),
                           extras=[usage(key_cert_sign=True)])  # fmt: skip
        (pki.anchors / "silent.r0").write_bytes(crl(silent))
        refused(pki.judge(signed_mail(person(silent))), TEMPERROR, "may not sign lists")

    def test_a_wrong_certificate_fails_even_when_no_list_answers(self, pki: Pki) -> None:
        (pki.anchors / "people.r0").unlink()
        refused(pki.judge(signed_mail(person(pki.sub, eku=[CLIENT]))), FAIL, "extended key")


def test_an_authority_in_the_directory_completes_paths_and_its_root_is_still_asked(
    pki: Pki,
) -> None:
    (pki.anchors / "people.pem").write_bytes(pki.sub.pem)
    mail = signed_mail(person(pki.sub), above=[])
    passes(pki.judge(mail))
    (pki.anchors / "ca0.pem").unlink()
    refused(pki.judge(mail), TEMPERROR, "no trust anchor")


def test_without_anchors_nobody_is_trusted_and_nothing_raised(pki: Pki) -> None:
    mail = signed_mail(person(pki.sub))
    (proof,) = SmimeVerifier(None).verify_here(mail, ALBA, NOW)
    assert proof.status is ProofStatus.NONE
    (proof,) = SmimeVerifier(pki.place / "nowhere").verify_here(mail, ALBA, NOW)
    refused(proof, TEMPERROR, "no trust anchor")


POLICY = b"""access_id_CA X509 '%s'
pos_rights globus CA:sign
cond_subjects globus '"%s"'
"""
PEOPLE_CA = b"/DC=org/DC=example/CN=Example People CA"


@pytest.mark.parametrize(
    ("authority_name", "subjects", "why"),
    [
        (PEOPLE_CA, b"/DC=org/DC=example/OU=People/*", ""),
        (PEOPLE_CA, b"/DC=org/DC=example/OU=Robots/*", "signing policy"),
        (b"/DC=org/DC=example/CN=Example Grid CA", b"/DC=org/DC=example/CN=Example People CA", ""),
        (b"/DC=org/DC=example/CN=Example Grid CA", b"/DC=org/DC=other/*", "signing policy"),
        (b"/DC=org/CN=Somebody", b"/DC=org/DC=other/*", ""),
    ],
)
def test_every_authority_on_the_way_may_sign_only_for_its_subjects(
    pki: Pki, authority_name: bytes, subjects: bytes, why: str
) -> None:
    (pki.anchors / "x.signing_policy").write_bytes(POLICY % (authority_name, subjects))
    proof = pki.judge(signed_mail(person(pki.sub)))
    if why:
        refused(proof, FAIL, why)
    else:
        passes(proof)


def test_a_root_signed_with_sha1_long_ago_is_an_anchor(pki: Pki) -> None:
    # openssl made it: cryptography refuses to sign with SHA-1
    secret = pki.place / "old.key"
    secret.write_bytes(Holder(pki.root.cert, key("rsa2048", 1)).key_pem)
    openssl("req", "-x509", "-sha1", "-key", secret, "-subj", "/DC=org/CN=Old Root",
            "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-out", pki.place / "old.pem")  # fmt: skip
    pem = (pki.place / "old.pem").read_bytes()
    old = Holder(x509.load_pem_x509_certificate(pem), key("rsa2048", 1))
    assert isinstance(old.cert.signature_hash_algorithm, hashes.SHA1)
    trust_directory(pki.anchors, old)
    passes(pki.judge(signed_mail(person(old))))


def test_a_certificate_signed_with_sha1_is_refused(pki: Pki) -> None:
    # as above; the same certificate signed with SHA-256 passes, so nothing else is wrong with it
    ca, alba = pki.place / "ca.pem", key("ec", 200)
    issuer = authority([("CN", "Careless CA")], secret=key("rsa2048", 3))
    trust_directory(pki.anchors, issuer)
    ca.write_bytes(issuer.pem + issuer.key_pem)
    (pki.place / "alba.key").write_bytes(Holder(issuer.cert, alba).key_pem)
    (pki.place / "ext").write_text(
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
        f"subjectAltName=email:{ALBA}\nauthorityKeyIdentifier=none\n"
    )
    openssl("req", "-new", "-key", pki.place / "alba.key", "-subj", "/DC=org/CN=Alba",
            "-out", pki.place / "csr")  # fmt: skip
    for digest, status in (("-sha1", FAIL), ("-sha256", ProofStatus.PASS)):
        openssl("x509", "-req", "-in", pki.place / "csr", "-CA", ca, "-CAkey", ca, digest,
                "-CAcreateserial", "-extfile", pki.place / "ext", "-days", "9",
                "-out", pki.place / "alba.pem")  # fmt: skip
        cert = x509.load_pem_x509_certificate((pki.place / "alba.pem").read_bytes())
        proof = pki.judge(signed_mail(Holder(cert, alba)))
        assert proof.status is status, proof.detail


def test_a_mail_full_of_certificates_that_sign_each_other_costs_little(pki: Pki) -> None:
    one, two = (
        authority([("CN", f"Loop {n}")], secret=key("ec", 70 + n)) for n in range(2)
    )  # fmt: skip
    loop = [
        authority([("CN", f"Loop {n}")], by=(two, one)[n], secret=key("ec", 70 + n)).cert
        for n in (0, 1) * 4
    ]
    mail = wrap(signature(person(one), above=loop))
    with costs_less_than(0.5):
        refused(pki.judge(mail), FAIL, "path")


def test_a_root_that_comes_with_the_mail_is_no_anchor(pki: Pki) -> None:
    foreign = authority([("CN", "Foreign CA")])
    mail = wrap(signature(person(foreign), above=[foreign.cert]))
    refused(pki.judge(mail), FAIL, "path")


def test_one_verification_costs_less_than_five_milliseconds_of_cpu(pki: Pki) -> None:
    verifier = SmimeVerifier(pki.anchors)
    mail = signed_mail(person(pki.sub, kind="rsa2048"), content=TEXT + b"x" * 70 * 50 + b"\r\n")
    (proof,) = verifier.verify_here(mail, ALBA, datetime.now(UTC))
    passes(proof)
    with costs_less_than(50 * 0.005):
        for _ in range(50):
            verifier.verify_here(mail, ALBA, NOW)


def test_more_than_ten_certificates_or_64_kb_are_not_looked_at(pki: Pki) -> None:
    alba = person(pki.sub)
    many = [authority([("CN", f"CA {n}")]).cert for n in range(10)]
    refused(pki.judge(wrap(signature(alba, above=many))), PERMERROR, "more than 10")
    refused(pki.judge(wrap(signature(alba) + b"\0" * 65_536)), PERMERROR, "longer than 64 kB")
    refused(pki.judge(wrap(b"\0" * 200_000)), PERMERROR, "longer than 64 kB")
