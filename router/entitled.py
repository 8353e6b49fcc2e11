"""Who may raise an alarm or open a team ticket: the person, the VO, the site, and the signed words.

Each question answers with a reason from the closed list, or None for "yes". Whatever is unclear is
a reason to hold: a person then looks at it. Source: docs/security.md, the decision table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.evidence import ProofKind
from parsers.registry import Site
from parsers.roster import Member
from router.authority import Sender, Standing
from router.decision import Facts, Mail, Policy, Route
from router.ticket import TicketKind
from router.tokens import read_token
from router.words import Reason

TIERS_WITH_ALARMS = frozenset({0, 1})
# What has to be signed, so that nobody can turn one signed mail into another. Not Message-ID: the
# name under which a signature counts once is made of what it signs (`Proof.replay_key`).
SIGNED_FIELDS = frozenset({"from", "subject", "date"})
_METHODS: Mapping[ProofKind, str] = {ProofKind.DKIM: "dkim", ProofKind.SMIME: "smime"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A request for an alarm or team ticket: by whom, in which VO, where to.

    `vo` is the VO that the mail names, "" for none.
    """

    mail: Mail
    sender: Sender
    facts: Facts
    policy: Policy
    vo: str
    routes: tuple[Route, ...]

    @property
    def sites(self) -> tuple[Site, ...]:
        """Return the notified sites; empty when it goes to none."""
        named = [to.site for to in self.routes]
        found = [self.facts.registry.find_sites(name) for name in named if name]
        return tuple(sites[0] for sites in found if sites)


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


def vo_of(members: Iterable[Member], role: str, named: str) -> str:
    """Return the VO of a request: the named one, else the only one in which a person has the role.

    "" when it is not clear.
    """
    if named:
        return named
    vos = {one.vo.lower(): one.vo for one in members if role in one.roles and one.vo}
    return next(iter(vos.values())) if len(vos) == 1 else ""


def may_name_several(sender: Sender) -> bool:
    """Whether the person may name several sites in one mail."""
    return any("multisite" in row.roles for one in sender.each for row in one.members)


def is_team_member(members: Iterable[Member], vo: str) -> bool:
    """Whether one of these rows makes its person a member of the VO's team; alarmers are."""
    return any(_is(one.vo, vo) and one.roles & {"team", "alarm"} for one in members)


def takes_alarms(site: Site, vo: str) -> bool:
    """Whether alarms of a VO may be raised at a site."""
    return site.tier in TIERS_WITH_ALARMS or vo.lower() in {one.lower() for one in site.alarm_vos}


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
    vo = vo_of(rows, "alarm", claim.vo)
    if not vo:
        return Reason.VO_UNCLEAR
    return None if any(_is(one.vo, vo) for one in rows) else Reason.NOT_AN_ALARMER


def _of_another_issuer(claim: Claim) -> bool:
    """Whether a certificate bears a name that is registered here for another issuer's only."""
    proof = claim.sender.proof
    if proof is None or proof.kind is not ProofKind.SMIME or claim.sender.members:
        return False
    return claim.facts.roster.has_certificate_name(proof.identity)


def _alarm_site(claim: Claim) -> Reason | None:
    rows = _alarm_rows(claim)
    vo = vo_of(rows, "alarm", claim.vo)
    sites = claim.sites
    if not sites or len(sites) != len(claim.routes):
        return Reason.ALARM_WITHOUT_SITE
    if not all(takes_alarms(site, vo) for site in sites):
        return Reason.NO_ALARMS_OF_VO
    named = {name.lower() for one in rows for name in one.alarm_sites}
    everywhere = any(not one.alarm_sites for one in rows)
    known = all({site.name.lower(), *map(str.lower, site.aliases)} & named for site in sites)
    return None if everywhere or known else Reason.NOT_ALARMER_OF_SITE


def _alarm_method(claim: Claim) -> Reason | None:
    """Ask whether this kind of proof is enough, for the helpdesk and for this person."""
    method = _method(claim)
    by_person = any(method in one.alarm_evidence for one in _alarm_rows(claim))
    return _method_counts(claim) if by_person or not method else Reason.WEAK_EVIDENCE


def _method_counts(claim: Claim) -> Reason | None:
    method = _method(claim)
    return None if not method or method in claim.policy.alarm_evidence else Reason.WEAK_EVIDENCE


def _method(claim: Claim) -> str:
    """Return the name of the kind of proof; "" for a mailbox's results, which are asked before."""
    proof = claim.sender.proof
    return _METHODS.get(proof.kind, "") if proof is not None else ""


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


def _alarm_rows(claim: Claim) -> list[Member]:
    rows = [one for one in claim.sender.members if "alarm" in one.roles]
    vo = vo_of(rows, "alarm", claim.vo)
    return [one for one in rows if _is(one.vo, vo)]


def _is(one: str, other: str) -> bool:
    return one.lower() == other.lower()


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
