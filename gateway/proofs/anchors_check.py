"""Whether the configured trust anchors can judge anybody: asked by check-config.

Rule: an unusable file is a warning, because it disables only its own CA; no usable root at all is
an error. It reads what the daemon would read, and changes nothing.
"""

from collections.abc import Iterator
from datetime import datetime

from gateway.config.faults import Finding, Severity
from gateway.config.root import Config
from gateway.proofs.anchors import Anchors
from gateway.proofs.crl import Standing, standing
from gateway.proofs.trust import Trust

_LOC = ("proof", "anchors")


def check_anchors(config: Config, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with `[proof] anchors`; nothing when it is not set."""
    if config.proof.anchors is None:
        return ()
    trust = Anchors(config.proof.anchors, quiet=True).trust(now)
    return tuple(_faults(trust, now, lists_needed=config.proof.crl == "require"))


def _faults(trust: Trust, now: datetime, *, lists_needed: bool) -> Iterator[Finding]:
    for fault in trust.faults:
        yield Finding(_LOC, fault, Severity.WARNING)
    if not trust.roots:
        yield Finding(_LOC, "no self-signed CA certificate in it can be used: S/MIME is not proven")
    for issuer in (*trust.roots, *trust.intermediates):
        lists = trust.crls.get(issuer.subject, ())
        # whose standing is asked matters little: the list itself must count
        said, why = standing(issuer, issuer, lists, now)
        if lists_needed and said is Standing.UNKNOWN:
            name = issuer.subject.rfc4514_string()
            yield Finding(_LOC, f"{name}: {why}: run fetch-crl", Severity.WARNING)
