"""DKIM signatures under all our own mail (RFC 6376, RFC 8463): the last step before hand-over.

Rule: what is signed cannot be added to either: each field that matters is listed once more than it
is there. No length, a week of life. The time is the mail's own date and both kinds of signature
have no chance in them, so that a mail that is tried again gets the same bytes again.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import dkim
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dkim.canonicalization import CanonicalizationPolicy

from gateway.config.signingkeys import read_ed25519, read_rsa

if TYPE_CHECKING:  # `init` makes keys, and has no configuration yet
    from gateway.config.root import Config

LIFE = timedelta(days=7)
FIELDS = (
    "from", "to", "subject", "date", "message-id", "reply-to", "cc", "mime-version",
    "content-type", "content-transfer-encoding", "in-reply-to", "references", "auto-submitted",
)  # fmt: skip
_CANONICAL = b"relaxed/relaxed"
_HASHED = Prehashed(SHA256())
_STRING_CHARS = 250  # of one string in a TXT record; 255 is the standard's limit


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with a selector. `sign` signs a SHA-256 digest; `public` stands behind p= in DNS."""

    selector: str
    kind: str
    public: str
    sign: Callable[[bytes], bytes]

    @property
    def record(self) -> str:
        """Return the TXT record that publishes it."""
        return f"v=DKIM1; k={self.kind}; h=sha256; s=email; p={self.public}"


def rsa_key(selector: str, pem: bytes) -> SigningKey:
    """Return the RSA key of a PEM file; raises UnusableKey."""
    private = read_rsa(pem)
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(
        selector,
        "rsa",
        base64.b64encode(der).decode("ascii"),
        lambda digest: private.sign(digest, PKCS1v15(), _HASHED),
    )


def ed25519_key(selector: str, pem: bytes) -> SigningKey:
    """Return the Ed25519 key of a PEM file; raises UnusableKey."""
    private = read_ed25519(pem)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(selector, "ed25519", base64.b64encode(public).decode("ascii"), private.sign)


class Signer:
    """Signs mails for a domain, once with each key."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        self._domain = domain
        self._keys = tuple(keys)

    def signed(self, mail: bytes, at: datetime) -> bytes:
        """Return the mail with its signatures on top; the same for the same mail and time.

        `mail` has CRLF and only ASCII, so that no relay has a reason to change it; raises
        ValueError for another one.
        """
        if not mail.isascii():
            raise ValueError("a mail with bytes outside ASCII would be changed on its way")
        return b"".join(self._field(mail, key, at) for key in self._keys) + mail

    def _field(self, mail: bytes, key: SigningKey, at: datetime) -> bytes:
        library = dkim.DKIM(mail)
        library.hasher = dkim.HASH_ALGORITHMS[b"rsa-sha256"]
        policy = CanonicalizationPolicy.from_c_value(_CANONICAL)
        body_hash = library.hasher(policy.canonicalize_body(library.body)).digest()
        present = [name.lower().decode("ascii") for name, _ in library.headers]
        listed = [name for name in FIELDS for _ in range(present.count(name) + 1)]
        fields = [
            (b"v", b"1"),
            (b"a", f"{key.kind}-sha256".encode("ascii")),
            (b"c", _CANONICAL),
            (b"d", self._domain.encode("ascii")),
            (b"s", key.selector.encode("ascii")),
            (b"t", str(int(at.timestamp())).encode("ascii")),
            (b"x", str(int((at + LIFE).timestamp())).encode("ascii")),
            (b"h", " : ".join(listed).encode("ascii")),
            (b"bh", base64.b64encode(body_hash)),
            (b"b", b"0" * 60),  # the library folds this onto a line of its own
        ]
        # The library signs RSA in Python, at 13 ms a mail. What it calls for an Ed25519 signature
        # is any object that signs a digest, and so it is for both kinds.
        library.signature_algorithm = b"ed25519-sha256"
        private = SimpleNamespace(sign=lambda digest: SimpleNamespace(signature=key.sign(digest)))
        names = [name.encode("ascii") for name in listed]
        value: bytes = library.gen_header(fields, names, policy, b"DKIM-Signature", private)
        return b"DKIM-Signature: " + value


def signing_domain(config: "Config") -> str:
    """Return the domain that signs our mail."""
    return config.keys.dkim_domain or config.helpdesk.domain


def keys_in_use(config: "Config") -> tuple[SigningKey, ...]:
    """Return the keys that sign our mail, () for none."""
    keys, found = config.keys, []
    if keys.dkim_key is not None:
        found.append(rsa_key(keys.dkim_selector, keys.dkim_key.reveal()))
    if keys.dkim_ed25519_key is not None:
        found.append(ed25519_key(keys.dkim_ed25519_selector, keys.dkim_ed25519_key.reveal()))
    return tuple(found)


def keys_to_publish(config: "Config") -> tuple[SigningKey, ...]:
    """Return the keys whose records belong in DNS: those in use, and the other one."""
    keys = config.keys
    if keys.dkim_other_key is None:
        return keys_in_use(config)
    other = rsa_key(keys.dkim_other_selector, keys.dkim_other_key.reveal())
    return (*keys_in_use(config), other)


def signer_of(config: "Config") -> Signer | None:
    """Return who signs our mail; None without a key."""
    keys = keys_in_use(config)
    return Signer(signing_domain(config), keys) if keys else None


def zone_line(name: str, text: str) -> str:
    """Return a TXT record for a zone file; a long one goes over several lines in parentheses."""
    pieces = [text[i : i + _STRING_CHARS] for i in range(0, len(text), _STRING_CHARS)]
    if len(pieces) == 1:
        return f'{name}. IN TXT "{text}"'
    strings = "\n".join(f'    "{piece}"' for piece in pieces)
    return f"{name}. IN TXT (\n{strings} )"
