"""Signing our own mail with S/MIME (RFC 8551): a finished mail in, the same mail signed out.

Rule: the header stays as it is; what describes the body (Content-*) goes into the signed part with
it. The signed part is the bytes as they were, 7-bit with CRLF, so no relay has a reason to touch
them. The certificates on the way go along, the root never: who does not have it does not trust it.
It signs or raises; what an alarm does without a signature is said by `[alarm] on_sign_failure`.
"""

import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from parsers.errors import Deferred, Malformed

MAX_FILE_BYTES = 256 * 1024
MAX_LINE_BYTES = 998
UNSIGNED_FIELD = b"X-Ticketgate-Unsigned"
_BASE64_BYTES = 57
_FIELD = re.compile(rb"[!-9;-~]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")
_OPTIONS = [
    PKCS7Options.DetachedSignature,
    PKCS7Options.Binary,  # the bytes as they are: the library changes no line end
    PKCS7Options.NoCapabilities,
]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class SmimeSigner:
    """A certificate, its key, and the certificates between it and its root."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    def sign(self, mail: bytes, now: datetime) -> bytes:
        """Return the mail as multipart/signed.

        Raises Malformed for a mail that is not 7-bit lines with CRLF, Deferred when the
        certificate is not valid at `now` or its key does not sign.
        """
        fields, entity = _apart(mail)
        if not self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc:
            raise Deferred("the signing certificate is not valid now")
        try:
            der = self._signature(entity)
        except (ValueError, TypeError) as error:
            raise Deferred("the signing key does not sign", str(error)) from error
        return _around(fields, entity, der)

    def _signature(self, entity: bytes) -> bytes:
        builder = PKCS7SignatureBuilder().set_data(entity)
        builder = builder.add_signer(self.certificate, self.key, hashes.SHA256())
        for certificate in self.chain:
            builder = builder.add_certificate(certificate)
        return builder.sign(Encoding.DER, _OPTIONS)


def sign_or_mark(
    signer: SmimeSigner, mail: bytes, now: datetime, on_failure: Literal["send", "hold"]
) -> tuple[bytes, str]:
    """Return the mail to be sent, and why it is unsigned ("" when it is signed).

    An unsigned one is marked in its header: a lost page is worse than an unsigned one. With "hold"
    what kept it from being signed is raised instead, as Deferred.
    """
    try:
        return signer.sign(mail, now), ""
    except (Deferred, Malformed) as error:
        if on_failure == "hold":
            raise Deferred("an alarm could not be signed", error.detail) from error
        return UNSIGNED_FIELD + b": signing failed\r\n" + mail, error.detail


def load_signer(certificates: Path, key: bytes) -> SmimeSigner:
    """Return the signer of a PEM file, its certificate first, and a PEM key.

    Only the certificates on the way up are kept, without the root. Raises Malformed with a sentence
    that names the file and never the key.
    """
    try:
        with certificates.open("rb") as file:
            found = x509.load_pem_x509_certificates(file.read(MAX_FILE_BYTES))
    except OSError as error:
        raise Malformed(f"{certificates} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise Malformed(f"{certificates} holds no certificate in PEM form") from None
    return SmimeSigner(found[0], _key(key), _chain(found[0], found[1:]))


def _key(pem: bytes) -> Key:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise Malformed("smime_key is encrypted: store it without a passphrase") from None
    except Exception:  # several kinds, and none of them may show what it read
        raise Malformed("smime_key is no private key in PEM form") from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise Malformed("smime_key is neither an RSA nor an EC key")
    return key


def _chain(
    certificate: x509.Certificate, others: list[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    chain: list[x509.Certificate] = []
    below = certificate
    while len(chain) < len(others):
        above = next((c for c in others if c.subject == below.issuer and c not in chain), None)
        if above is None or above.subject == above.issuer:
            break
        chain.append(above)
        below = above
    return tuple(chain)


def _apart(mail: bytes) -> tuple[bytes, bytes]:
    """Return the fields that stay outside, and the entity that is signed."""
    head, blank, body = mail.partition(b"\r\n\r\n")
    head += b"\r\n"
    fields = _FIELD.findall(head)
    if not blank or b"".join(fields) != head:
        raise Malformed("a mail to be signed has no sound header")
    lines = mail.split(b"\r\n")
    if not mail.isascii() or any(
        b"\r" in line or b"\n" in line or b"\0" in line or len(line) > MAX_LINE_BYTES
        for line in lines
    ):
        raise Malformed("a mail to be signed is not 7-bit lines with CRLF")
    inside = [field for field in fields if field.lower().startswith(b"content-")]
    outside = [field for field in fields if field not in inside]
    if not any(field.lower().startswith(b"mime-version:") for field in outside):
        outside.append(b"MIME-Version: 1.0\r\n")
    entity = b"".join(inside or [b"Content-Type: text/plain; charset=us-ascii\r\n"])
    return b"".join(outside), entity + b"\r\n" + body


def _around(fields: bytes, entity: bytes, der: bytes) -> bytes:
    boundary = b"=_s" + sha256(entity).hexdigest()[:32].encode()
    pieces = (der[at : at + _BASE64_BYTES] for at in range(0, len(der), _BASE64_BYTES))
    lines = b"".join(binascii.b2a_base64(piece, newline=False) + b"\r\n" for piece in pieces)
    return (
        fields
        + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        + b' micalg=sha-256; boundary="' + boundary + b'"\r\n\r\n'
        + b"--" + boundary + b"\r\n" + entity + b"\r\n"
        + b"--" + boundary + b"\r\n"
        + b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        + b"Content-Transfer-Encoding: base64\r\n"
        + b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
        + lines
        + b"--" + boundary + b"--\r\n"
    )  # fmt: skip
