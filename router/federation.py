"""One federation from several sources: the configuration, and what the directories said.

Precedence: the sources in their order, the configuration first. For a site and a ROC the first
source that gives a field wins, field by field. A site by hand that leaves its ROC to a directory is
that directory's site, and not certified when none lists it. A person of a VO belongs to the first
source in which the person has rights; a suspension that any source tells of beats them all. Here a
certificate is known by its subject alone, whoever issued it: that can only take a right away.
Nothing is read or written here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.directory import Answer
from parsers.registry import Downtime, Registry, Roc, Site, SupportUnit
from parsers.roster import Member, Roster, dn_key

BY_HAND = "config"  # the source of what stands in the configuration itself
UNLISTED = "Uncertified"  # closed sites are not even read
CRITICAL_TIERS = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Source:
    """What one source says. `given` names, for sites by hand, the fields that were written down.

    A site that is not in `given` gives what is not empty.
    """

    name: str
    answer: Answer
    given: tuple[tuple[str, frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A person as one source has it. `barred` says why this entry gives no right, "" if it does."""

    member: Member
    barred: str = ""


@dataclass(frozen=True, slots=True)
class Federation:
    """All sources together. `entries` are all people, also those who may do nothing.

    `until` is when a membership ends next, so that this has to be done again; None for never.
    """

    registry: Registry
    roster: Roster
    entries: tuple[Entry, ...] = ()
    until: datetime | None = None


def combine(
    sources: Sequence[Source],
    now: datetime,
    *,
    units: tuple[SupportUnit, ...] = (),
    vos: tuple[str, ...] = (),
) -> Federation:
    """Return the federation that these sources make, first ones first."""
    entries = _entries(sources, now)
    ends = [m.until for s in sources for m in s.answer.members if m.until and m.until > now]
    registry = Registry(
        sites=_sites(sources),
        rocs=_rocs(sources),
        units=units,
        vos=vos,
        downtimes=tuple(_downtimes(sources)),
    )
    in_force = tuple(
        one.member
        for one in entries
        if not one.barred and (one.member.roles or one.member.source == BY_HAND)
    )
    return Federation(registry, Roster(in_force), entries, min(ends, default=None))


def without_alarm_address(registry: Registry) -> tuple[Site, ...]:
    """Return the sites of tier 0 and 1 that would have to be woken, and cannot be."""
    return tuple(
        site
        for site in registry.sites
        if site.tier in CRITICAL_TIERS and site.routable and not site.alarm_addresses
    )


def _sites(sources: Sequence[Source]) -> tuple[Site, ...]:
    found: dict[str, list[tuple[Site, frozenset[str] | None]]] = {}
    for source in sources:
        given = dict(source.given)
        for site in source.answer.sites:
            found.setdefault(site.name.lower(), []).append((site, given.get(site.name)))
    return tuple(_one_site(same) for same in found.values())


_FIELDS = (
    "aliases", "roc", "tier", "certification", "contacts", "alarm_addresses", "alarm_vos",
    "receipt", "resolve",
)  # fmt: skip


def _one_site(same: Sequence[tuple[Site, frozenset[str] | None]]) -> Site:
    """Return a site with each field from the first source that gives it."""
    first, given = same[0]
    if len(same) == 1:
        noted_only = given is not None and not {"roc", "certification"} & given
        return replace(first, certification=UNLISTED) if noted_only else first
    values: dict[str, object] = {}
    used: dict[str, None] = {first.source: None}
    for name in _FIELDS:
        for site, given in same:
            value = getattr(site, name)
            if _gives(name, value, given):
                values[name] = value
                used[site.source] = None
                break
    changed = [site.updated_at for site, _ in same if site.updated_at is not None]
    merged = {"source": "+".join(used), "updated_at": max(changed, default=None)}
    return replace(first, **values, **merged)  # type: ignore[arg-type] # names of its own fields


def _gives(name: str, value: object, given: frozenset[str] | None) -> bool:
    """Whether a source says something about a field; how a site's hook works no directory says."""
    if given is not None:
        return name in given
    return name not in {"receipt", "resolve"} and value not in {None, "", ()}


def _rocs(sources: Sequence[Source]) -> tuple[Roc, ...]:
    """Return the ROCs with the addresses, and the supporters, of the first source that has any.

    A ROC for which no source has an address is none.
    """
    found: dict[str, Roc] = {}
    supporters: dict[str, tuple[str, ...]] = {}
    for source in sources:
        for roc in source.answer.rocs:
            name = roc.name.lower()
            if roc.addresses:
                found.setdefault(name, roc)
            if roc.supporters:
                supporters.setdefault(name, roc.supporters)
    return tuple(replace(roc, supporters=supporters.get(name, ())) for name, roc in found.items())


def _downtimes(sources: Iterable[Source]) -> list[Downtime]:
    return [one for source in sources for one in source.answer.downtimes]


def _entries(sources: Sequence[Source], now: datetime) -> tuple[Entry, ...]:
    barred, suspended = _barred(sources, now), _suspended(sources, now)
    taken: dict[tuple[str, str], str] = {}  # (vo, DN or address) -> the source that has the person
    entries: list[Entry] = []
    for source in sources:
        mine: dict[tuple[str, str], str] = {}
        for member in source.answer.members:
            entry = _entry(member, barred, suspended, taken, now)
            entries.append(entry)
            if not entry.barred and entry.member.roles:
                mine |= dict.fromkeys(_identities(entry.member), source.name)
        taken = mine | taken
    return tuple(entries)


def _entry(
    member: Member,
    barred: dict[tuple[str, str], str],
    suspended: dict[tuple[str, str], str],
    taken: dict[tuple[str, str], str],
    now: datetime,
) -> Entry:
    if member.suspended:
        return Entry(member, f"suspended in {member.source}")
    if member.expired(now) and member.until is not None:
        return Entry(member, f"the membership ended on {member.until:%Y-%m-%d}")
    themselves = next((suspended[one] for one in _identities(member) if one in suspended), "")
    if themselves:
        return Entry(member, themselves)
    vo = member.vo.lower()
    why = [barred[one] for one in _identities(member) if one in barred]
    left = [pair for pair in member.registered if (vo, dn_key(pair[0])) not in barred]
    mails = tuple(a for a in member.addresses if (vo, a.lower()) not in barred)
    if why and not left and not mails:
        return Entry(member, why[0])
    owner = next((taken[one] for one in _identities(member) if one in taken), "")
    if owner:
        return Entry(member, f"{owner} comes first")
    if why:
        issuers = tuple(issuer for _, issuer in left) if member.issuers else ()
        certificates = tuple(dn for dn, _ in left)
        member = replace(member, addresses=mails, certificates=certificates, issuers=issuers)
    return Entry(member)


def _suspended(sources: Sequence[Source], now: datetime) -> dict[tuple[str, str], str]:
    """Return the identities of people who are suspended themselves, and why.

    What else somebody of one of them has elsewhere gives no right either. People who are registered
    again in the same source, by any of the identities, are not suspended.
    """
    found: dict[tuple[str, str], str] = {}
    for source in sources:
        members = source.answer.members
        active = {
            identity
            for one in members
            if not one.suspended and not one.expired(now)
            for identity in _identities(one)
        }
        for one in members:
            mine = _identities(one)
            if one.suspended and active.isdisjoint(mine):
                found |= dict.fromkeys(mine, f"suspended in {one.source}")
    return found


def _barred(sources: Sequence[Source], now: datetime) -> dict[tuple[str, str], str]:
    """Return the DNs and addresses that no source may give rights to, and why.

    A DN is barred by the suspension of it or of its owner. An address is barred by the suspension
    of its owner, unless the same source has the address for somebody who is not: people register
    again, with a new certificate, and their old registration is suspended.
    """
    found: dict[tuple[str, str], str] = {}
    for source in sources:
        members = source.answer.members
        active = {
            (one.vo.lower(), address.lower())
            for one in members
            if not one.suspended and not one.expired(now)
            for address in one.addresses
        }
        for one in members:
            vo, why = one.vo.lower(), f"suspended in {one.source}"
            dns = one.suspended_certificates
            if one.suspended:
                dns += one.certificates
                mails = {(vo, address.lower()) for address in one.addresses}
                found |= dict.fromkeys(mails - active, why)
            found |= {(vo, dn_key(dn)): why for dn in dns}
    return found


def _identities(member: Member) -> list[tuple[str, str]]:
    vo = member.vo.lower()
    return [
        *((vo, dn_key(dn)) for dn in member.certificates),
        *((vo, address.lower()) for address in member.addresses),
    ]
