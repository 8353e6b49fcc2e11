"""The alarms among the samples that are signed: by Ada, and by a forger who writes the same words.

Each is the sample `alarm` with a signature. The forger signs as Ada would, with keys of his own:
the name server and the authority know nothing of them. The clock is the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.demo.alarmer import Alarmer, new_alarmer, read_alarmer
from gateway.demo.words import DOMAIN, SELECTOR
from gateway.outbound.signing import Signer, rsa_key
from gateway.outbound.smime import SmimeSigner

Signs = Callable[[Alarmer, bytes, datetime], bytes]


@dataclass(frozen=True, slots=True)
class Way:
    """How a sample is signed, and whether by the forger. `asks_dns`: the proof stands in DNS."""

    sign: Signs
    forged: bool
    asks_dns: bool


def by_dkim(alarmer: Alarmer, raw: bytes, now: datetime) -> bytes:
    """Return the mail with a DKIM signature of Ada's domain on top."""
    return Signer(DOMAIN, [rsa_key(SELECTOR, alarmer.dkim)]).signed(raw, now)


def by_smime(alarmer: Alarmer, raw: bytes, now: datetime) -> bytes:
    """Return the mail signed with Ada's certificate."""
    certificate = x509.load_pem_x509_certificate(alarmer.certificate)
    key = load_pem_private_key(alarmer.key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the alarmer's key is no EC key")
    return SmimeSigner(certificate, key).sign(raw, now)


WAYS = {
    "alarm-dkim": Way(by_dkim, forged=False, asks_dns=True),
    "alarm-smime": Way(by_smime, forged=False, asks_dns=False),
    "alarm-forged-dkim": Way(by_dkim, forged=True, asks_dns=True),
    "alarm-forged-smime": Way(by_smime, forged=True, asks_dns=False),
}


def sign(way: Way, raw: bytes, directory: Path, now: datetime) -> bytes:
    """Return the mail signed that way; `directory` holds Ada's keys. Raises OSError."""
    alarmer = new_alarmer(now) if way.forged else read_alarmer(directory)
    return way.sign(alarmer, raw, now)
