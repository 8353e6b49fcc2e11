"""Whether the server in front of a mailbox lets a forgery of its own results through: tried out.

A forged mail is sent through each of its mail servers and read back over IMAP. Rule: only a mail
that came back without its forgery is a pass; what cannot be sent, found or removed is an error with
a sentence of what to do. Every wait has its end. The mail never becomes a ticket.
"""

import asyncio
import secrets
from collections.abc import Iterator, Sequence

from gateway.config.faults import Finding, Severity
from gateway.config.imap import Imap, mailbox_name
from gateway.config.root import Config
from gateway.inbound.imap.connection import Lost
from gateway.inbound.imap.finding import OwnMail
from gateway.now import utc_now
from gateway.outbound.relay import open_relay
from gateway.outbound.signing import signer_of
from gateway.proofs.dns import DnsTempError
from gateway.proofs.forged import Judged, Probe
from gateway.proofs.provers import lookup_of
from parsers.errors import MailError

SEND_S = 60.0
ARRIVE_S = 60.0
MAX_SERVERS = 5
_UNTIL = "until this has passed, leave trusted_results empty"
_REMEDY = (
    "Anybody may write what we would believe. Let the server take away every Authentication-Results"
    " field that comes from outside (RFC 8601 section 5; in Postfix header_checks with"
    ' /^Authentication-Results:/ IGNORE), or set trusted_results = ""'
)


class NoWay(Exception):  # noqa: N818 - a sentence for the operator
    """Nobody knows how mail gets to this mailbox."""


def trusting(config: Config) -> tuple[tuple[int, Imap], ...]:
    """Return index and section of each mailbox whose server is believed."""
    return tuple((i, box) for i, box in enumerate(config.imap) if box.trusted_results)


def unprobed(config: Config) -> tuple[Finding, ...]:
    """Return a warning for each such mailbox: nobody has tried it in this run."""
    told = "is believed; check-config --probe tries whether forgeries of its results are removed"
    return tuple(
        Finding(("imap", i, "trusted_results"), f"{box.trusted_results} {told}", Severity.WARNING)
        for i, box in trusting(config)
    )


def probe(
    config: Config, through: Sequence[str] = (), *, arrive_s: float = ARRIVE_S
) -> Iterator[Finding | str]:
    """Probe each such mailbox; yield a fault for what is wrong, a sentence for each pass.

    `through` are servers as relay URLs; without them, those that DNS names for the address.
    """
    for index, box in trusting(config):
        try:
            ways = tuple(through) or ways_in(config, box.address.rpartition("@")[2])
        except NoWay as error:
            yield _error(index, f"no mail server to probe: {error}; name one with --through")
            continue
        for way in ways:
            yield from _probed(config, index, box, way, arrive_s)


def ways_in(config: Config, domain: str) -> tuple[str, ...]:
    """Return the mail servers of a domain as relay URLs, best first; raises NoWay."""
    try:
        found = asyncio.run(lookup_of(config).ask(domain, "MX"))
    except DnsTempError as error:
        raise NoWay(error.detail) from error
    named = sorted(one for one in found if isinstance(one, tuple))
    hosts = [host for _, host in named if host.strip(".")][:MAX_SERVERS]
    if named and not hosts:
        raise NoWay(f"{domain} takes no mail (RFC 7505)")
    return tuple(f"smtp://{host}:25" for host in hosts or [domain])  # RFC 5321 section 5.1


def _probed(
    config: Config, index: int, box: Imap, way: str, arrive_s: float
) -> Iterator[Finding | str]:
    domain = config.helpdesk.domain
    one = Probe(box.trusted_results, domain, box.address, secrets.token_hex(10))
    where = f"{mailbox_name(box)} by way of {way}"
    try:
        mine = OwnMail(box, one.message_id)  # a mail that cannot be read back is not sent
    except Lost as lost:
        yield _error(index, f"{where}: cannot be probed: {lost}; {_UNTIL}")
        return
    try:
        try:
            _send(config, one, way)
        except (MailError, ValueError, TimeoutError) as error:
            why = error.detail if isinstance(error, MailError) else str(error) or "no answer"
            yield _error(index, f"{where}: the probe was not taken: {why}; {_UNTIL}")
            return
        raw = mine.wait(arrive_s)
        yield from _said(one, raw, index, where, arrive_s)
        left = mine.remove()
        if left:
            told = f"{where}: the probe {one.message_id} is still there ({left}): delete it by hand"
            yield Finding(("imap", index), told, Severity.WARNING)
    except (Lost, MailError) as error:
        why = error.detail if isinstance(error, MailError) else str(error)
        told = f"{where}: {why}; the probe {one.message_id} may be there still; {_UNTIL}"
        yield _error(index, told)
    finally:
        mine.close()


def _said(
    one: Probe, raw: bytes | None, index: int, where: str, arrive_s: float
) -> Iterator[Finding | str]:
    if raw is None:
        told = (
            f"{where}: the probe {one.message_id} did not arrive within {arrive_s:g} s: look for it"
            f" in a folder for spam, or try again later; {_UNTIL}"
        )
        yield _error(index, told)
        return
    judged: Judged = one.judged(raw)
    if judged.survived:
        forms = ", ".join(judged.survived)
        worse = ", where it is believed" if judged.believed else ""
        told = f"{where}: A FORGED RESULT OF {one.trusted} CAME THROUGH ({forms}){worse}. {_REMEDY}"
        yield _error(index, told)
        return
    yield f"{where}: takes forged results of {one.trusted} away"
    if not judged.server_speaks:
        told = (
            f"{where}: {one.trusted} wrote no results above the topmost Received line of the probe,"
            " and only there they are believed: is the name right?"
        )
        yield Finding(("imap", index, "trusted_results"), told, Severity.WARNING)


def _send(config: Config, one: Probe, way: str) -> None:
    """Hand the probe to a mail server, signed as all our mail; the null sender gets no bounce."""
    at = utc_now()
    mail, signer = one.written(at), signer_of(config)
    signed = signer.signed(mail, at) if signer is not None else mail
    relay = open_relay(way, hello=config.smtp.hostname or config.helpdesk.domain)

    async def send() -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await relay.send(signed, "", one.address)
        finally:
            await relay.close()

    asyncio.run(send())


def _error(index: int, told: str) -> Finding:
    return Finding(("imap", index, "trusted_results"), told)
