"""Which kinds of proof are enough for an alarm: for the helpdesk, for the person, for a domain.

Where a mail provider signs for all its users, one of them can pass for another one: an operator
asks more of such a domain. Rule: what a mailbox's own server says of a domain is no better than
that domain's DKIM signature. Source: docs/security.md, "Domains that sign for anybody".
"""

from collections.abc import Iterable, Mapping

from parsers.evidence import ProofKind
from parsers.roster import Member
from router.authority import Sender
from router.decision import Policy
from router.words import Reason

BOTH = "dkim+smime"  # of one mail, for the same person
_METHODS: Mapping[ProofKind, str] = {
    ProofKind.DKIM: "dkim",
    ProofKind.SMIME: "smime",
    ProofKind.RESULTS: "dkim",
}
SPOKEN: Mapping[str, str] = {
    "dkim": "a DKIM signature of the domain",
    "smime": "an S/MIME signature",
    BOTH: "both a DKIM signature of the domain and an S/MIME signature",
}


def asked_of(policy: Policy, address: str) -> tuple[str, ...] | None:
    """Return what an alarm From this address needs, one of these; None without a rule of its own.

    A rule is for the domain and those below it; the longest name counts.
    """
    domain = address.rpartition("@")[2].lower()
    while domain:
        if domain in policy.alarm_evidence_of:
            return policy.alarm_evidence_of[domain]
        domain = domain.partition(".")[2]
    return None


def say_asked_of(policy: Policy, address: str) -> str:
    """Return the rule for an address as a sentence for people; "" without one."""
    asked = asked_of(policy, address)
    if asked is None:
        return ""
    domain = address.rpartition("@")[2].lower()
    return (
        f"An alarm from an address at {domain} needs {' or '.join(SPOKEN[one] for one in asked)}."
    )


def why_too_weak(sender: Sender, address: str, policy: Policy) -> Reason | None:
    """Return why this kind of proof is not enough for an alarm, None when it is."""
    asked = asked_of(policy, address)
    if asked is not None:
        return None if _fits(sender, asked) else Reason.WEAK_FOR_DOMAIN
    # whether a mailbox's results count is asked of the mailbox
    by_results = sender.proof is not None and sender.proof.kind is ProofKind.RESULTS
    known = sender.proof is None or by_results or _fits(sender, policy.alarm_evidence)
    return None if known else Reason.WEAK_EVIDENCE


def counts_for(sender: Sender, rows: Iterable[Member]) -> bool:
    """Whether this kind of proof is enough for the person, by one of these rows of the roster."""
    if sender.proof is None or sender.proof.kind is ProofKind.RESULTS:
        return True
    return any(_fits(sender, row.alarm_evidence) for row in rows)


def _fits(sender: Sender, asked: Iterable[str]) -> bool:
    """Whether the proof is one of these, with all that has to come with it."""
    own, there = _method(sender), _together(sender)
    ways = (frozenset(one.split("+")) for one in asked)
    return any(own in way and way <= there for way in ways)


def _together(sender: Sender) -> frozenset[str]:
    """Return the kinds of proof of this mail that speak for the same person of the roster."""
    names = {row.name for row in sender.members}  # without any, nobody of them is known
    same = [one for one in sender.also if not names or names & {row.name for row in one.members}]
    return frozenset(map(_method, [sender, *same]))


def _method(sender: Sender) -> str:
    return _METHODS.get(sender.proof.kind, "") if sender.proof is not None else ""
