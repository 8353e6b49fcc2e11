"""Everything that can be proven about the sender of a mail, by all methods at once.

Rule: each mail has twenty seconds and a purse of questions of its own, each method a task of its
own: what fails or is late costs its own proof and nobody else's. A mail with a structure fault, of
which two readers may see different senders, gets no evidence at all. Never raises.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.proofs.dns import Asks
from gateway.proofs.purse import Purse
from parsers.envelope import Envelope
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from parsers.gate import look
from parsers.header import Header, read_header

MAIL_S = 20.0
DNS_S = 15.0
NAMES = 60  # five keys, two policies, and what SPF may ask
LARGE_BYTES = 500_000
_log = structlog.get_logger("proofs")


@dataclass(frozen=True, slots=True)
class ToProve:
    """One delivery whose sender is to be proven.

    `sender` is From's one plain address, None when there is none (`InboundMail.sender.address`).
    `trusted_results` is the authserv-id that the configuration trusts for its mailbox, "" for none.
    """

    raw: bytes
    envelope: Envelope
    sender: str | None
    trusted_results: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a method is given: the mail, its header, whom it may ask, and the time."""

    mail: ToProve
    header: Header
    lookup: Asks
    now: datetime


Prover = Callable[[Asked], Awaitable[tuple[Proof, ...]]]
Aligner = Callable[[Sequence[Proof], str | None, Asks], Awaitable[tuple[Proof, ...]]]
SmimeProver = Callable[[bytes, str | None, datetime], Awaitable[tuple[Proof, ...]]]


async def no_proofs(*_: object) -> tuple[Proof, ...]:
    """Be a method that is not there."""
    return ()


@dataclass(frozen=True, slots=True)
class Provers:
    """The methods, and whom they ask. `dmarc` judges what `dkim` found."""

    lookup: Asks
    dkim: Prover
    dmarc: Aligner
    results: Prover
    spf: Prover
    arc: Prover
    smime: SmimeProver = no_proofs


async def prove(
    mail: ToProve, provers: Provers, now: datetime, *, limit_s: float = MAIL_S
) -> SenderEvidence:
    """Return the evidence for one mail, within `limit_s` seconds."""
    try:
        header = await _opened(mail)
    except Exception as error:
        _log_failure("header", error)
        return SenderEvidence()
    if header is None:
        return SenderEvidence()
    purse = Purse(provers.lookup, seconds=min(DNS_S, limit_s * 0.75), names=NAMES)
    asked = Asked(mail, header, purse, now)
    found: dict[ProofKind, tuple[Proof, ...]] = {}
    ways: dict[ProofKind, Awaitable[None]] = {
        ProofKind.DKIM: _dkim_and_dmarc(provers, asked, found),
        ProofKind.SMIME: _kept(found, ProofKind.SMIME, provers.smime(mail.raw, mail.sender, now)),
        ProofKind.RESULTS: _kept(found, ProofKind.RESULTS, provers.results(asked)),
        ProofKind.SPF: _kept(found, ProofKind.SPF, provers.spf(asked)),
        ProofKind.ARC: _kept(found, ProofKind.ARC, provers.arc(asked)),
    }
    tasks = [asyncio.ensure_future(way) for way in ways.values()]
    try:
        _, late = await asyncio.wait(tasks, timeout=limit_s)
    finally:
        for task in tasks:
            task.cancel()
    if late:
        await asyncio.wait(late)  # they have been told to stop, and stop at once
    proofs = tuple(p for kind in _ORDER for p in found.get(kind, ()))
    return SenderEvidence(proofs, purse.silences)


_ORDER = (
    ProofKind.DKIM,
    ProofKind.DMARC,
    ProofKind.SMIME,
    ProofKind.RESULTS,
    ProofKind.SPF,
    ProofKind.ARC,
)


async def _opened(mail: ToProve) -> Header | None:
    """Return the header of a mail, None for one of which nothing can be said."""
    if mail.envelope.faults:
        return None
    if len(mail.raw) > LARGE_BYTES:
        return await asyncio.to_thread(_sound_header, mail.raw)
    return _sound_header(mail.raw)


def _sound_header(raw: bytes) -> Header | None:
    return None if look(raw).faults else read_header(raw)


async def _dkim_and_dmarc(
    provers: Provers, asked: Asked, found: dict[ProofKind, tuple[Proof, ...]]
) -> None:
    try:
        await _kept(found, ProofKind.DKIM, provers.dkim(asked))
    except asyncio.CancelledError:
        why = "the signatures were not checked in time"
        found[ProofKind.DMARC] = (Proof(ProofKind.DMARC, "", ProofStatus.TEMPERROR, why),)
        raise
    signed = found[ProofKind.DKIM]
    await _kept(found, ProofKind.DMARC, provers.dmarc(signed, asked.mail.sender, asked.lookup))
    judged = found[ProofKind.DMARC]
    if judged[: len(signed)] and len(judged) > len(signed):  # the same, and marked
        found[ProofKind.DKIM] = judged[: len(signed)]
        found[ProofKind.DMARC] = judged[len(signed) :]


async def _kept(
    found: dict[ProofKind, tuple[Proof, ...]],
    kind: ProofKind,
    asking: Awaitable[tuple[Proof, ...]],
) -> None:
    """Keep what a method says; late is *not answered*, broken is *not checked*."""
    try:
        found[kind] = await asking
    except asyncio.CancelledError:
        found[kind] = (Proof(kind, "", ProofStatus.TEMPERROR, "not answered in time"),)
        raise
    except Exception as error:
        _log_failure(str(kind), error)
        found[kind] = (Proof(kind, "", ProofStatus.PERMERROR, "it could not be checked"),)


def _log_failure(method: str, error: Exception) -> None:
    """Say what failed and where; never the message, which may hold text of the mail."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    _log.error("a sender check failed", method=method, error=type(error).__name__, where=where)
