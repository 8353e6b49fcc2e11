"""DKIM (RFC 6376): which domains signed this mail, and what of it.

Rule: the library only does the arithmetic. Which signature is worth verifying, which key counts and
what is bound by it is decided here, because a bare `dkim.verify()` says yes to many forgeries.
Never raises; a key that could not be asked for is `temperror`.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256

import dkim
import structlog

from gateway.proofs.binding import binds_text
from gateway.proofs.canonical import body_hash, body_of
from gateway.proofs.dns import Asks, DnsTempError
from gateway.proofs.keyrecord import Key, KeyRules, read_key
from gateway.proofs.signature import SKEW, Signature, Unsound, read_signature
from parsers.evidence import Proof, ProofKind, ProofStatus
from parsers.header import Header
from parsers.ids import message_id
from parsers.parts import read_parts

MAX_SIGNATURES = 5
MAX_DATE_BYTES = 200
FIELD = "dkim-signature"
_SAYS = ("from", "subject", "date")
SILENT = logging.getLogger("ticketgate.silent")  # the library logs what mails say
SILENT.disabled = True
_log = structlog.get_logger("proofs")


async def dkim_proofs(
    raw: bytes, header: Header, lookup: Asks, rules: KeyRules, now: datetime
) -> tuple[Proof, ...]:
    """Return one proof for each of the first five signatures, in the order of the header."""
    judged = [_judged(value, now) for value in header.raws(FIELD)[:MAX_SIGNATURES]]
    keys = await asyncio.gather(*(_key(one, lookup, rules) for one in judged))
    work = [
        (index, one, key)
        for index, (one, key) in enumerate(zip(judged, keys, strict=True))
        if isinstance(one, Signature) and isinstance(key, Key)
    ]
    said = dict(await asyncio.to_thread(_verify, raw, header, work, now) if work else ())
    return tuple(
        said[index] if index in said else _unproven(one, key)
        for index, (one, key) in enumerate(zip(judged, keys, strict=True))
    )


def _judged(value: bytes, now: datetime) -> Signature | Unsound:
    try:
        return read_signature(value, now)
    except Unsound as verdict:
        return verdict


async def _key(one: Signature | Unsound, lookup: Asks, rules: KeyRules) -> Key | Unsound:
    if isinstance(one, Unsound):
        return one
    try:
        return read_key(await lookup.txt(one.key_name), one, rules)
    except Unsound as verdict:
        return verdict
    except DnsTempError as error:
        return Unsound(ProofStatus.TEMPERROR, f"the key was not answered: {error.detail}")


def _unproven(one: Signature | Unsound, key: Key | Unsound) -> Proof:
    verdict = key if isinstance(key, Unsound) else Unsound(ProofStatus.PERMERROR, "not verified")
    detail = f"{verdict.why}, {_named(one)}" if isinstance(one, Signature) else verdict.why
    return Proof(ProofKind.DKIM, one.domain, verdict.status, detail)


def _named(one: Signature) -> str:
    return f"selector {one.selector}"


def _verify(
    raw: bytes, header: Header, work: Sequence[tuple[int, Signature, Key]], now: datetime
) -> list[tuple[int, Proof]]:
    """Do the arithmetic, in a thread: the mail is taken apart once for all its signatures."""
    try:
        verifier = dkim.DKIM(raw[: header.body_at], logger=SILENT)
        fields = [pair for pair in verifier.headers if pair[0].lower() == FIELD.encode()]
    except Exception as error:  # whose text may be the mail's
        _log.info("mail that the DKIM library cannot read", error=type(error).__name__)
        fields = []
    if len(fields) != len(header.raws(FIELD)):  # two readers that disagree
        broken = Unsound(ProofStatus.PERMERROR, "the header cannot be read")
        return [(index, _unproven(one, broken)) for index, one, _ in work]
    body = body_of(raw, header.body_at)
    hashes = {form: body_hash(body, relaxed=form) for form in {w[1].relaxed_body for w in work}}
    done = []
    for index, one, key in work:
        if hashes[one.relaxed_body] != one.body_hash:
            why = "the body was changed"
        else:
            why = _why_not(verifier, one, key, fields[index])
        if why:
            done.append((index, _unproven(one, Unsound(ProofStatus.FAIL, why))))
        else:
            done.append((index, _passed(raw, header, body, one, key, now)))
    return done


def _why_not(verifier: dkim.DKIM, one: Signature, key: Key, field: tuple[bytes, bytes]) -> str:
    """Return why a signature does not fit the header, "" when it fits."""
    names = [name.encode("ascii") for name in one.fields]
    verifier.minkey = 0  # judged already
    try:
        if verifier.verify_sig(dict(one.tags), names, field, lambda *_, **__: key.record) is True:
            return ""
    except Exception as error:  # nothing that the library stumbles over is a proof
        return f"it cannot be verified ({type(error).__name__})"
    return "the signature does not fit"


def _passed(  # noqa: PLR0917 - a mail taken apart once, and one of its signatures
    raw: bytes, header: Header, body: bytes, one: Signature, key: Key, now: datetime
) -> Proof:
    listed = Counter(one.fields)
    present = Counter(name for name, _ in header.fields)

    def bound(name: str) -> bool:
        return listed[name] >= max(1, present[name])

    covers = {name for name in present if bound(name)}
    if binds_text(read_parts(raw)[0], bound):
        covers.add("body")
    signed_at = one.signed_at or (_date(header, now) if "date" in covers else None)
    return Proof(
        ProofKind.DKIM,
        one.domain,
        ProofStatus.PASS,
        f"{one.algorithm}, {key.bits} bits, {_named(one)}",
        signed_at=signed_at,
        covers=frozenset(covers),
        replay_key=f"dkim:{one.domain}:{_name_of(header, body, covers, signed_at)}",
    )


def _name_of(
    header: Header, body: bytes, covers: Collection[str], signed_at: datetime | None
) -> str:
    """Return what names this mail, such that nobody but its signer can give it another name.

    That is a signed Message-ID. Without one it is what the signature binds: who says what and when.
    Not the value of b=, which has several spellings: the library takes an RSA signature plus its
    modulus for the same. Blanks are those of the relaxed form, the freest that a signature allows,
    and two signatures of one mail give it one name.
    """
    name = message_id(header.raw("message-id")) if "message-id" in covers else ""
    if name:
        return name
    said = [b" ".join(header.raw(field).split()) for field in _SAYS if field in covers]
    at = "" if "date" in covers or signed_at is None else signed_at.isoformat()
    parts = [*(field.encode() for field in _SAYS if field in covers), *said, at.encode()]
    digest = sha256(b"".join(len(part).to_bytes(8) + part for part in parts))
    digest.update(body_hash(body, relaxed=True))
    return f"={digest.hexdigest()}"


def _date(header: Header, now: datetime) -> datetime | None:
    """Return the Date, None when it cannot be read or lies in the future."""
    try:
        text = header.raw("date")[:MAX_DATE_BYTES].decode("ascii", "replace")
        found = parsedate_to_datetime(text)
        at = (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return at if at <= now + SKEW else None
