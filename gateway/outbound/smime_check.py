"""Whether our S/MIME signature will be believed: asked at start, by check-config and `keys smime`.

Rule: everything is tried, not assumed: a mail is signed and our own verifier judges it. What makes
the signature worthless is an error, what will make it worthless soon, or what we cannot judge, is a
warning. It never prints a key and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from gateway.config.faults import Finding, Severity
from gateway.config.root import Config
from gateway.outbound.smime import SmimeSigner, load_signer
from gateway.proofs.path import Untrusted, check_key, mail_addresses
from gateway.proofs.smime import smime_verifier
from gateway.proofs.trust import dn_of
from parsers.dn import write_slash
from parsers.errors import MailError
from parsers.evidence import ProofStatus

SOON = timedelta(days=30)
_CERT, _KEY = ("keys", "smime_cert"), ("keys", "smime_key")


@dataclass(frozen=True, slots=True)
class SigningFacts:
    """What an operator asks of the certificate. `chain` are subjects, upwards, without the root."""

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    addresses: tuple[str, ...]
    chain: tuple[str, ...]


def alarm_sender(config: Config) -> str:
    """Return the From address of alarm mails; a certificate must name it."""
    return f"noreply-alarm@{config.helpdesk.domain}"


def signer_of(config: Config) -> SmimeSigner | None:
    """Return what `[keys]` signs with, None when nothing is set; raises Malformed."""
    keys = config.keys
    if keys.smime_cert is None or keys.smime_key is None:
        return None
    return load_signer(keys.smime_cert, keys.smime_key.reveal())


def check_signing(config: Config, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with the configured signature; nothing when none is configured."""
    try:
        signer = signer_of(config)
    except MailError as error:
        loc = _KEY if error.detail.startswith("smime_key") else _CERT
        return (Finding(loc, error.detail),)
    if signer is None:
        return ()
    sender = alarm_sender(config)
    found = tuple(_faults(signer, sender, now))
    if any(finding.severity is Severity.ERROR for finding in found):
        return found
    return found + tuple(_trial(signer, config, sender, now))


def signing_facts(signer: SmimeSigner) -> SigningFacts:
    """Return what there is to know of a signer's certificate."""
    certificate = signer.certificate
    return SigningFacts(
        _shown(certificate.subject),
        _shown(certificate.issuer),
        f"{certificate.serial_number:x}",
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        mail_addresses(certificate),
        tuple(_shown(above.subject) for above in signer.chain),
    )


def _faults(signer: SmimeSigner, sender: str, now: datetime) -> Iterator[Finding]:
    certificate = signer.certificate
    if _public(certificate.public_key()) != _public(signer.key.public_key()):
        yield Finding(_KEY, "is not the key of smime_cert")
    try:
        check_key(certificate)
    except Untrusted as error:
        yield Finding(_CERT, str(error))
    until = certificate.not_valid_after_utc
    if now < certificate.not_valid_before_utc:
        yield Finding(_CERT, f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
    if now >= until:
        yield Finding(_CERT, f"expired on {until:%Y-%m-%d}: alarm mails would be unsigned")
    elif until - now <= SOON:
        days = (until - now).days
        yield Finding(_CERT, f"expires on {until:%Y-%m-%d}, in {days} days", Severity.WARNING)
    addresses = mail_addresses(certificate)
    if sender not in {address.lower() for address in addresses}:
        named = ", ".join(addresses) or "none"
        yield Finding(_CERT, f"does not name {sender}, From of alarm mails (it names: {named})")


def _trial(signer: SmimeSigner, config: Config, sender: str, now: datetime) -> Iterator[Finding]:
    """Sign a mail and let our own verifier judge it."""
    try:
        mail = signer.sign(_SAMPLE % sender.encode("ascii"), now)
    except MailError as error:
        yield Finding(_CERT, f"cannot sign: {error.detail}")
        return
    if config.proof.anchors is None:
        told = "was not checked up to its root: [proof] anchors is not set"
        yield Finding(_CERT, told, Severity.WARNING)
        return
    verifier = smime_verifier(config.proof, quiet=True)
    for proof in verifier.verify_here(mail, sender, now):
        if proof.status is ProofStatus.TEMPERROR:
            yield Finding(_CERT, f"cannot be checked now: {proof.detail}", Severity.WARNING)
        elif proof.status is not ProofStatus.PASS or not proof.aligned:
            yield Finding(_CERT, f"our own verifier refuses what it signs: {proof.detail}")


_SAMPLE = (
    b"From: %s\r\nSubject: a trial of our signature\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=us-ascii\r\n\r\nNever sent.\r\n"
)


def _public(key: object) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_bytes(encoding, form))  # type: ignore[attr-defined] # every kind has it


def _shown(name: x509.Name) -> str:
    try:
        return write_slash(dn_of(name))
    except (MailError, ValueError):
        return name.rfc4514_string()
