"""The demo's people: the keys that prove Ada and Nora, and what tells the world to believe them.

Ada raises alarms, Nora is a supporter of NGI_NORTH. `init` makes their keys anew for every demo.
The secret of their authority is kept nowhere, so nobody can certify anybody else. A forger has
`new_people` of his own: the same names, other keys, and nobody who was told to believe them.
Nothing here is of use outside the demo.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.demo.words import ADDRESS, DNS_PORT, DOMAIN, SELECTOR, SUPPORTER
from gateway.outbound.signing import rsa_key, zone_line

_GRID = (
    (NameOID.DOMAIN_COMPONENT, "example"),
    (NameOID.DOMAIN_COMPONENT, "grid"),
)
_AUTHORITY = (*_GRID, (NameOID.COMMON_NAME, "Demo CA"))
_USERS = (*_GRID, (NameOID.ORGANIZATIONAL_UNIT_NAME, "Users"))
_BEFORE, _LIFE = timedelta(hours=1), timedelta(days=3650)
_RSA_BITS = 2048
_FILES = {
    "ada.dkim.pem": "dkim",
    "ada.key": "ada_key",
    "ada.pem": "ada",
    "nora.key": "nora_key",
    "nora.pem": "nora",
    "anchors/demo-ca.pem": "authority",
    "anchors/demo-ca.r0": "revoked",
}
_SECRETS = {"dkim", "ada_key", "nora_key"}
_ZONE = """\
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
_dmarc.{domain}. IN TXT "v=DMARC1; p=reject"
{key}
"""
# A name server of our own files on loopback, for whoever starts it; zones follow.
NSD = """\
# nsd -c THIS FILE starts it, kill $(cat nsd.pid) ends it.
server:
  server-count: 1
  ip-address: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  zonesdir: "{place}"
  database: ""
  zonelistfile: "{place}/zone.list"
  xfrdfile: ""
  xfrdir: "{place}"
  pidfile: "{place}/nsd.pid"
  logfile: "{place}/nsd.log"
remote-control:
  control-enable: no
"""
NSD_ZONE = """\
zone:
  name: "{name}"
  zonefile: "{name}.zone"
"""


@dataclass(frozen=True, slots=True)
class People:
    """Secrets (`dkim`, `..._key`) and what stands for them: all PEM, one object each."""

    dkim: bytes
    ada_key: bytes
    ada: bytes
    nora_key: bytes
    nora: bytes
    authority: bytes
    revoked: bytes


def new_people(now: datetime) -> People:
    """Return new keys for Ada and Nora; their authority certified them and forgot its secret."""
    secret = ec.generate_private_key(ec.SECP256R1())
    above = _name(_AUTHORITY)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    authority = (
        _builder(above, above, secret.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(secret, hashes.SHA256())
    )
    revoked = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(above)
        .last_update(now - _BEFORE)
        .next_update(now + _LIFE)
        .sign(secret, hashes.SHA256())
    )
    ada_key, ada = _certified("Ada Example", ADDRESS, secret, now)
    nora_key, nora = _certified("Nora Example", SUPPORTER, secret, now)
    return People(
        dkim=_pem(rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)),
        ada_key=ada_key,
        ada=ada,
        nora_key=nora_key,
        nora=nora,
        authority=authority.public_bytes(Encoding.PEM),
        revoked=revoked.public_bytes(Encoding.PEM),
    )


def read_people(directory: Path) -> People:
    """Return the people whose files `files_of` named; raises OSError."""
    return People(*((directory / name).read_bytes() for name in _FILES))


def files_of(people: People, place: Path) -> dict[str, tuple[bytes, int]]:
    """Return each file of the people's directory with its mode; `place` is where they will lie.

    Beside their own: a name server's configuration, which wants whole paths, and its zone.
    """
    own = {
        name: (getattr(people, part), 0o600 if part in _SECRETS else 0o644)
        for name, part in _FILES.items()
    }
    key = zone_line(f"{SELECTOR}._domainkey.{DOMAIN}", rsa_key(SELECTOR, people.dkim).record)
    zone = _ZONE.format(domain=DOMAIN, key=key)
    names = NSD.format(port=DNS_PORT, place=place / "names") + NSD_ZONE.format(name="example")
    return {
        **own,
        "names/example.zone": (zone.encode(), 0o644),
        "names/nsd.conf": (names.encode(), 0o644),
    }


def _certified(
    name: str, address: str, secret: ec.EllipticCurvePrivateKey, now: datetime
) -> tuple[bytes, bytes]:
    """Return a person's new key, and the certificate that the authority signs for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name((*_USERS, (NameOID.COMMON_NAME, name)))
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    own = x509.SubjectAlternativeName([x509.RFC822Name(address)])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(secret.public_key())
    certificate = (
        _builder(subject, _name(_AUTHORITY), key.public_key(), now)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(own, critical=False)
        .add_extension(issuer, critical=False)
        .sign(secret, hashes.SHA256())
    )
    return _pem(key), certificate.public_bytes(Encoding.PEM)


def _name(parts: tuple[tuple[x509.ObjectIdentifier, str], ...]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    mark = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _LIFE)
        .add_extension(mark, critical=False)
    )


def _usage(**bits: bool) -> x509.KeyUsage:
    known = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{bit: bits.get(bit, False) for bit in known})


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
