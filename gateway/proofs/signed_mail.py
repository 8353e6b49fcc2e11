"""A signed mail taken apart: the MIME entity that was signed, and its signature.

Rule: only the outermost multipart/signed counts, with exactly two parts, cut where parsers.parts
cuts them, so what is verified is what is read; what stands before, between or after is no part of
it. Whatever says that it is signed and is of another form raises Malformed. The signature is read
in cms.py; nothing is trusted here.
"""

from dataclasses import dataclass
from itertools import islice

from parsers.body import choose
from parsers.errors import Malformed
from parsers.gate import AMBIGUOUS, look
from parsers.parts import Part, read_parts, spans

MAX_SIGNATURE_BYTES = 64 * 1024
SIGNATURE_TYPES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
OPAQUE_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


@dataclass(frozen=True, slots=True)
class SignedMail:
    """`content` is the signed entity in canonical form (CRLF), `signature` the DER of its CMS.

    `covers_text`: everything that people read of this mail as text is inside `content`.
    """

    content: bytes
    signature: bytes
    covers_text: bool


def split_signed(raw: bytes) -> SignedMail | None:
    """Return the parts of a mail that is signed with S/MIME, None when it is not.

    Raises Malformed for one that says so and is not of the form that counts: opaque, inside
    another mail or list, not two parts, too large, or with a header that readers read differently.
    """
    top, _ = read_parts(raw)
    if not _is_signed(top):
        _refuse_elsewhere(top)
        return None
    faults = AMBIGUOUS & set(look(raw, file=True).faults)
    if faults or len(top.header.raws("content-type")) != 1:
        told = next((str(f) for f in sorted(faults)), "two Content-Type fields")
        raise Malformed(f"its header is ambiguous: {told}")
    parts = spans(raw, top.start, top.end, top.params.get("boundary", "").rstrip())
    lie = list(islice(parts, 3))  # of millions, a third is one too many
    if len(lie) != 2 or len(top.children) != 2:
        raise Malformed("multipart/signed has not exactly two parts")
    if top.children[1].content_type not in SIGNATURE_TYPES:
        raise Malformed("the second part of multipart/signed is not a signature")
    (start, end), _ = lie
    texts = choose(top).texts
    return SignedMail(
        canonical(raw[start:end]),
        _attached(top.children[1]),
        all(start <= text.start and text.end <= end for text in texts),
    )


def canonical(entity: bytes) -> bytes:
    """Return an entity with CRLF at each line's end, as RFC 8551 section 3.1.1 has it signed."""
    return entity.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _is_signed(part: Part) -> bool:
    """Tell a multipart/signed that is not another method's (PGP/MIME)."""
    if part.content_type != "multipart/signed":
        return False
    protocol = part.params.get("protocol", "").strip().lower()
    last = part.children[-1].content_type if part.children else ""
    return protocol in SIGNATURE_TYPES or last in SIGNATURE_TYPES


def _refuse_elsewhere(part: Part) -> None:
    """Raise for a signature that is there and proves nothing about this mail."""
    if part.content_type in OPAQUE_TYPES:
        raise Malformed("opaque S/MIME (application/pkcs7-mime) proves nothing here")
    for child in part.children:
        if _is_signed(child) or child.content_type in OPAQUE_TYPES:
            raise Malformed("the signed part stands inside another multipart: a list changed it?")
        _refuse_elsewhere(child)


def _attached(part: Part) -> bytes:
    if len(part.body) > 2 * MAX_SIGNATURE_BYTES:
        raise Malformed("the signature is longer than 64 kB")
    der, damaged = part.content()
    if damaged or not der:
        raise Malformed("the signature is damaged")
    if len(der) > MAX_SIGNATURE_BYTES:
        raise Malformed("the signature is longer than 64 kB")
    return der
