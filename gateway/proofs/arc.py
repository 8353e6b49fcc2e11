"""ARC (RFC 8617): what a mailing list that we know saw before it changed a mail. A hint for people.

Rule: only chains whose newest seal is of a listed domain are looked at, nobody else's costs a
question. A pass says that the list saw a proven sender; it never proves one to us.
"""

import asyncio
import re
from collections.abc import Collection, Mapping

import authres
import dkim

from gateway.proofs.canonical import squeezed
from gateway.proofs.dkim import SILENT
from gateway.proofs.dns import Asks, DnsTempError
from gateway.proofs.keyrecord import rsa_bits
from gateway.proofs.signature import Unsound
from gateway.proofs.tags import MAX_BYTES, NotTags, read_tags, without_blanks
from parsers.evidence import Proof, ProofKind, ProofStatus
from parsers.header import Header

MAX_SETS = 10
MAX_MAIL_BYTES = 5_000_000  # each set hashes the body once more; this is only a hint
SEAL, MESSAGE = "arc-seal", "arc-message-signature"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")


class _Unreadable(Exception):  # noqa: N818 - a verdict
    """The chain cannot be looked at; the text says why."""


async def arc_proofs(
    raw: bytes, header: Header, sender: str | None, trusted: Collection[str], lookup: Asks
) -> tuple[Proof, ...]:
    """Return one proof about a chain with a newest seal of a domain in `trusted`, else ().

    `aligned` says that the list saw DMARC pass for the domain of `sender`, From's plain address.
    """
    if not trusted or not header.has(SEAL) or len(raw) > MAX_MAIL_BYTES:
        return ()
    try:
        seals, messages = _fields(header, SEAL), _fields(header, MESSAGE)
    except _Unreadable:
        return ()
    newest = max(seals)
    domain = seals[newest].get("d", "").lower()
    if domain not in trusted:
        return ()
    if messages.get(newest, {}).get("d", "").lower() != domain:
        return (_proof(domain, ProofStatus.FAIL, "the list has sealed what somebody else signed"),)
    try:
        keys = await _keys([*seals.values(), *messages.values()], lookup)
    except DnsTempError as error:
        why = f"a key was not answered: {error.detail}"
        return (_proof(domain, ProofStatus.TEMPERROR, why),)
    said, why = await asyncio.to_thread(_verify, raw, keys)
    if said is None:
        return (_proof(domain, ProofStatus.FAIL, why),)
    return (_seen(domain, said, sender),)


def _proof(domain: str, status: ProofStatus, detail: str, *, aligned: bool = False) -> Proof:
    return Proof(ProofKind.ARC, domain, status, detail, aligned=aligned)


def _fields(header: Header, name: str) -> dict[int, Mapping[str, str]]:
    values = header.raws(name)
    if not 1 <= len(values) <= MAX_SETS:
        raise _Unreadable("too many sets")
    found: dict[int, Mapping[str, str]] = {}
    for value in values:
        try:
            tags = read_tags(value)
        except NotTags as error:
            raise _Unreadable(str(error)) from None
        number = tags.get("i", "")
        if not re.fullmatch(r"[1-9][0-9]?", number) or int(number) in found or "l" in tags:
            raise _Unreadable("a set is not sound")
        if tags.get("c", "relaxed/relaxed") != "relaxed/relaxed":
            raise _Unreadable("another canonical form")
        found[int(number)] = tags
    return found


async def _keys(signatures: list[Mapping[str, str]], lookup: Asks) -> dict[bytes, bytes]:
    keys: dict[bytes, bytes] = {}
    for tags in signatures:
        selector, domain = tags.get("s", ""), tags.get("d", "")
        if not _NAME.fullmatch(selector) or not _NAME.fullmatch(domain):
            continue
        name = f"{selector}._domainkey.{domain}"
        asked = f"{name}.".encode("ascii")
        if asked not in keys:
            records = await lookup.txt(name)
            keys[asked] = records[0] if len(records) == 1 and _is_key(records[0]) else b""
    return keys


def _is_key(record: bytes) -> bool:
    """Whether a record is a key of a sane size: whoever is named in a chain may have made it."""
    try:
        rsa_bits(without_blanks(read_tags(record).get("p", "")), "")
    except (NotTags, Unsound):
        return False
    return True


def _verify(raw: bytes, keys: Mapping[bytes, bytes]) -> tuple[str | None, str]:
    """Return what the newest set says it saw, or None and why the chain is not sound."""
    try:
        chain = dkim.ARC(raw, logger=SILENT)
        chain.body = squeezed(chain.body)
        result, sets, comment = chain.verify(lambda name, **_: keys.get(name))
    except Exception as error:
        return None, f"it cannot be verified ({type(error).__name__})"
    if result != dkim.CV_Pass:
        return None, str(comment)[:100]
    newest = max(sets, key=lambda one: int(one["instance"]))
    return newest["aar-value"].decode("ascii", "replace"), ""


def _seen(domain: str, said: str, sender: str | None) -> Proof:
    wanted = (sender or "").rpartition("@")[2].lower()
    _, _, results = said[:MAX_BYTES].partition(";")  # the instance stands before it
    try:
        parsed = authres.AuthenticationResultsHeader.parse_value(results.strip())
        dmarc = [one for one in parsed.results if one.method == "dmarc"]
    except Exception:  # what cannot be read says nothing
        dmarc = []
    aligned = (
        bool(wanted)
        and len(dmarc) == 1
        and str(dmarc[0].result).lower() == "pass"
        and [str(prop.value).lower() for prop in dmarc[0].properties if prop.name == "from"]
        == [wanted]
    )
    detail = "the list saw a proven sender" if aligned else "the list saw no proof of the sender"
    return _proof(domain, ProofStatus.PASS, detail, aligned=aligned)
