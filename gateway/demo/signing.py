"""The samples that are signed: alarms by Ada and by a forger, answers by Nora, a supporter.

The forger writes the same words and signs as Ada would, with keys of his own: the name server and
the authority know nothing of them. The clock is the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.demo.people import People, new_people, read_people
from gateway.demo.words import DOMAIN, SELECTOR
from gateway.outbound.signing import Signer, rsa_key
from gateway.outbound.smime import SmimeSigner

Signs = Callable[[People, bytes, datetime], bytes]


@dataclass(frozen=True, slots=True)
class Way:
    """How a sample is signed, and whether by the forger. `asks_dns`: the proof stands in DNS."""

    sign: Signs
    forged: bool
    asks_dns: bool


def by_dkim(people: People, raw: bytes, now: datetime) -> bytes:
    """Return the mail with a DKIM signature of Ada's domain on top."""
    return Signer(DOMAIN, [rsa_key(SELECTOR, people.dkim)]).signed(raw, now)


def by_smime(people: People, raw: bytes, now: datetime) -> bytes:
    """Return the mail signed with Ada's certificate."""
    return _certified(people.ada, people.ada_key, raw, now)


def by_supporter(people: People, raw: bytes, now: datetime) -> bytes:
    """Return the mail signed with Nora's certificate."""
    return _certified(people.nora, people.nora_key, raw, now)


WAYS = {
    "alarm-dkim": Way(by_dkim, forged=False, asks_dns=True),
    "alarm-smime": Way(by_smime, forged=False, asks_dns=False),
    "alarm-forged-dkim": Way(by_dkim, forged=True, asks_dns=True),
    "alarm-forged-smime": Way(by_smime, forged=True, asks_dns=False),
}
SUPPORTED = Way(by_supporter, forged=False, asks_dns=False)


def sign(way: Way, raw: bytes, directory: Path, now: datetime) -> bytes:
    """Return the mail signed that way; `directory` holds the people's keys. Raises OSError."""
    people = new_people(now) if way.forged else read_people(directory)
    return way.sign(people, raw, now)


def _certified(certificate: bytes, secret: bytes, raw: bytes, now: datetime) -> bytes:
    key = load_pem_private_key(secret, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the person's key is no EC key")
    return SmimeSigner(x509.load_pem_x509_certificate(certificate), key).sign(raw, now)
