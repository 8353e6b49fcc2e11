"""Who may raise an alarm or open a team ticket: the person, the VO, the site, and the signed words.

Each question answers with a reason from the closed list, or None for "yes". Whatever is unclear is
a reason to hold: a person then looks at it. Source: docs/security.md, the decision table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from parsers.evidence import ProofKind
from router.claim import Claim, alarm_rows, counts_at, is_team_member, takes_alarms, vo_of
from router.methods import counts_for, why_too_weak
from router.rights import Standing
from router.ticket import TicketKind
from router.tokens import read_token
from router.words import Reason

# What has to be signed, so that nobody can turn one signed mail into another. Not Message-ID: the
# name under which a signature counts once is made of what it signs (`Proof.replay_key`).
SIGNED_FIELDS = frozenset({"from", "subject", "date"})


def why_not(claim: Claim, kind: TicketKind) -> Reason | None:
    """Return why a request of this kind is not granted, None when it is.

    Each proof of the sender is asked for itself; the reason is that of the best one.
    """
    refused = [_refusal(replace(claim, sender=one), _QUESTIONS[kind]) for one in claim.sender.each]
    return None if None in refused else refused[0]


def vo_granted(claim: Claim, kind: TicketKind, role: str) -> str:
    """Return the VO of a request that is granted, by the proof that grants it."""
    each = (replace(claim, sender=one) for one in claim.sender.each)
    granted = next((one for one in each if _refusal(one, _QUESTIONS[kind]) is None), claim)
    return vo_of(granted.sender.members, role, claim.vo)


def may_wake(claim: Claim, ticket: int, now: datetime) -> bool:
    """Whether a supporter's words are proven well enough to wake the site of a held alarm.

    As well as an alarmer's own: by a method that counts here, all of it signed, meant for us.
    """
    each = (replace(claim, sender=one) for one in claim.sender.each)
    asks = (_alarm_proven, _method_counts, _all_signed)
    return any(
        _refusal(one, asks) is None and (_said_here(one) or _answers(one, ticket, now))
        for one in each
    )


Question = Callable[[Claim], Reason | None]


def _refusal(claim: Claim, questions: Iterable[Question]) -> Reason | None:
    return next((reason for ask in questions if (reason := ask(claim))), None)


# ---- alarm ---------------------------------------------------------------------------------------


def _alarm_proven(claim: Claim) -> Reason | None:
    if not claim.sender.may.raise_alarm:
        unbound = claim.sender.standing is Standing.UNBOUND
        return Reason.NOT_ALL_SIGNED if unbound else Reason.ALARM_NOT_PROVEN
    if claim.sender.standing is Standing.RESULTS:
        proof = claim.sender.proof
        trusted = proof is not None and proof.issuer in claim.policy.alarm_results
        return None if trusted else Reason.ALARM_BY_RESULTS
    return None


def _alarmer(claim: Claim) -> Reason | None:
    rows = [one for one in claim.sender.members if "alarm" in one.roles]
    if not rows:
        return Reason.OTHER_ISSUER if _of_another_issuer(claim) else Reason.NOT_AN_ALARMER
    if not vo_of(rows, "alarm", claim.vo):
        return Reason.VO_UNCLEAR
    return None if alarm_rows(claim) else Reason.NOT_AN_ALARMER


def _of_another_issuer(claim: Claim) -> bool:
    """Whether a certificate bears a name that is registered here for another issuer's only."""
    proof = claim.sender.proof
    if proof is None or proof.kind is not ProofKind.SMIME or claim.sender.members:
        return False
    return claim.facts.roster.has_certificate_name(proof.identity)


def _alarm_site(claim: Claim) -> Reason | None:
    rows = alarm_rows(claim)
    vo = vo_of(rows, "alarm", claim.vo)
    sites = claim.sites
    if not sites or len(sites) != len(claim.routes):
        return Reason.ALARM_WITHOUT_SITE
    if not all(takes_alarms(site, vo) for site in sites):
        return Reason.NO_ALARMS_OF_VO
    known = all(any(counts_at(one, site) for one in rows) for site in sites)
    return None if known else Reason.NOT_ALARMER_OF_SITE


def _alarm_method(claim: Claim) -> Reason | None:
    """Ask whether this kind of proof is enough, for this person and for this mail.

    One row has to allow both, method and site: several people may share an address.
    """
    rows = [one for one in alarm_rows(claim) if counts_for(claim.sender, [one])]
    by_person = all(any(counts_at(one, site) for one in rows) for site in claim.sites)
    return _method_counts(claim) if by_person else Reason.WEAK_EVIDENCE


def _method_counts(claim: Claim) -> Reason | None:
    sender = claim.mail.heard.sender
    return why_too_weak(claim.sender, sender.address if sender else "", claim.policy)


def _all_signed(claim: Claim) -> Reason | None:
    proof = claim.sender.proof
    if proof is None or not proof.replay_key:
        return Reason.NOT_ALL_SIGNED  # what has no name of its own could come every night
    asked = SIGNED_FIELDS if proof.kind is ProofKind.DKIM else frozenset()
    by_us = proof.kind is ProofKind.RESULTS  # that mailbox is our own
    return None if by_us or proof.covers >= {"body", *asked} else Reason.NOT_ALL_SIGNED


def _alarm_is_for_us(claim: Claim) -> Reason | None:
    """Ask for signed words that say that this alarm is meant for this helpdesk."""
    to_alarm = claim.policy.addresses.alarm in _signed_recipients(claim)
    return None if to_alarm or _said_here(claim) else Reason.NOT_BOUND


def _said_here(claim: Claim) -> bool:
    """Whether the text names this helpdesk; what a mailbox of our own says was sent to us."""
    proof = claim.sender.proof
    said = claim.mail.heard.block.value("alarm").strip().lower()
    by_results = proof is not None and proof.kind is ProofKind.RESULTS
    return by_results or said == claim.policy.addresses.domain.lower()


def _answers(claim: Claim, ticket: int, now: datetime) -> bool:
    """Whether it is signed that a mail went to us; and not as an answer to another ticket."""
    addresses, keys = claim.policy.addresses, claim.policy.keys
    ours = [one for one in _signed_recipients(claim) if addresses.is_ours(one)]
    tokens = [read_token(keys, addresses.token(one), now) for one in ours]
    return bool(ours) and {one.ticket for one in tokens if one is not None} <= {ticket}


def _signed_recipients(claim: Claim) -> list[str]:
    proof, heard = claim.sender.proof, claim.mail.heard
    return [
        box.address.lower()
        for field, boxes in (("to", heard.to), ("cc", heard.cc))
        if proof is not None and field in proof.covers
        for box in boxes
    ]


# ---- team ----------------------------------------------------------------------------------------


def _team_proven(claim: Claim) -> Reason | None:
    return None if claim.sender.may.update_team else Reason.TEAM_NOT_PROVEN


def _teamer(claim: Claim) -> Reason | None:
    vo = claim.vo or vo_of(claim.sender.members, "team", "")
    if not vo and any("team" in one.roles for one in claim.sender.members):
        return Reason.VO_UNCLEAR
    if vo and is_team_member(claim.sender.members, vo):
        return None
    return Reason.OTHER_ISSUER if _of_another_issuer(claim) else Reason.NOT_IN_THE_TEAM


_QUESTIONS: Mapping[TicketKind, tuple[Question, ...]] = {
    TicketKind.USER: (),
    TicketKind.TEAM: (_team_proven, _teamer),
    TicketKind.ALARM: (
        _alarm_proven,
        _alarmer,
        _alarm_site,
        _alarm_method,
        _all_signed,
        _alarm_is_for_us,
    ),
}
