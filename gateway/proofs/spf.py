"""SPF (RFC 7208): whether the peer may send for the domain of the envelope. A hint for people.

Rule: it never proves the From line. Only an envelope address that everybody reads in the same way
is looked at, and never HELO in its place. The library is synchronous; it is asked again and again
with all the answers there are so far, so no thread ever waits for the network. Its patterns are
quadratic in a term, which anybody may publish: it gets no long ones, and has a thread.
"""

import asyncio
import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import spf

from gateway.proofs.dmarc import is_aligned
from gateway.proofs.dns import Answer, Asks, DnsTempError, Record
from parsers.envelope import Envelope
from parsers.evidence import Proof, ProofKind, ProofStatus

MAX_QUESTIONS = 40  # the standard's own limits allow fewer
MAX_RECORD_BYTES = 2_048
MAX_TERM_BYTES = 300  # it holds one name
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_WORDS = {
    "pass": ProofStatus.PASS,
    "fail": ProofStatus.FAIL,
    "softfail": ProofStatus.FAIL,
    "permerror": ProofStatus.PERMERROR,
    "temperror": ProofStatus.TEMPERROR,
}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Question = tuple[str, str]


_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


class _Unasked(Exception):  # noqa: N818 - not an error: the next question
    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name)
        self.question: _Question = (name, kind)


class _Query(spf.query):  # type: ignore[misc] # the library has no types
    """One check that knows its answers from the start; `dns` is where the library asks."""

    def __init__(self, answers: Mapping[_Question, Answer], **about: Any) -> None:
        super().__init__(**about)
        self._answers = answers

    def dns(
        self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False
    ) -> list[Any]:
        """Return what is known, or stop at the question."""
        del cnames  # followed by who answers
        name = str(name).lower().rstrip(".")
        if qtype == "SPF":
            return []  # RFC 7208 section 3.1
        if (name, qtype) not in self._answers:
            raise _Unasked(name, qtype)
        found = self._answers[name, qtype]
        if qtype == "TXT" and any(map(_is_too_long, found)):
            raise spf.PermError("the record is too long")
        if not found and not ignore_void:
            self._count_void()
        return [[one] if isinstance(one, bytes) else one for one in found]

    def _count_void(self) -> None:
        self.void_lookups += 1
        if self.void_lookups > spf.MAX_VOID_LOOKUPS:
            _too_many()


def _is_too_long(record: Record) -> bool:
    if not isinstance(record, bytes) or record[:6].lower() != b"v=spf1":
        return False
    return len(record) > MAX_RECORD_BYTES or len(max(record.split(), key=len)) > MAX_TERM_BYTES


def _too_many() -> NoReturn:
    raise spf.PermError("too many look-ups without an answer")


async def spf_proofs(envelope: Envelope, sender: str | None, lookup: Asks) -> tuple[Proof, ...]:
    """Return one proof about the envelope, () where there is no outside peer to judge.

    `sender` is From's one plain address. `aligned` says whether the envelope has its domain.
    """
    if envelope.submitted or not _is_outside(envelope.peer):
        return ()
    address = envelope.mail_from
    if not address or len(address) > 254 or not _PLAIN.fullmatch(address):
        why = "the envelope has no plain sender"
        return (Proof(ProofKind.SPF, sender or "", ProofStatus.NONE, why),)
    word, why = await _checked(envelope, lookup)
    status = _WORDS.get(word, ProofStatus.NONE)
    domain = address.rpartition("@")[2].lower()
    aligned = (
        status is ProofStatus.PASS
        and sender is not None
        and is_aligned(domain, sender.rpartition("@")[2])
    )
    detail = f"{word} for {domain}" + (f": {why}" if why else "")
    return (Proof(ProofKind.SPF, sender or "", status, detail, aligned=aligned),)


def within(peer: str, networks: Sequence[Network]) -> bool:
    """Whether a peer's address lies in one of the networks."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _is_outside(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return not any(address in network for network in _INSIDE)


async def _checked(envelope: Envelope, lookup: Asks) -> tuple[str, str]:
    answers: dict[_Question, Answer] = {}
    helo = envelope.helo if _HOST.fullmatch(envelope.helo) else "unknown"
    for _ in range(MAX_QUESTIONS):
        try:
            query = _Query(answers, i=envelope.peer, s=envelope.mail_from, h=helo, querytime=0)
            return str((await asyncio.to_thread(query.check))[0]), ""
        except _Unasked as more:
            try:
                answers[more.question] = await lookup.ask(*more.question)
            except DnsTempError as error:
                return "temperror", error.detail
        except Exception as error:  # an old library, and a record that anybody may write
            return "permerror", type(error).__name__
    return "permerror", "too many look-ups"
