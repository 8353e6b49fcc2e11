"""A certificate authority made on the spot, the people that it certifies, and what they sign.

Everything can be made wrong on purpose; what is not said is right.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)  # signatures carry the real time: so must the tests
DAY = timedelta(days=1)
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
ALBA = "alba@vo.example"
OIDS = {
    "C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME, "CN": NameOID.COMMON_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "DC": NameOID.DOMAIN_COMPONENT,
}  # fmt: skip
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Name = Sequence[tuple[str, str]]
ROOT: Name = [("DC", "org"), ("DC", "example"), ("CN", "Example Grid CA")]
PEOPLE: Name = [("DC", "org"), ("DC", "example"), ("OU", "People")]


@cache
def key(kind: str = "ec", number: int = 0) -> Key:
    """Return a key: `ec`, `ec384` or `rsaBITS`; the same for the same number."""
    del number
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ec.generate_private_key(ec.SECP384R1() if kind == "ec384" else ec.SECP256R1())


def name(pairs: Name) -> x509.Name:
    return x509.Name([x509.NameAttribute(OIDS[kind], value) for kind, value in pairs])


@dataclass(frozen=True)
class Holder:
    """A certificate with its key, and the certificates above it but the root."""

    cert: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def files(self, place: Path, stem: str) -> tuple[Path, Path]:
        """Write the certificate with its chain, and the key; return both files."""
        cert, secret = place / f"{stem}.pem", place / f"{stem}.key"
        cert.write_bytes(
            self.pem + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in self.above)
        )
        secret.touch(mode=0o600)
        secret.write_bytes(self.key_pem)
        return cert, secret


def _signed(
    builder: x509.CertificateBuilder, signer: Key, digest: hashes.HashAlgorithm
) -> x509.Certificate:
    return builder.sign(signer, digest)  # type: ignore[arg-type]


def _builder(
    subject: x509.Name, issuer: x509.Name, public: Any, start: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def usage(**bits: bool) -> x509.KeyUsage:
    known = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{bit: bits.get(bit, False) for bit in known})


def authority(
    subject: Name = ROOT, *, by: Holder | None = None, secret: Key | None = None,
    path_length: int | None = None, start: datetime = NOW - 365 * DAY, days: float = 3650,
    ca: bool = True, extras: Sequence[x509.ExtensionType] = (), with_usage: bool = True,
    critical: bool = True,
) -> Holder:  # fmt: skip
    """Return a root, or an authority below another."""
    secret = secret or key("ec", 100 if by is None else 101)
    above = by.cert.subject if by else name(subject)
    builder = _builder(name(subject), above, secret.public_key(), start, days)
    builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    if with_usage:
        allowed = usage(key_cert_sign=True, crl_sign=True)
        builder = builder.add_extension(allowed, critical=True)
    for extra in extras:
        builder = builder.add_extension(extra, critical=critical)
    cert = _signed(builder, by.key if by else secret, hashes.SHA256())
    return Holder(cert, secret, _above(by))


def _above(by: Holder | None) -> tuple[x509.Certificate, ...]:
    if by is None or by.cert.subject == by.cert.issuer:
        return ()
    return (by.cert, *by.above)


def person(
    by: Holder, common: str = "Alba Alarm", addresses: Sequence[str] = (ALBA,), *,
    kind: str = "ec", eku: Sequence[x509.ObjectIdentifier] = (EMAIL,),
    start: datetime = NOW - 30 * DAY, days: float = 395, subject: Name = (),
    extras: Sequence[tuple[x509.ExtensionType, bool]] = (),
    bits: x509.KeyUsage | None = None, no_usage: bool = False, issuer: Name = (),
) -> Holder:  # fmt: skip
    """Return the certificate of a person or robot; without addresses it has no SAN."""
    secret = key(kind, 200)
    above = name(issuer) if issuer else by.cert.subject
    full = name(subject or [*PEOPLE, ("CN", common)])
    builder = _builder(full, above, secret.public_key(), start, days)
    if not no_usage:
        builder = builder.add_extension(bits or usage(digital_signature=True), critical=True)
    mark = x509.SubjectKeyIdentifier.from_public_key(secret.public_key())
    builder = builder.add_extension(mark, critical=False)
    if eku:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku), critical=False)
    if addresses:
        boxes = [x509.RFC822Name(address) for address in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(boxes), critical=False)
    for extra, critical in extras:
        builder = builder.add_extension(extra, critical=critical)
    return Holder(_signed(builder, by.key, hashes.SHA256()), secret, _above(by))


def crl(
    by: Holder, revoked: Sequence[x509.Certificate] = (), *, start: datetime = NOW - DAY,
    days: float = 30, signed_by: Key | None = None, critical: bool = False,
) -> bytes:  # fmt: skip
    """Return the PEM of an authority's revocation list."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.cert.subject)
        .last_update(start)
        .next_update(start + timedelta(days=days))
    )
    for cert in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(cert.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(start).build())
    if critical:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    signed = builder.sign(signed_by or by.key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def trust_directory(place: Path, *authorities: Holder, lists: bool = True) -> Path:
    """Write authorities as fetch-crl keeps them; return the directory."""
    place.mkdir(exist_ok=True)
    for number, one in enumerate(authorities):
        (place / f"ca{number}.pem").write_bytes(one.pem)
        if lists:
            (place / f"ca{number}.r0").write_bytes(crl(one))
    return place


TEXT = (
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    b"Alarm: helpdesk.example\r\nVO: atlas\r\nNotify site: FZK-LCG2\r\n\r\n"
    b"The storage has been down since midnight.\r\n"
)


def signature(
    by: Holder, content: bytes = TEXT, *, digest: Any = None, pss: bool = False,
    above: Sequence[x509.Certificate] | None = None, options: Sequence[pkcs7.PKCS7Options] = (),
    also: Holder | None = None,
) -> bytes:  # fmt: skip
    """Return the DER of a detached signature."""
    digest = digest or hashes.SHA256()
    pad = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH) if pss else None
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    for signer in (by, also):
        if signer:
            builder = builder.add_signer(signer.cert, signer.key, digest, rsa_padding=pad)
    for cert in by.above if above is None else above:
        builder = builder.add_certificate(cert)
    flags = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, [*flags, *options])


def wrap(
    der: bytes, content: bytes = TEXT, *, sender: str = ALBA, before: bytes = b"",
    after: bytes = b"", protocol: bytes = b"application/pkcs7-signature",
    second: bytes = b"application/pkcs7-signature", head: bytes = b"",
) -> bytes:  # fmt: skip
    """Return a whole mail around signed content and its signature."""
    return (
        b"From: Alba Alarm <" + sender.encode() + b">\r\nTo: alarm@helpdesk.example\r\n"
        b"Subject: ALARM: storage down\r\nDate: Sun, 22 Nov 2026 03:04:05 +0000\r\n"
        b"Message-ID: <1@vo.example>\r\nMIME-Version: 1.0\r\n" + head +
        b'Content-Type: multipart/signed; protocol="' + protocol + b'"; micalg=sha-256;\r\n'
        b' boundary="frontier"\r\n\r\n' + before +
        b"--frontier\r\n" + content + b"\r\n--frontier\r\n"
        b"Content-Type: " + second + b"; name=smime.p7s\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" +
        base64.encodebytes(der).replace(b"\n", b"\r\n") + b"--frontier--\r\n" + after
    )  # fmt: skip


def signed_mail(by: Holder, **words: Any) -> bytes:
    """Return a mail signed by a person; words go to `signature` and `wrap`."""
    mail = {k: words.pop(k) for k in ("sender", "before", "after", "head") if k in words}
    content = words.get("content", TEXT)
    return wrap(signature(by, **words), content, **mail)
