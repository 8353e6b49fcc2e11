"""Authentication-Results (RFC 8601) of a mail server in front of a mailbox that we read.

Rule: believed only where the configuration names that server, only by its exact name, and only from
the block above the topmost Received line, which the server itself wrote. What it says has to be one
clear sentence: one DMARC result, pass, for the very domain of From, and a DKIM pass that aligns.
Everything else is not evidence, whoever wrote it.
"""

from collections.abc import Iterator
from dataclasses import replace

import authres

from gateway.proofs.dmarc import is_aligned
from parsers.evidence import Proof, ProofKind, ProofStatus
from parsers.header import Header
from parsers.ids import message_id

FIELD = "authentication-results"
DOOR = "imap"
MAX_FIELDS = 10
MAX_BYTES = 8_192


def results_proofs(
    header: Header, door: str, trusted: str, sender: str | None
) -> tuple[Proof, ...]:
    """Return one proof of what the trusted server says, () where nobody is trusted.

    `trusted` is its authserv-id, "" for nobody; `sender` is From's one plain address.
    """
    if not trusted or door != DOOR or sender is None:
        return ()
    said = [result for _, parsed in written_by(header, trusted) for result in parsed.results]
    dmarc = [one for one in said if one.method == "dmarc"]
    if not dmarc:
        return (_proof(sender, trusted, ProofStatus.NONE, f"{trusted} says nothing of DMARC"),)
    why = _why_not(dmarc, said, sender)
    if why:
        return (_proof(sender, trusted, ProofStatus.FAIL, f"{trusted}: {why}"),)
    said_so = f"{trusted} says dkim=pass and dmarc=pass"
    name = message_id(header.raw("message-id"))
    key = f"results:{sender}:{name}" if name else ""
    return (replace(_proof(sender, trusted, ProofStatus.PASS, said_so), replay_key=key),)


def _proof(sender: str, server: str, status: ProofStatus, detail: str) -> Proof:
    passed = status is ProofStatus.PASS
    issuer = server.lower()
    return Proof(ProofKind.RESULTS, sender, status, detail, aligned=passed, issuer=issuer)


def written_by(
    header: Header, trusted: str
) -> Iterator[tuple[bytes, authres.AuthenticationResultsHeader]]:
    """Yield what is taken for the server's word, as it stands and as it is read.

    That is what bears its name above the topmost Received line; nothing without such a line.
    """
    names = [name for name, _ in header.fields]
    if "received" not in names:
        return
    first_block = header.fields[: names.index("received")]
    for value in [value for name, value in first_block if name == FIELD][:MAX_FIELDS]:
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
