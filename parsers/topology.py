"""OSG Topology's answer: the resource summary, XML under <ResourceSummary>.

Rule: a resource is a site, its group another name of it. Addresses are shown to authorised readers
only, so that an answer without any is usual and said in a note. Downtimes are not read: their times
are written for people. Source: the schema of OSG Topology (docs/sources.md).
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from parsers.directory import MAX_TEXT, addresses, check_amount, line, read_xml
from parsers.registry import Site

ADMINISTRATIVE = "administrative contact"
_RANKS = {"primary": 0, "secondary": 1, "tertiary": 2}


@dataclass(frozen=True, slots=True)
class Summary:
    """All resources that have a name, as sites."""

    sites: tuple[Site, ...] = ()
    notes: tuple[str, ...] = ()


def read_summary(raw: bytes, roc: str = "") -> Summary:
    """Read a resource summary; raises Malformed.

    `roc` is responsible for all of them; without one, each group's support centre is.
    """
    root = read_xml(raw, "ResourceSummary")
    groups = root.findall("ResourceGroup")
    check_amount(sum(len(group.findall("Resources/Resource")) for group in groups))
    sites: list[Site] = []
    notes: list[str] = []
    for group in groups:
        centre = roc or _text(group, "SupportCenter/Name")
        group_name = _text(group, "GroupName")
        for resource in group.findall("Resources/Resource"):
            site = _site(resource, group_name, centre, notes)
            if site is not None:
                sites.append(site)
    if sites and not any(site.contacts for site in sites):
        notes.append("No resource has an address: is our certificate known there?")
    return Summary(tuple(sites), tuple(notes))


def _site(resource: Element, group: str, roc: str, notes: list[str]) -> Site | None:
    name = _text(resource, "Name")
    if not name:
        notes.append(f"A resource without a name in {group or 'a group'} is left out.")
        return None
    contacts, alarms = _contacts(resource, name, notes)
    active = _text(resource, "Active").lower() == "true"
    disabled = _text(resource, "Disable").lower() == "true"
    return Site(
        name,
        aliases=(group,) if group and group.lower() != name.lower() else (),
        roc=roc,
        certification="enabled" if active and not disabled else "disabled",
        contacts=contacts,
        alarm_addresses=alarms,
    )


def _contacts(
    resource: Element, name: str, notes: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the administrators' addresses and the one that wakes them, best rank first."""
    people: list[tuple[int, str, str]] = []
    for contacts in resource.findall("ContactLists/ContactList"):
        if _text(contacts, "ContactType").lower() == ADMINISTRATIVE:
            for one in contacts.findall("Contacts/Contact"):
                rank = _RANKS.get(_text(one, "ContactRank").lower(), len(_RANKS))
                people.append((rank, _text(one, "Email"), _text(one, "SMSAddress")))
    people.sort(key=lambda one: one[0])
    mails, bad = addresses(*(mail for _, mail, _ in people))
    alarms, bad_alarms = addresses(*(sms for _, _, sms in people))
    notes += [f"{name}: {one!r} is no address." for one in (*bad, *bad_alarms)]
    return mails, alarms[:1]


def _text(entry: Element, path: str) -> str:
    found = entry.find(path)
    return line(found.text or "", MAX_TEXT) if found is not None else ""
