"""Revocation lists: is this certificate still good in the eyes of its issuer.

Rule: a list counts only when its issuer signed it (SHA-256 or better), it is not stale, and it
speaks for all certificates of that issuer (no delta, partial or indirect list). A list that lists
the certificate is believed even when it is stale. No list that counts is UNKNOWN, never good; what
follows from that is decided in smime.py. Lists are fetched by fetch-crl, never by us.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes

SKEW = timedelta(minutes=10)
_DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class Standing(StrEnum):
    """What a certificate's issuer says of it."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Crl:
    """One list as read. Whether an issuer's key signed it is found out once for each issuer."""

    listed: x509.CertificateRevocationList
    _signed_by: dict[bytes, bool] = field(default_factory=dict, compare=False)

    @property
    def issuer(self) -> x509.Name:
        """Whose list it says to be."""
        return self.listed.issuer

    def fault(self, issuer: x509.Certificate) -> str:
        """Return why this list says nothing of the issuer's certificates, "" when it counts."""
        if not isinstance(self.listed.signature_hash_algorithm, _DIGESTS):
            return "is signed with a weak digest"
        if any(e.critical for e in self.listed.extensions):
            return "is partial, or has a critical extension"
        usage = _key_usage(issuer)
        if usage is not None and not usage.crl_sign:
            return "is of an authority that may not sign lists"
        key = issuer.fingerprint(hashes.SHA256())
        if key not in self._signed_by:
            self._signed_by[key] = self.listed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type] # raises TypeError for kinds of keys that sign no list, which the caller catches
        return "" if self._signed_by[key] else "is not signed by its issuer"

    def stale(self, now: datetime) -> bool:
        """Whether it is not yet, or no longer, the issuer's word."""
        until = self.listed.next_update_utc
        return self.listed.last_update_utc > now + SKEW or until is None or until <= now


def read_crl(data: bytes) -> Crl:
    """Return the list in PEM or DER; raises whatever the library finds, such as ValueError."""
    pem = b"-----BEGIN X509 CRL-----" in data
    listed = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
    _ = listed.issuer, listed.extensions, listed.last_update_utc  # parsed late: raise here
    return Crl(listed)


def standing(
    certificate: x509.Certificate, issuer: x509.Certificate, lists: Iterable[Crl], now: datetime
) -> tuple[Standing, str]:
    """Return what the issuer's lists say of a certificate, and why, for people."""
    found, why = Standing.UNKNOWN, "there is no CRL of its issuer"
    for crl in lists:
        fault = _fault(crl, issuer)
        if fault:
            why = why if found is Standing.GOOD else f"the CRL of its issuer {fault}"
            continue
        if _lists(crl, certificate):
            return Standing.REVOKED, "it is revoked"
        if not crl.stale(now):
            found, why = Standing.GOOD, ""
        elif found is Standing.UNKNOWN:
            why = "the CRL of its issuer is stale"
    return found, why


def _fault(crl: Crl, issuer: x509.Certificate) -> str:
    try:
        return crl.fault(issuer)
    except Exception as error:  # the library raises many kinds; a list that cannot be read is none
        return f"cannot be checked ({type(error).__name__})"


def _lists(crl: Crl, certificate: x509.Certificate) -> bool:
    serial = certificate.serial_number
    return crl.listed.get_revoked_certificate_by_serial_number(serial) is not None


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
