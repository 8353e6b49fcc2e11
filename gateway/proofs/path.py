"""From a signer's certificate up to a root: who is it, and does everybody on the way agree.

Rule: the path is built and its signatures, dates, constraints and unknown critical extensions are
judged by cryptography's verifier; on top come the signer's purposes, the signing policies and the
CRL of every issuer. A proxy certificate is refused. Raises Untrusted when somebody says no,
Unanswered when a CRL that must be asked is missing or stale.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from cryptography.x509.verification import Criticality, ExtensionPolicy

from gateway.proofs.crl import Standing, standing
from gateway.proofs.signing_policy import allowed
from gateway.proofs.trust import Trust, dn_of
from parsers.dn import COMMON_NAME, write_slash

MAX_DEPTH = 6  # certificates between signer and root
RSA_BITS = (2048, 8192)
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
PURPOSES = {
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
}
_PROXY_EXTENSIONS = frozenset({"1.3.6.1.5.5.7.1.14", "1.3.6.1.4.1.3536.1.222"})  # RFC 3820, GT3
_PROXY_NAMES = frozenset({"proxy", "limited proxy"})  # GT2


class Untrusted(Exception):  # noqa: N818 - a verdict, not an error of ours
    """Somebody on the way says no, or the certificate is not for this."""


class Unanswered(Exception):  # noqa: N818 - see Untrusted
    """Nobody says no, and somebody who had to be asked gave no answer."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of certificates.

    `purposes`: words of PURPOSES, one of which the signer's certificate must name; `purposes_of`
    replaces it for the certificates of an issuer, given by its slash form. `crl` "if-present" lets
    a missing or stale list pass; who stands on a list is refused either way.
    """

    purposes: Sequence[str] = ("emailProtection",)
    purposes_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    crl: Literal["require", "if-present"] = "require"


def check_key(certificate: x509.Certificate) -> None:
    """Raise Untrusted for a key that is too short to trust or too long to compute with."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
            raise Untrusted(f"its RSA key has {key.key_size} bits")
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise Untrusted("its key is neither RSA nor on a NIST curve")


def check_path(
    signer: x509.Certificate,
    enclosed: Iterable[x509.Certificate],
    trust: Trust,
    rules: Rules,
    now: datetime,
) -> None:
    """Raise unless the path of a signer holds at `now`. `enclosed` are certificates of its mail.

    Ask `check_key` and `refuse_proxy` first.
    """
    if trust.store is None:
        raise Unanswered("no trust anchor can be read")
    issuer = write_slash(dn_of(signer.issuer))
    wanted = frozenset(PURPOSES[p] for p in rules.purposes_of.get(issuer, rules.purposes))
    verifier = (
        verification.PolicyBuilder()
        .store(trust.store)
        .time(now)
        .max_chain_depth(MAX_DEPTH)
        .extension_policies(ca_policy=_ca_policy(wanted), ee_policy=_signer_policy(wanted))
        .build_client_verifier()
    )
    try:
        chain = verifier.verify(signer, _useful([*trust.intermediates, *enclosed])).chain
    except verification.VerificationError as error:
        raise Untrusted(_reason(str(error))) from error
    _check_names(chain, trust)
    _check_policies(chain, trust)
    _check_lists(chain, trust, rules, now)


def refuse_proxy(certificate: x509.Certificate) -> None:
    """Raise Untrusted for a proxy: it speaks for a person whose key is not at hand."""
    last = certificate.subject.rdns[-1:]
    names = {str(a.value).lower() for r in last for a in r if a.oid.dotted_string == COMMON_NAME}
    oids = {extension.oid.dotted_string for extension in certificate.extensions}
    if names & _PROXY_NAMES or oids & _PROXY_EXTENSIONS:
        raise Untrusted("it is a proxy certificate")


def _useful(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Return those that a path can go through; a root among them is no anchor.

    However many bear one name: the verifier ends after about a hundred signatures (8 ms).
    """
    kept: list[x509.Certificate] = []
    for certificate in dict.fromkeys(certificates):
        try:
            check_key(certificate)
        except Untrusted:
            continue
        kept.append(certificate)
    return kept


def _signer_policy(wanted: frozenset[x509.ObjectIdentifier]) -> ExtensionPolicy:
    def purpose(_p: object, _c: object, found: x509.ExtendedKeyUsage) -> None:
        if not wanted & set(found):
            raise ValueError("it is not for signing mail (extended key usage)")

    def usage(_p: object, _c: object, found: x509.KeyUsage) -> None:
        if not (found.digital_signature or found.content_commitment):
            raise ValueError("it is not for signing (key usage)")

    def basic(_p: object, _c: object, found: x509.BasicConstraints | None) -> None:
        if found is not None and found.ca:
            raise ValueError("it is the certificate of an authority")

    either = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.ExtendedKeyUsage, either, purpose)
        .require_present(x509.KeyUsage, either, usage)
        .require_present(x509.SubjectAlternativeName, either, None)
        .may_be_present(x509.BasicConstraints, either, basic)
    )


def _ca_policy(wanted: frozenset[x509.ObjectIdentifier]) -> ExtensionPolicy:
    def basic(_p: object, _c: object, found: x509.BasicConstraints) -> None:
        if not found.ca:
            raise ValueError("a certificate on the way is no authority's")

    def usage(_p: object, _c: object, found: x509.KeyUsage | None) -> None:
        if found is not None and not found.key_cert_sign:
            raise ValueError("a certificate on the way may not sign others (key usage)")

    def purpose(_p: object, _c: object, found: x509.ExtendedKeyUsage | None) -> None:
        passing = wanted | {ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
        if found is not None and not passing & set(found):
            raise ValueError("a certificate on the way is for other purposes")

    either = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, either, basic)
        .may_be_present(x509.KeyUsage, either, usage)
        .may_be_present(x509.ExtendedKeyUsage, either, purpose)
    )


def _check_names(chain: Sequence[x509.Certificate], trust: Trust) -> None:
    """Refuse an authority that bears the name of one in the trust directory, and has another key.

    People are known by their issuer's name: no authority may certify itself a second time as
    another one's namesake.
    """
    for issuer in chain[1:]:
        named = [c for c in (*trust.roots, *trust.intermediates) if c.subject == issuer.subject]
        if named and not any(c.public_key() == issuer.public_key() for c in named):
            raise Untrusted("an authority on the way bears the name of another one that is trusted")


def _check_policies(chain: Sequence[x509.Certificate], trust: Trust) -> None:
    for child, issuer in pairwise(chain):
        globs = trust.policies.get(dn_of(issuer.subject))
        if globs is not None and not allowed(write_slash(dn_of(child.subject)), globs):
            raise Untrusted("its authority may not sign for this subject (signing policy)")


def _check_lists(
    chain: Sequence[x509.Certificate], trust: Trust, rules: Rules, now: datetime
) -> None:
    unanswered = ""
    for child, issuer in pairwise(chain):
        said, why = standing(child, issuer, trust.crls.get(issuer.subject, ()), now)
        if said is Standing.REVOKED:
            raise Untrusted(why)
        if said is Standing.UNKNOWN:
            unanswered = f"{why} ({issuer.subject.rfc4514_string()[:200]})"
    if unanswered and rules.crl == "require":
        raise Unanswered(unanswered)


def mail_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the e-mail addresses of the subject alternative name, as they stand there."""
    try:
        found = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        ).value
    except x509.ExtensionNotFound:
        return ()
    if not isinstance(found, x509.SubjectAlternativeName):
        return ()
    return tuple(found.get_values_for_type(x509.RFC822Name))


def _reason(said: str) -> str:
    """Return the verifier's sentence without the certificate that it prints."""
    words = said.partition("encountered processing")[0].split()
    return "no path to a trust anchor: " + " ".join(words)
