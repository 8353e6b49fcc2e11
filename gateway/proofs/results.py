"""Authentication-Results (RFC 8601) of a mail server in front of a mailbox that we read.

Rule: believed only where the configuration names that server, only by its exact name, and only from
the block above the topmost Received line, which the server itself wrote. What it says has to be one
clear sentence: one DMARC result, pass, for the very domain of From, and a DKIM pass that aligns.
The signatures that it can mean have to be in the mail's header in a form that binds the whole text:
servers say pass to one with l=, under which anybody may add words.
Everything else is not evidence, whoever wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import authres

from gateway.proofs.dmarc import is_aligned
from gateway.proofs.tags import NotTags, read_tags, words
from parsers.evidence import Proof, ProofKind, ProofStatus
from parsers.header import Header
from parsers.ids import message_id

FIELD = "authentication-results"
DOOR = "imap"
MAX_FIELDS = 10
MAX_BYTES = 8_192
Fields = Sequence[tuple[str, bytes]]


def results_proofs(
    header: Header, door: str, trusted: str, sender: str | None
) -> tuple[Proof, ...]:
    """Return one proof of what the trusted server says, () where nobody is trusted.

    `trusted` is its authserv-id, "" for nobody; `sender` is From's one plain address.
    """
    if not trusted or door != DOOR or sender is None:
        return ()
    above, below = _blocks(header)
    said = [result for _, parsed in _instances(above, trusted) for result in parsed.results]
    dmarc = [one for one in said if one.method == "dmarc"]
    if not dmarc:
        why = f"{trusted} says nothing of DMARC"
        if not said and any(_instances(below, trusted)):
            where = "stands below a Received line, where anybody may have written it"
            why = f"what bears the name of {trusted} {where}"
        return (_proof(sender, trusted, ProofStatus.NONE, why),)
    why = _why_not(dmarc, said, sender)
    if why:
        return (_proof(sender, trusted, ProofStatus.FAIL, f"{trusted}: {why}"),)
    try:
        signatures = _signatures(header, sender.rpartition("@")[2])
    except NotTags as error:
        return (_proof(sender, trusted, ProofStatus.FAIL, f"a signature cannot be read: {error}"),)
    if any("l" in tags for tags in signatures):
        why = "only a part of the text is signed (l=)"
        return (_proof(sender, trusted, ProofStatus.FAIL, why),)
    said_so = f"{trusted} says dkim=pass and dmarc=pass"
    name = message_id(header.raw("message-id"))
    key = f"results:{sender}:{name}" if name and _sign_its_name(signatures) else ""
    return (replace(_proof(sender, trusted, ProofStatus.PASS, said_so), replay_key=key),)


def _proof(sender: str, server: str, status: ProofStatus, detail: str) -> Proof:
    passed = status is ProofStatus.PASS
    issuer = server.lower()
    return Proof(ProofKind.RESULTS, sender, status, detail, aligned=passed, issuer=issuer)


def _signatures(header: Header, domain: str) -> list[Mapping[str, str]]:
    """Return the signatures that can speak for a domain; raises NotTags for an unreadable one."""
    found = [read_tags(value) for value in header.raws("dkim-signature")]
    return [tags for tags in found if is_aligned(tags.get("d", ""), domain)]


def _sign_its_name(signatures: Sequence[Mapping[str, str]]) -> bool:
    """Whether nobody can give the mail another name and date, and so send it again as a new one."""
    return all({"message-id", "date"} <= set(words(tags.get("h", ""))) for tags in signatures)


def written_by(
    header: Header, trusted: str
) -> Iterator[tuple[bytes, authres.AuthenticationResultsHeader]]:
    """Yield what is taken for the server's word, as it stands and as it is read.

    That is what bears its name above the topmost Received line; nothing without such a line.
    """
    return _instances(_blocks(header)[0], trusted)


def _blocks(header: Header) -> tuple[Fields, Fields]:
    """Return the fields above the topmost Received line, and the rest; all is rest without one."""
    names = [name for name, _ in header.fields]
    first = names.index("received") if "received" in names else 0
    return header.fields[:first], header.fields[first:]


def _instances(
    block: Fields, trusted: str
) -> Iterator[tuple[bytes, authres.AuthenticationResultsHeader]]:
    """Yield the fields of a block that bear the server's name and can be read."""
    for value in [value for name, value in block if name == FIELD][:MAX_FIELDS]:
        if len(value) > MAX_BYTES or not value.isascii():
            continue
        try:
            parsed = authres.AuthenticationResultsHeader.parse_value(value.decode("ascii"))
        except Exception:  # noqa: S112 - what cannot be read says nothing, and may be hostile
            continue
        if parsed.authserv_id == trusted.lower():
            yield value, parsed


def _why_not(
    dmarc: list[authres.AuthenticationResult],
    said: list[authres.AuthenticationResult],
    sender: str,
) -> str:
    """Return why what was said is no proof, "" when it is one."""
    domain = sender.rpartition("@")[2].lower()
    if len(dmarc) != 1:
        return "it says several things of DMARC"
    if str(dmarc[0].result).lower() != "pass":
        return f"dmarc={str(dmarc[0].result)[:20]}"
    if _values(dmarc[0], "from") != [domain]:
        return "its DMARC result is for another domain"
    signers = [
        name.rpartition("@")[2]
        for one in said
        if one.method == "dkim" and str(one.result).lower() == "pass"
        for name in (_values(one, "d") or _values(one, "i"))
    ]
    if not any(is_aligned(signer, domain) for signer in signers):
        return "it saw no DKIM signature of the domain"
    return ""


def _values(result: authres.AuthenticationResult, name: str) -> list[str]:
    return [
        str(prop.value).lower()
        for prop in result.properties
        if prop.type == "header" and prop.name == name
    ]
