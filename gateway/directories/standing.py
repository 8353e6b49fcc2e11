"""What a person may do and why, in sentences for an operator. It explains; it decides nothing."""

from parsers.registry import Registry, Site
from parsers.roster import Member, dn_key, read_name
from router.decision import Policy
from router.federation import Entry, Federation
from router.methods import asked_of, say_asked_of

MAX_SITES_NAMED = 20
_EVIDENCE = {
    "dkim": "a valid DKIM signature of the domain of one of the addresses",
    "smime": "an S/MIME signature by one of the certificates",
}


def find_person(federation: Federation, who: str) -> tuple[Entry, ...]:
    """Return every entry that names this address (without regard to case) or DN (however spelt)."""
    wanted = who.strip()
    subject = dn_key(wanted)
    return tuple(
        entry
        for entry in federation.entries
        if wanted.lower() in {address.lower() for address in entry.member.addresses}
        or subject in map(dn_key, entry.member.certificates)
        or subject in map(dn_key, entry.member.suspended_certificates)
    )


def explain_person(entry: Entry, federation: Federation, policy: Policy) -> list[str]:
    """Return what this entry lets the person do, or why nothing."""
    member = entry.member
    lines = [f"addresses: {', '.join(member.addresses) or 'none'}"]
    lines += [_certificate(subject, issuer) for subject, issuer in member.registered]
    lines += [f"suspended certificate, which proves nothing: {dn}"
              for dn in member.suspended_certificates]  # fmt: skip
    if member.until is not None:
        lines.append(f"member until {member.until:%Y-%m-%d %H:%M} UTC")
    roles = ", ".join(sorted(member.roles)) or "none"
    if entry.barred:
        return [*lines, f"may do nothing by this entry: {entry.barred} (its roles: {roles})"]
    lines.append(f"roles: {roles}")
    if "team" in member.roles:
        lines.append(f"may open and change team tickets of {member.vo}")
    if "alarm" in member.roles:
        lines.append(_alarms(member, federation.registry))
        evidence = _usable_evidence(member, policy)
        told = "; or ".join(_EVIDENCE[one] for one in evidence)
        needed = " or ".join(member.alarm_evidence)
        lines.append(
            f"an alarm is proven by {told}"
            if told
            else f"nothing can prove an alarm: what {needed} needs is not known or not taken here"
        )
        rules = (say_asked_of(policy, address) for address in member.addresses)
        lines += dict.fromkeys(rule for rule in rules if rule)
    if "support" in member.roles:
        lines.append("may change tickets as a supporter")
    if "multisite" in member.roles:
        lines.append("may name several sites in one mail")
    if not member.roles:
        lines.append("is known, and may do what everybody may")
    return lines


def _certificate(subject: str, issuer: str) -> str:
    """Say a certificate and who must have issued it; a name that is not clear proves nothing."""
    unclear = next((one for one in (subject, issuer) if one and read_name(one) is None), None)
    if unclear is not None:
        return f"certificate: {subject}, which proves nothing: {unclear} may mean two names"
    by = issuer or "any trusted authority, because the source names none"
    return f"certificate: {subject}, issued by {by}"


def _alarms(member: Member, registry: Registry) -> str:
    sites = [site for site in registry.sites if site.routable and _takes(site, member.vo)]
    if member.alarm_sites:
        named = {s.name for name in member.alarm_sites for s in registry.find_sites(name)}
        sites = [site for site in sites if site.name in named]
    names = [site.name for site in sites[:MAX_SITES_NAMED]]
    if len(sites) > MAX_SITES_NAMED:
        names.append(f"{len(sites) - MAX_SITES_NAMED} more")
    return f"may raise alarms of {member.vo} at {', '.join(names) or 'no site: none takes them'}"


def _takes(site: Site, vo: str) -> bool:
    """Whether a site takes alarms of a VO: tier 0 and 1 those of all, others those they name."""
    return site.tier in {0, 1} or vo.lower() in {one.lower() for one in site.alarm_vos}


def _usable_evidence(member: Member, policy: Policy) -> list[str]:
    """Return the kinds of proof that count for this person From one of the addresses at least."""
    rules = [asked_of(policy, address) or policy.alarm_evidence for address in member.addresses]
    ways = rules or [policy.alarm_evidence]
    allowed = {kind for rule in ways for one in rule for kind in one.split("+")}
    has = {"dkim": bool(member.addresses), "smime": bool(member.certificates)}
    return [one for one in member.alarm_evidence if has.get(one) and one in allowed]
