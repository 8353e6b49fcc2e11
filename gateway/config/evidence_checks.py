"""Rules for what may prove an alarm: lists that would page nobody, and rules that meet nobody.

They read the document as written, like all rules that span keys.
"""

from collections.abc import Iterator
from typing import Any

from gateway.config.faults import Finding, Severity

_OF = ("proof", "alarm_evidence_of")


def check_evidence(document: dict[str, Any]) -> Iterator[Finding]:
    """Find evidence for alarms that nobody could bring."""
    proof = document.get("proof")
    proof = proof if isinstance(proof, dict) else {}
    if proof.get("alarm_evidence") == []:
        yield Finding(("proof", "alarm_evidence"), "an empty list would never page anybody")
    members = document.get("member")
    for index, member in enumerate(members if isinstance(members, list) else ()):
        if isinstance(member, dict) and member.get("alarm_evidence") == []:
            loc = ("member", index, "alarm_evidence")
            yield Finding(loc, "an empty list proves nothing: leave out the role alarm instead")
    yield from _of_domains(proof)


def _of_domains(proof: dict[str, Any]) -> Iterator[Finding]:
    rules = proof.get("alarm_evidence_of")
    seen: dict[str, str] = {}
    for domain, asked in rules.items() if isinstance(rules, dict) else ():
        other = seen.setdefault(domain.lower(), domain)
        if other != domain:
            yield Finding((*_OF, domain), f"is the same domain as {other}")
        if not isinstance(asked, list) or not asked or proof.get("anchors"):
            continue
        if all(isinstance(one, str) and "smime" in one for one in asked):
            told = "asks for smime, but without [proof] anchors no certificate is believed"
            yield Finding((*_OF, domain), told, Severity.WARNING)
