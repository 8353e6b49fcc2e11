"""A detached CMS signature: what its one signer says, and whether text and key fit (RFC 5652).

Rule: one signer, a detached signature, signed attributes each once, SHA-256 or better, RSA (PKCS #1
v1.5, PSS) or ECDSA. Whatever is of another form raises Malformed, whatever the bytes. Nothing is
trusted here: whose key it was is decided in smime.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import new as digest_of
from typing import Any

from asn1crypto import cms
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from parsers.errors import Malformed

MAX_CERTIFICATES = 10
HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_ATTRIBUTES = ("content_type", "message_digest", "signing_time")
_MAX_SALT_BYTES = 512


@dataclass(frozen=True, slots=True)
class Signature:
    """What one SignerInfo says. `certificates` are DER, at most ten, `signer` is one of them."""

    signer: bytes
    certificates: tuple[bytes, ...]
    digest: str
    scheme: str
    salt_bytes: int
    value: bytes
    message_digest: bytes
    signed_bytes: bytes
    signed_at: datetime


def read_signature(der: bytes) -> Signature:
    """Return the one signature of a detached SignedData; raises Malformed, whatever the bytes."""
    try:
        return _read(der)
    except Malformed:
        raise
    except Exception as error:  # asn1crypto raises many kinds on hostile bytes
        raise Malformed(f"the signature cannot be read ({type(error).__name__})") from error


def holds(signature: Signature, content: bytes) -> bool:
    """Whether the content is the one that was signed; says nothing about who signed it."""
    return digest_of(signature.digest, content).digest() == signature.message_digest


def made_by(signature: Signature, key: object) -> bool:
    """Whether this public key made the signature; False for a kind of key that does not fit."""
    digest = HASHES[signature.digest]()
    try:
        if isinstance(key, rsa.RSAPublicKey) and signature.scheme in {"pkcs1v15", "pss"}:
            pad: Any = padding.PKCS1v15()
            if signature.scheme == "pss":
                pad = padding.PSS(padding.MGF1(digest), signature.salt_bytes)
            key.verify(signature.value, signature.signed_bytes, pad, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and signature.scheme == "ecdsa":
            key.verify(signature.value, signature.signed_bytes, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def replay_key(signature: Signature, key: object) -> str:
    """Return what names this signature; the same for each form in which anybody could write it.

    An ECDSA signature (r, s) holds as (r, n - s) too: the smaller s stands for both.
    """
    value = signature.value
    if isinstance(key, ec.EllipticCurvePublicKey):
        r, s = decode_dss_signature(value)
        value = f"{r:x} {min(s, key.curve.group_order - s):x}".encode()
    return "smime:" + digest_of("sha256", value).hexdigest()


def _read(der: bytes) -> Signature:
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise Malformed("the signature is not a CMS SignedData")
    signed = info["content"]
    inside = signed["encap_content_info"]
    if inside["content_type"].native != "data" or inside["content"].native is not None:
        raise Malformed("the signature is not detached")
    if len(signed["signer_infos"]) != 1:
        raise Malformed("not exactly one signer")
    signer = signed["signer_infos"][0]
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in HASHES:
        raise Malformed(f"the digest {str(digest)[:20]} is not taken: sha256, sha384 or sha512")
    if not len(signer["signed_attrs"]):
        raise Malformed("no signed attributes")
    said = _attributes(signer["signed_attrs"])
    if said["content_type"] != "data":
        raise Malformed("the signed content type is not data")
    scheme, salt_bytes = _scheme(signer["signature_algorithm"], digest)
    if said["signing_time"].tzinfo is None:
        raise Malformed("the signing time has no zone")
    certificates = _certificates(signed["certificates"])
    return Signature(
        signer=_signer(certificates, signer["sid"]),
        certificates=tuple(c.dump() for c in certificates),
        digest=digest,
        scheme=scheme,
        salt_bytes=salt_bytes,
        value=signer["signature"].native,
        message_digest=said["message_digest"],
        # RFC 5652 section 5.4: signed as an explicit SET OF, whatever tag they travel under
        signed_bytes=signer["signed_attrs"].untag().dump(force=True),
        signed_at=said["signing_time"].astimezone(UTC),
    )


def _attributes(attributes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for attribute in attributes:
        kind = attribute["type"].native
        if kind in said:
            raise Malformed(f"the signed attribute {kind[:40]} stands twice")
        if kind not in _ATTRIBUTES:
            said[kind] = None
            continue
        if len(attribute["values"]) != 1:
            raise Malformed(f"the signed attribute {kind} has not one value")
        said[kind] = attribute["values"][0].native
    for kind in _ATTRIBUTES:
        if said.get(kind) is None:
            raise Malformed(f"the signed attribute {kind} is missing")
    return said


def _scheme(algorithm: Any, digest: str) -> tuple[str, int]:
    """Return the scheme and the length of its salt; its hash must be that of the digest."""
    name = algorithm["algorithm"].native
    if name == "rsassa_pss":
        parameters = algorithm["parameters"]
        generator = parameters["mask_gen_algorithm"]
        hashes_said = {
            parameters["hash_algorithm"]["algorithm"].native,
            generator["parameters"]["algorithm"].native,
        }
        salt_bytes = parameters["salt_length"].native
        usual = generator["algorithm"].native == "mgf1" and parameters["trailer_field"].native in {
            1,
            "trailer_field_bc",
        }
        if hashes_said != {digest} or not usual or not 0 <= salt_bytes <= _MAX_SALT_BYTES:
            raise Malformed("the parameters of RSASSA-PSS are not those of its digest")
        return "pss", salt_bytes
    if name in {"rsassa_pkcs1v15", f"{digest}_rsa"}:
        return "pkcs1v15", 0
    if name == f"{digest}_ecdsa":
        return "ecdsa", 0
    raise Malformed(f"the signature algorithm {str(name)[:40]} with {digest} is not taken")


def _certificates(choices: Any) -> list[Any]:
    if len(choices) > MAX_CERTIFICATES:
        raise Malformed(f"more than {MAX_CERTIFICATES} certificates")
    return [choice.chosen for choice in choices if choice.name == "certificate"]


def _signer(certificates: list[Any], sid: Any) -> bytes:
    """Return the one certificate that the signer is named by."""
    if sid.name == "issuer_and_serial_number":
        issuer, serial = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
        found = {
            c.dump()
            for c in certificates
            if c.serial_number == serial and c.issuer.dump() == issuer
        }
    else:
        wanted = sid.chosen.native
        found = {c.dump() for c in certificates if c.key_identifier == wanted}
    if len(found) != 1:
        raise Malformed("the signer's certificate is not enclosed")
    return bytes(found.pop())
