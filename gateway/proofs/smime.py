"""S/MIME: does a certificate that we trust stand behind the text of this mail (RFC 8551, 5652).

Rule: never raises, and passes only when everything holds: form, digest, signature, path, purposes,
signing policies and CRLs. Form that we do not take (opaque, several signers, SHA-1, a list's
wrapping, proxies, a subject without a slash form) is `permerror`; what is not true (changed text,
wrong key, no path, revoked, wrong purpose) is `fail`. A CRL that is missing or stale under
`crl = "require"`, and trust anchors that cannot be read, are `temperror`: fail closed, asked again
(evidence E). A mail without S/MIME has no proof at all.

The header is not covered: neither Subject nor From nor Date. `aligned` says that From is one of the
certificate's addresses; what a mail asks for must be read from its text and from `signed_at`.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509

from gateway.config.sections import Proof as ProofSection
from gateway.proofs.anchors import Anchors
from gateway.proofs.cms import Signature, holds, made_by, read_signature, replay_key
from gateway.proofs.path import (
    Rules,
    Unanswered,
    Untrusted,
    check_key,
    check_path,
    mail_addresses,
    refuse_proxy,
)
from gateway.proofs.signed_mail import SignedMail, split_signed
from gateway.proofs.trust import Trust, dn_of
from parsers.addresses import strict_mailbox
from parsers.dn import write_slash
from parsers.errors import MailError
from parsers.evidence import Proof, ProofKind, ProofStatus

_log = structlog.get_logger(__name__)


class SmimeVerifier:
    """Verifies mails against the trust anchors of one path; None trusts nobody.

    `quiet` writes no log, for commands.
    """

    def __init__(
        self, anchors: Path | None, rules: Rules | None = None, *, quiet: bool = False
    ) -> None:
        self._anchors = Anchors(anchors, quiet=quiet) if anchors else None
        self._rules = rules or Rules()
        self._quiet = quiet

    def trust(self, now: datetime) -> Trust:
        """Return what is trusted now; its `faults` are for the operator."""
        return self._anchors.trust(now) if self._anchors else Trust()

    async def verify(self, raw: bytes, sender: str | None, now: datetime) -> tuple[Proof, ...]:
        """Return the proof of a mail signed with S/MIME, nothing for another; in a thread.

        `sender` is From's address when it is one plain mailbox, else None.
        """
        return await asyncio.to_thread(self.verify_here, raw, sender, now)

    def verify_here(self, raw: bytes, sender: str | None, now: datetime) -> tuple[Proof, ...]:
        """Do the same in this thread."""
        try:
            mail = split_signed(raw)
            if mail is None:
                return ()
            if self._anchors is None:
                told = "signed, but no trust anchors are configured"
                return (_proof("", ProofStatus.NONE, told),)
            proof = _judged(mail, sender, self._anchors.trust(now), self._rules, now)
            if proof.status is ProofStatus.TEMPERROR and not self._quiet:
                _log.error("S/MIME unanswered", identity=proof.identity, why=proof.detail)
        except MailError as error:
            proof = _proof("", ProofStatus.PERMERROR, error.detail)
        except Exception as error:  # hostile bytes find ways that no list of exceptions names
            if not self._quiet:
                _log.warning("S/MIME not readable", fault=repr(error)[:200])
            proof = _proof("", ProofStatus.PERMERROR, f"cannot be read ({type(error).__name__})")
        return (proof,)


def smime_verifier(proof: ProofSection, *, quiet: bool = False) -> SmimeVerifier:
    """Return the verifier that `[proof]` describes."""
    rules = Rules(purposes=proof.eku, purposes_of=proof.eku_of, crl=proof.crl)
    return SmimeVerifier(proof.anchors, rules, quiet=quiet)


def _judged(
    mail: SignedMail, sender: str | None, trust: Trust, rules: Rules, now: datetime
) -> Proof:
    signature = read_signature(mail.signature)
    certificate = x509.load_der_x509_certificate(signature.signer)
    identity = write_slash(dn_of(certificate.subject))
    issuer = write_slash(dn_of(certificate.issuer))
    try:
        addresses = _vouched(mail, signature, certificate)
        check_path(certificate, _enclosed(signature), trust, rules, now)
    except Untrusted as error:
        return _proof(identity, ProofStatus.FAIL, str(error))
    except Unanswered as error:
        return _proof(identity, ProofStatus.TEMPERROR, str(error))
    return Proof(
        ProofKind.SMIME,
        identity,
        ProofStatus.PASS,
        f"serial {certificate.serial_number:x}, {signature.scheme} {signature.digest}, "
        f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}",
        aligned=sender is not None and any(_same_address(sender, a) for a in addresses),
        signed_at=signature.signed_at,
        covers=frozenset({"body"}) if mail.covers_text else frozenset(),
        addresses=addresses,
        issuer=issuer,
        replay_key=replay_key(signature, certificate.public_key()),
    )


def _vouched(
    mail: SignedMail, signature: Signature, certificate: x509.Certificate
) -> tuple[str, ...]:
    """Return the addresses of the certificate whose key signed this text; raises Untrusted."""
    check_key(certificate)
    refuse_proxy(certificate)
    if not holds(signature, mail.content):
        raise Untrusted("the text was changed: its digest is not the one that was signed")
    if not made_by(signature, certificate.public_key()):
        raise Untrusted("the signature was not made by the certificate's key")
    addresses = tuple(a for a in mail_addresses(certificate) if _is_plain(a))
    if not addresses:
        raise Untrusted("the certificate names no e-mail address")
    return addresses


def _enclosed(signature: Signature) -> list[x509.Certificate]:
    """Return the other certificates of the mail; one that cannot be read helps no path."""
    found: list[x509.Certificate] = []
    for der in signature.certificates:
        try:
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.extensions, certificate.subject, certificate.public_key()
        except Exception:  # noqa: S112 - see above; the signer's own is read elsewhere
            continue
        found.append(certificate)
    return found


def _is_plain(address: str) -> bool:
    box = strict_mailbox(address.encode("utf-8", "replace"), str)
    return box is not None and box.address == address


def _same_address(one: str, other: str) -> bool:
    """Compare as RFC 8550 section 3 has it: the local part exactly, the domain without case."""
    local, _, domain = one.rpartition("@")
    other_local, _, other_domain = other.rpartition("@")
    return local == other_local and domain.lower() == other_domain.lower()


def _proof(identity: str, status: ProofStatus, detail: str) -> Proof:
    return Proof(ProofKind.SMIME, identity, status, detail)
