"""Where a ticket goes: by the notified site to its ROC, to a named unit, else to first line.

A wrong guess is worse than first line: whatever is unknown, ambiguous, contradictory or not
certified goes there, with a note that says what was meant and what could have been.
Source: EGI helpdesk documentation, tickets to sites (docs/sources.md).
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from parsers.heard import InboundMail
from parsers.registry import Registry, Site
from parsers.subject import site_names_in
from router.decision import Policy, Route
from router.words import Reason

_SEPARATORS = re.compile(r"[;,]")
MAX_SITES = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a mail wants to go: site names as written, a unit's name, or nothing.

    `faults` are reasons why it cannot be read at all.
    """

    sites: tuple[str, ...] = ()
    unit: str = ""
    by_subject: bool = False
    faults: tuple[Reason, ...] = ()


def wish_of(heard: InboundMail, registry: Registry, *, subject_routes: bool) -> Wish:
    """Return what the field block asks for, else (where allowed) one site name in the subject."""
    lines = heard.block.values("site")
    units = heard.block.values("assign_to")
    if lines or units:
        names = {name.strip() for line in lines for name in _SEPARATORS.split(line)} - {""}
        faults = []
        if len({line.lower() for line in lines}) > 1 or len({u.lower() for u in units}) > 1:
            faults.append(Reason.CONTRADICTION)
        if lines and units:
            faults.append(Reason.SITE_AND_UNIT)
        known = registry.find_sites(lines[0]) if len(lines) == 1 else ()
        sites = lines if known else tuple(sorted(names))[:MAX_SITES]
        return Wish(sites, units[0] if units else "", faults=tuple(faults))
    if subject_routes and not heard.block.fields:
        found = site_names_in(heard.subject, registry.site_names())
        meant = {site.name for name in found for site in registry.find_sites(name)}
        if len(found) == 1 or len(meant) == 1:
            return Wish((found[0],), by_subject=True)
    return Wish()


def route(
    wish: Wish, registry: Registry, policy: Policy, *, multisite: bool = False
) -> tuple[Route, ...]:
    """Return one route, or one for each site when several are wanted by one entitled to that."""
    if wish.faults:
        return (first_line(registry, policy, wish.faults, _wrong(wish)),)
    if wish.unit:
        return (_to_unit(wish.unit, registry, policy),)
    if not wish.sites:
        return (first_line(registry, policy, (Reason.NO_SITE,), ()),)
    found = {name: registry.find_sites(name) for name in wish.sites}
    unknown = [name for name, sites in found.items() if not sites]
    if unknown:
        notes = tuple(_unknown_site(name, registry) for name in unknown)
        return (first_line(registry, policy, (Reason.SITE_UNKNOWN,), notes),)
    sites = tuple(dict.fromkeys(site for group in found.values() for site in group))
    if len(sites) > 1 and not multisite:
        names = ", ".join(site.name for site in sites)
        note = f'"{", ".join(wish.sites)}" may mean one of: {names}. Please name one site.'
        return (first_line(registry, policy, (Reason.SITE_AMBIGUOUS,), (note,)),)
    by = Reason.SITE_IN_SUBJECT if wish.by_subject else Reason.SITE_NAMED
    reasons = (Reason.SITES_NAMED,) if len(sites) > 1 else (by,)
    return tuple(_to_site(site, registry, policy, reasons) for site in sites)


def _to_site(site: Site, registry: Registry, policy: Policy, reasons: tuple[Reason, ...]) -> Route:
    if not site.routable:
        note = f"The site {site.name} is {site.certification.lower()}, so it is not notified."
        return first_line(registry, policy, (Reason.SITE_NOT_CERTIFIED,), (note,))
    unit = registry.find_unit(site.roc)
    if unit is None:
        note = f"The site {site.name} has no ROC that is known here, so it is not notified."
        return first_line(registry, policy, (Reason.SITE_WITHOUT_ROC,), (note,))
    notes: tuple[str, ...] = ()
    if not site.contacts:
        reasons = (*reasons, Reason.SITE_WITHOUT_CONTACT)
        notes = (f"No contact address is known for {site.name}: only {unit.name} was notified.",)
    return Route(unit.name, unit.addresses, site.name, site.contacts, reasons, notes)


def _to_unit(name: str, registry: Registry, policy: Policy) -> Route:
    unit = registry.find_unit(name)
    if unit is not None:
        return Route(unit.name, unit.addresses, reasons=(Reason.UNIT_NAMED,))
    names = [u.name for u in registry.units] + [r.name for r in registry.rocs]
    near = get_close_matches(name, names, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else f" Known: {', '.join(names[:30])}."
    note = f'The support unit "{name}" is not known here.{hint}'
    return first_line(registry, policy, (Reason.UNIT_UNKNOWN,), (note,))


def first_line(
    registry: Registry, policy: Policy, reasons: tuple[Reason, ...], notes: tuple[str, ...] = ()
) -> Route:
    """Return the route to first line; to the operator's address if its unit has vanished."""
    unit = registry.find_unit(policy.first_line)
    addresses = unit.addresses if unit else policy.operator
    return Route(policy.first_line, addresses, reasons=reasons, notes=notes)


def _unknown_site(name: str, registry: Registry) -> str:
    names = {n.lower(): n for site in registry.sites for n in (site.name, *site.aliases)}
    near = [names[n] for n in get_close_matches(name.lower(), names, n=3)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f'The site "{name}" is not known here.{hint}'


def _wrong(wish: Wish) -> tuple[str, ...]:
    notes = []
    if Reason.CONTRADICTION in wish.faults:
        notes.append("A field is given twice with different values; nothing was guessed.")
    if Reason.SITE_AND_UNIT in wish.faults:
        notes.append("Name either a site or a support unit, not both; nothing was guessed.")
    return tuple(notes)
