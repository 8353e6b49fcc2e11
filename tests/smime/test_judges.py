"""OpenSSL and GnuPG as independent judges: they sign and we verify, we sign and they verify."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from gateway.outbound.smime import SmimeSigner
from gateway.proofs.signed_mail import split_signed
from parsers.evidence import ProofStatus
from tests.smime.authority import ALBA, TEXT, Holder, person, wrap
from tests.smime.conftest import Pki
from tests.smime.judges import CHANGED, PASSPHRASE, gpgsm, openssl

MAIL = (
    b"From: alba@vo.example\r\nTo: noc@site.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + TEXT
)


def need(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{', '.join(missing)} missing: install tests/servers/packages.txt")
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


@pytest.fixture(autouse=True)
def _programs() -> None:
    need("openssl", "gpgsm", "gpgconf")


def ours(holder: Holder) -> bytes:
    return SmimeSigner(holder.cert, holder.key, holder.above).sign(MAIL, datetime.now(UTC))


@pytest.mark.parametrize("kind", ["ec", "rsa2048"])
@pytest.mark.parametrize("program", ["cms", "smime"])
def test_openssl_believes_our_mail_and_not_a_changed_one(pki: Pki, kind: str, program: str) -> None:
    root, mail = pki.place / "root.pem", ours(person(pki.sub, kind=kind))
    root.write_bytes(pki.root.pem)
    verify = (program, "-verify", "-CAfile", root, "-purpose", "smimesign")
    _, said = openssl(*verify, stdin=mail)
    assert b"The storage has been down" in said
    assert b"erification successful" in said
    code, _ = openssl(*verify, stdin=mail.replace(b"midnight", b"midnoght"), fine=False)
    assert code == CHANGED


@pytest.mark.parametrize("kind", ["ec", "rsa2048"])
def test_gnupg_believes_our_mail_and_not_a_changed_one(pki: Pki, kind: str) -> None:
    mail = ours(person(pki.sub, kind=kind))
    signed = split_signed(mail)
    assert signed is not None
    p7s, content = pki.place / "mail.p7s", pki.place / "content"
    p7s.write_bytes(signed.signature)
    content.write_bytes(signed.content)
    with gpgsm() as judge:
        judge.trust(pki.root.cert)
        code, _, said = judge.run("--verify", p7s, content)
        assert code == 0, said
        assert "Good signature" in said
        content.write_bytes(signed.content.replace(b"midnight", b"midnoght"))
        code, _, said = judge.run("--verify", p7s, content)
        assert code != 0
        assert "invalid signature" in said


OPENSSL = [
    ("ec", ()),
    ("rsa2048", ()),
    ("rsa2048", ("-md", "sha512")),
    ("rsa2048", ("-keyopt", "rsa_padding_mode:pss")),
    ("rsa2048", ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20")),
    ("rsa2048", ("-keyid",)),
]


@pytest.mark.parametrize(("kind", "words"), OPENSSL)
def test_what_openssl_signs_is_believed(pki: Pki, kind: str, words: tuple[str, ...]) -> None:
    der = by_openssl(pki.place, person(pki.sub, kind=kind), words)
    proof = pki.judge(wrap(der))
    assert proof.status is ProofStatus.PASS, proof.detail
    assert proof.aligned
    assert pki.judge(wrap(der).replace(b"midnight", b"midnoght")).status is ProofStatus.FAIL


def signing(place: Path, holder: Holder) -> tuple[str | Path, ...]:
    """Return the words with which `openssl cms -sign` signs the text as this holder."""
    (place / "text").write_bytes(TEXT)
    (place / "signer.pem").write_bytes(holder.pem)
    (place / "signer.key").write_bytes(holder.key_pem)
    (place / "chain.pem").write_bytes(
        b"".join(cert.public_bytes(serialization.Encoding.PEM) for cert in holder.above)
    )
    return (
        "cms", "-sign", "-in", place / "text", "-signer", place / "signer.pem",
        "-inkey", place / "signer.key", "-certfile", place / "chain.pem",
    )  # fmt: skip


def by_openssl(place: Path, holder: Holder, words: tuple[str, ...]) -> bytes:
    _, der = openssl(*signing(place, holder), "-binary", *words, "-outform", "DER")
    return der


def test_a_mail_that_openssl_writes_as_a_whole_is_believed(pki: Pki) -> None:
    words = signing(pki.place, person(pki.sub, kind="rsa2048"))
    _, mail = openssl(*words, "-from", ALBA, "-to", "alarm@helpdesk.example", "-subject", "down")
    assert b"This is an S/MIME signed message" in mail  # a preamble
    proof = pki.judge(mail)
    assert proof.status is ProofStatus.PASS, proof.detail
    assert proof.covers == {"body"}


def test_an_opaque_mail_of_openssl_proves_nothing(pki: Pki) -> None:
    words = signing(pki.place, person(pki.sub, kind="rsa2048"))
    _, mail = openssl(*words, "-nodetach", "-from", ALBA)
    assert pki.judge(mail).status is ProofStatus.PERMERROR


MIXED = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha512")


@pytest.mark.parametrize("words", [("-noattr",), ("-md", "sha1"), MIXED])
def test_what_openssl_signs_too_weakly_is_refused(pki: Pki, words: tuple[str, ...]) -> None:
    der = by_openssl(pki.place, person(pki.sub, kind="rsa2048"), words)
    assert pki.judge(wrap(der)).status is ProofStatus.PERMERROR


def test_what_gnupg_signs_is_believed(pki: Pki) -> None:
    alba = person(pki.sub, kind="rsa2048")
    with gpgsm() as judge:
        judge.trust(pki.root.cert)
        judge.hold(alba)
        content = pki.place / "content"
        content.write_bytes(TEXT)
        code, der, said = judge.run(
            "--passphrase-fd", "0", "--include-certs", "-2", "--local-user", ALBA,
            "--detach-sign", content, stdin=PASSPHRASE,
        )  # fmt: skip
        assert code == 0, said
    proof = pki.judge(wrap(der))
    assert proof.status is ProofStatus.PASS, proof.detail
    assert proof.identity == "/DC=org/DC=example/OU=People/CN=Alba Alarm"
    assert pki.judge(wrap(der).replace(b"midnight", b"midnoght")).status is ProofStatus.FAIL
