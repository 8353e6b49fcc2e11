"""Whether the configured trust anchors can judge anybody, now and in the next days.

Asked by check-config, and once a day by the clock, which tells the operator.
Rule: an unusable file is a warning, because it disables only its own CA; no usable root at all is
an error. It reads what the daemon would read, and changes nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from gateway.config.faults import Finding, Severity
from gateway.config.root import Config
from gateway.proofs.anchors import Anchors
from gateway.proofs.crl import Crl, Standing, standing
from gateway.proofs.trust import Trust

_LOC = ("proof", "anchors")
ANCHOR_ENDS_SOON = timedelta(days=30)
LIST_ENDS_SOON = timedelta(days=3)  # fetch-crl runs every six hours
SHORT_LISTS = 0.25  # of its life: some are made for a day


def check_anchors(config: Config, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with `[proof] anchors`; nothing when it is not set."""
    if config.proof.anchors is None:
        return ()
    trust = Anchors(config.proof.anchors, quiet=True).trust(now)
    return tuple(_faults(trust, now, lists_needed=config.proof.crl == "require"))


def said_of_anchors(config: Config, now: datetime) -> str:
    """Return the same for people, one line each; "" when all is well."""
    return "\n".join(one.message for one in check_anchors(config, now))


def _faults(trust: Trust, now: datetime, *, lists_needed: bool) -> Iterator[Finding]:
    for fault in trust.faults:
        yield Finding(_LOC, fault, Severity.WARNING)
    if not trust.roots:
        yield Finding(_LOC, "no self-signed CA certificate in it can be used: S/MIME is not proven")
    for issuer in (*trust.roots, *trust.intermediates):
        ends_at = issuer.not_valid_after_utc
        lists = trust.crls.get(issuer.subject, ())
        name = issuer.subject.rfc4514_string()
        if ends_at <= now + ANCHOR_ENDS_SOON:
            when = "has expired on" if ends_at <= now else "expires on"
            yield Finding(_LOC, f"{name}: it {when} {ends_at:%Y-%m-%d}", Severity.WARNING)
        if ends_at > now and (lists or lists_needed):
            why = _fault_of_lists(issuer, lists, now)
            if why:
                yield Finding(_LOC, f"{name}: {why}: run fetch-crl", Severity.WARNING)


def _fault_of_lists(issuer: x509.Certificate, lists: Sequence[Crl], now: datetime) -> str:
    """Return why the lists of an issuer say nothing, now or soon; "" when they do."""
    # whose standing is asked matters little: the list itself must count
    said, why = standing(issuer, issuer, lists, now)
    if said is Standing.UNKNOWN:
        return why
    good = [one for one in lists if standing(issuer, issuer, [one], now)[0] is Standing.GOOD]
    soon = [until for one in good if (until := _ends_soon(one, now)) is not None]
    if good and len(soon) == len(good):
        return f"the CRL of its issuer grows stale at {max(soon):%Y-%m-%d %H:%M} UTC"
    return ""


def _ends_soon(crl: Crl, now: datetime) -> datetime | None:
    """Return when a list that counts grows stale, None when that is not soon."""
    since, until = crl.listed.last_update_utc, crl.listed.next_update_utc
    if until is None or until - now > min(LIST_ENDS_SOON, (until - since) * SHORT_LISTS):
        return None
    return until
