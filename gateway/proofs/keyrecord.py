"""A DKIM key as it is published (RFC 6376 section 3.6.1, RFC 8463), judged before it is used.

Rule: the library ignores what the owner says of a key (testing, other services, other hashes) and
takes a key of any size; here a key counts only if its owner meant it for this and if it is strong
enough to mean anything.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import dkim.crypto

from gateway.proofs.signature import Signature, Unsound
from gateway.proofs.tags import NotTags, read_tags, without_blanks, words
from parsers.evidence import ProofStatus

ED25519_BYTES = 32
MAX_RSA_BITS = 8_192  # a giant costs minutes of arithmetic
MAX_EXPONENT = 2**32


@dataclass(frozen=True, slots=True)
class KeyRules:
    """How strong a key must be. `weak_domains` may sign with 1024 bits all the same."""

    min_rsa_bits: int = 2_048
    weak_domains: frozenset[str] = frozenset()

    def least_bits(self, domain: str) -> int:
        """Return the bits that an RSA key of this domain needs."""
        return 1_024 if domain in self.weak_domains else self.min_rsa_bits


@dataclass(frozen=True, slots=True)
class Key:
    """A usable key: its size, and a record of nothing but the key for the library."""

    bits: int
    record: bytes


def read_key(records: Sequence[bytes], signature: Signature, rules: KeyRules) -> Key:
    """Return the key for a signature among the TXT records of its name; raises Unsound."""
    user_domain = signature.user_domain
    return usable_key(records, signature.domain, signature.algorithm, rules, user_domain)


def usable_key(
    records: Sequence[bytes], domain: str, algorithm: str, rules: KeyRules, user_domain: str
) -> Key:
    """Return the key that a domain publishes for an algorithm; raises Unsound with why not.

    `user_domain` is the domain of i=, or the domain itself.
    """
    if len(records) != 1:
        why = "several records where the key should be" if records else "no key is published"
        raise Unsound(ProofStatus.PERMERROR, why, domain)
    try:
        tags = read_tags(records[0])
    except NotTags as error:
        why = f"the published key cannot be read: {error}"
        raise Unsound(ProofStatus.PERMERROR, why, domain) from None
    kind = tags.get("k", "rsa")
    public = without_blanks(tags.get("p", ""))
    for status, wrong, why in (
        (ProofStatus.PERMERROR, tags.get("v", "DKIM1") != "DKIM1", "the record is not a DKIM key"),
        (ProofStatus.PERMERROR, "p" not in tags, "the record holds no key"),
        (ProofStatus.FAIL, not public, "the key is revoked"),
        (ProofStatus.PERMERROR, kind != algorithm.partition("-")[0],
         "the key is of another kind"),
        (ProofStatus.FAIL, "sha256" not in words(tags.get("h", "sha256")),
         "the key is not for SHA-256 (h=)"),
        (ProofStatus.FAIL, not {"*", "email"} & set(words(tags.get("s", "*"))),
         "the key is not for mail (s=)"),
        (ProofStatus.FAIL, "y" in words(tags.get("t", "")), "the key is only being tested (t=y)"),
        (ProofStatus.FAIL,
         "s" in words(tags.get("t", "")) and user_domain != domain,
         "the key is not for sub-domains (t=s)"),
    ):  # fmt: skip
        if wrong:
            raise Unsound(status, why, domain)
    bits = _READERS[kind](public, domain)
    least = rules.least_bits(domain)
    if kind == "rsa" and bits < least:
        why = f"the key is too weak: {bits} bits of {least}"
        raise Unsound(ProofStatus.FAIL, why, domain)
    return Key(bits, f"v=DKIM1; k={kind}; p={public}".encode("ascii"))


def rsa_bits(public: str, domain: str) -> int:
    """Return the size of the RSA key behind a p=; raises Unsound for what is no sane key."""
    try:
        key = dkim.crypto.parse_public_key(base64.b64decode(public, validate=True))
        modulus, exponent = int(key["modulus"]), int(key["publicExponent"])
    except Exception as error:  # the library's reader of DER fails in many ways
        raise Unsound(ProofStatus.PERMERROR, "the key is not an RSA key", domain) from error
    bits = modulus.bit_length()
    if bits > MAX_RSA_BITS or not 3 <= exponent < MAX_EXPONENT or not modulus & exponent & 1:
        raise Unsound(ProofStatus.PERMERROR, "the key is not a sane RSA key", domain)
    return bits


def _ed25519_bits(public: str, domain: str) -> int:
    try:
        size = len(base64.b64decode(public, validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size != ED25519_BYTES:
        raise Unsound(ProofStatus.PERMERROR, "the key is not an Ed25519 key", domain)
    return size * 8


_READERS = {"rsa": rsa_bits, "ed25519": _ed25519_bits}
