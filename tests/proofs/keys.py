"""Keys for tests, made once for a run, and signatures of any shape, sound or not."""

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from dkim.canonicalization import CanonicalizationPolicy


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> bytes:
    """Return the PEM of an RSA key; another `number` is another key."""
    del number
    if bits < 1024:
        return SMALL
    key = rsa.generate_private_key(65537, bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@cache
def ed25519_pem() -> bytes:
    """Return the PEM of an Ed25519 key."""
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def ed25519_seed() -> bytes:
    """Return that key as the library wants it: base64 of its 32 bytes."""
    key = load_pem_private_key(ed25519_pem(), None)
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return base64.b64encode(key.private_bytes_raw())


def rsa_record(modulus: int, exponent: int = 65537) -> str:
    """Return what stands behind p= for these numbers, whoever has their secret."""
    numbers = b"".join(_der(0x02, _bytes(number)) for number in (modulus, exponent))
    return base64.b64encode(_der(0x30, numbers)).decode()


def _bytes(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _der(tag: int, data: bytes) -> bytes:
    size = len(data)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + data


def public_rsa(pem: bytes) -> str:
    """Return what stands behind p= for an RSA key."""
    numbers = dkim.crypto.parse_pem_private_key(pem)
    return rsa_record(numbers["modulus"], numbers["publicExponent"])


def public_ed25519(seed: bytes) -> str:
    """Return what stands behind p= for an Ed25519 key."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signature(
    raw: bytes,
    *,
    d: str = "vo.example",
    s: str = "s1",
    h: Sequence[str] = ("from", "to", "subject", "date", "message-id"),
    a: str = "rsa-sha256",
    c: str = "relaxed/relaxed",
    key: bytes | None = None,
    field: str = "DKIM-Signature",
    **tags: str | None,
) -> bytes:
    """Return the signature field for a mail, CRLF at its end; `tags` are added or, None, left out.

    Whatever the standard forbids can be had: the arithmetic is right all the same.
    """
    signer = dkim.DKIM(raw)
    signer.signature_algorithm = a.encode()
    signer.hasher = dkim.HASH_ALGORITHMS[a.encode()]
    policy = CanonicalizationPolicy.from_c_value(c.encode())
    body = policy.canonicalize_body(signer.body)
    if tags.get("l"):
        body = body[: int(str(tags["l"]))]
    digest = base64.b64encode(signer.hasher(body).digest())
    wanted: dict[str, Any] = {"v": "1", "a": a, "c": c, "d": d, "s": s, "h": " : ".join(h)}
    wanted |= tags
    fields = [(k.encode(), str(v).encode()) for k, v in wanted.items() if v is not None]
    fields += [(b"bh", digest), (b"b", b"0" * 60)]
    private: Any
    if a.startswith("ed25519"):
        import nacl.encoding
        import nacl.signing

        private = nacl.signing.SigningKey(
            key or ed25519_seed(), encoder=nacl.encoding.Base64Encoder
        )
    else:
        private = dkim.crypto.parse_pem_private_key(key or rsa_key())
    value = signer.gen_header(
        fields, [name.lower().encode() for name in h], policy, field.encode(), private
    )
    return field.encode() + b": " + value


def signed(raw: bytes, **about: Any) -> bytes:
    """Return a mail with a signature on top; see `signature`."""
    return signature(raw, **about) + raw


# openssl genrsa -traditional 512: libraries of today make none this small
SMALL = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBALb+tSDxEpB4ldfrhy9bEpeIqTGLOKLLHUc1bNJ+vV+VEWp7xfxv
WJVPzzRlS2fNeCjwJJAPLFMVlbGkav0Z+r0CAwEAAQJBAJWuRa3KQmsVl0tkBdGA
Zva3+9zgidTu2uXyFy8eJ/xTai1udP4a5tBvl7BtAqVlEpEDExMueG2AV1R11ACP
WekCIQDbMD3dHoLowamAgd8MnaEVBcAXguzePktkLzl8Z5dwMwIhANW6XiSPG5sM
iNKFw6d398Kv2+oQa/mcXXCXUda+ETlPAiEAxps8wvodlje8lcOXzv+ZcMoIF4W7
iVkayQl9ZjsbXj8CID7R85/tTGDrcz/lv1d3BKT9ybbnssUAd9qDL7Pd0/QzAiAV
Q4hf5IzQ+LL8dz2/AESMD1cNwCPAY3xq0rc1N4bHSQ==
-----END RSA PRIVATE KEY-----
"""
