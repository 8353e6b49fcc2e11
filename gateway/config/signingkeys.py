"""The DKIM keys of the configuration: which key is one that others will believe.

A key that cannot sign is a fault of the configuration, said at start with its line, and not of each
mail later. Nothing here repeats what a key file holds. `cryptography` is loaded only where there is
a key.
"""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator, ValidationInfo

from gateway.config.secrets import Secret, fault, read_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

MIN_RSA_BITS = 2048


class UnusableKey(ValueError):  # noqa: N818 - a sentence for people
    """This is no key to sign with; the text says why."""


def read_rsa(pem: bytes) -> "RSAPrivateKey":
    """Return the RSA key in a PEM file; raises UnusableKey."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    key = _read(pem)
    if not isinstance(key, RSAPrivateKey):
        raise UnusableKey("is not an RSA key")
    if key.key_size < MIN_RSA_BITS:
        raise UnusableKey(f"is too short: {key.key_size} bits, and {MIN_RSA_BITS} are needed")
    return key


def read_ed25519(pem: bytes) -> "Ed25519PrivateKey":
    """Return the Ed25519 key in a PEM file; raises UnusableKey."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _read(pem)
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey("is not an Ed25519 key")
    return key


def new_ed25519() -> bytes:
    """Return a new Ed25519 key in PEM form."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(pem: bytes) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        raise UnusableKey("is locked with a password, which nobody can type at start") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey("is not a private key in PEM form") from None


def _checked_rsa(reference: Any, info: ValidationInfo) -> Secret:
    secret = read_secret(reference, info)
    try:
        read_rsa(secret.reveal())
    except UnusableKey as error:
        raise fault(f"the key {error}") from None
    return secret


def _checked_ed25519(reference: Any, info: ValidationInfo) -> Secret:
    secret = read_secret(reference, info)
    try:
        read_ed25519(secret.reveal())
    except UnusableKey as error:
        raise fault(f"the key {error}") from None
    return secret


RsaKeyReference = Annotated[Secret, PlainValidator(_checked_rsa)]
Ed25519KeyReference = Annotated[Secret, PlainValidator(_checked_ed25519)]
