"""DMARC (RFC 7489): whether a domain that signed may speak for the address in From.

Rule: only a DKIM signature makes it pass; SPF proves an envelope and breaks on the way. The From
address is handed in, read strictly by somebody else; without one nothing aligns. The organisational
domain of an unlisted top level (.test, .grid, .internal) has two labels: a whole top level never
speaks for one of its domains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from publicsuffixlist import PublicSuffixList

from gateway.proofs.dns import Asks, DnsTempError
from gateway.proofs.tags import NotTags, read_tags
from parsers.evidence import Proof, ProofKind, ProofStatus

_OPEN = frozenset({ProofStatus.PASS, ProofStatus.TEMPERROR})
_POLICIES = frozenset({"none", "quarantine", "reject"})


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


def organisation(domain: str) -> str:
    """Return the organisational domain, "" for a public suffix itself."""
    return _suffixes().privatesuffix(domain.lower()) or ""


def is_aligned(domain: str, other: str, *, strict: bool = False) -> bool:
    """Whether two domains are the same, or not `strict` of the same organisation."""
    domain, other = domain.lower(), other.lower()
    if domain == other:
        return bool(domain)
    return not strict and bool(organisation(domain)) and organisation(domain) == organisation(other)


async def align(proofs: Sequence[Proof], sender: str | None, lookup: Asks) -> tuple[Proof, ...]:
    """Return the proofs with `aligned` set on DKIM's (passed or unanswered), and one of DMARC.

    `sender` is From's one plain address; None gives a proof of nothing for nobody.
    """
    if sender is None:
        why = "From is not one plain address"
        return (*proofs, Proof(ProofKind.DMARC, "", ProofStatus.NONE, why))
    if not any(proof.kind is ProofKind.DKIM and proof.status in _OPEN for proof in proofs):
        # No question for a mail that nothing can save: most of them are unsolicited.
        return (*proofs, Proof(ProofKind.DMARC, sender, ProofStatus.NONE, "no signature holds"))
    domain = sender.rpartition("@")[2].lower()
    try:
        record = await _record(domain, lookup)
    except DnsTempError as error:
        # The same domain is aligned whatever the record says; a foreign one, whatever it says, not.
        judged = tuple(_marked(proof, domain, strict=True) for proof in proofs)
        may_align = any(is_aligned(proof.identity, domain) for proof in proofs)
        status = ProofStatus.TEMPERROR if may_align else ProofStatus.NONE
        why = f"the policy was not answered: {error.detail}"
        return (*judged, Proof(ProofKind.DMARC, sender, status, why))
    strict = record.get("adkim", "r") == "s"
    judged = tuple(_marked(proof, domain, strict=strict) for proof in proofs)
    return (*judged, _verdict(judged, sender, record))


def _marked(proof: Proof, domain: str, *, strict: bool) -> Proof:
    if proof.kind is not ProofKind.DKIM or proof.status not in _OPEN:
        return proof
    return replace(proof, aligned=is_aligned(proof.identity, domain, strict=strict))


def _verdict(proofs: Sequence[Proof], sender: str, record: Mapping[str, str]) -> Proof:
    domain = sender.rpartition("@")[2].lower()
    strict = record.get("adkim", "r") == "s"
    keys = [proof for proof in proofs if proof.kind is ProofKind.DKIM]
    signer = next((k.identity for k in keys if k.aligned and k.status is ProofStatus.PASS), "")
    if not record:
        detail = "the domain publishes no policy" + (f"; signed by {signer}" if signer else "")
        return Proof(ProofKind.DMARC, sender, ProofStatus.NONE, detail)
    policy = f"p={record['p']}" + ("; strict" if strict else "")
    if signer:
        detail = f"{policy}, signed by {signer}"
        return Proof(ProofKind.DMARC, sender, ProofStatus.PASS, detail, aligned=True)
    open_one = any(
        proof.status is ProofStatus.TEMPERROR and is_aligned(proof.identity, domain, strict=strict)
        for proof in keys
    )
    if open_one:
        detail = f"{policy}, a key of the domain was not answered"
        return Proof(ProofKind.DMARC, sender, ProofStatus.TEMPERROR, detail)
    detail = f"{policy}, not signed by the domain"
    return Proof(ProofKind.DMARC, sender, ProofStatus.FAIL, detail)


async def _record(domain: str, lookup: Asks) -> Mapping[str, str]:
    """Return the tags of the policy in force with `p` as it applies, {} for none (6.6.3)."""
    record = await _published(domain, lookup)
    parent = organisation(domain)
    if record or not parent or parent == domain:
        return record
    inherited = await _published(parent, lookup)
    if inherited.get("sp", "") in _POLICIES:
        return {**inherited, "p": inherited["sp"]}
    return inherited


async def _published(domain: str, lookup: Asks) -> Mapping[str, str]:
    texts = [text for text in await lookup.txt(f"_dmarc.{domain}") if _is_dmarc(text)]
    if len(texts) != 1:  # several are the same as none
        return {}
    try:
        tags = read_tags(texts[0])
    except NotTags:
        return {}
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        policy = "none"
    return {
        "p": policy,
        "sp": tags.get("sp", "").lower(),
        "adkim": tags.get("adkim", "r").lower(),
        "aspf": tags.get("aspf", "r").lower(),
    }


def _is_dmarc(text: bytes) -> bool:
    name, equals, rest = text.partition(b"=")
    return bool(equals) and name.strip() == b"v" and rest.partition(b";")[0].strip() == b"DMARC1"
