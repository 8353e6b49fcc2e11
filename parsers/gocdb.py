"""GOCDB's answers: get_site, get_ngi, get_downtime, each a page of XML under <results>.

Rule: GOCDB leaves empty elements out, so that what is missing is empty and never a fault. The
portal's "Emergency E-Mail" is ALARM_EMAIL here. Source: GOCDB's API pages and schema
(docs/sources.md).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element

from parsers.directory import MAX_TEXT, addresses, check_amount, line, read_xml
from parsers.errors import Malformed
from parsers.registry import Downtime, Roc, Site

TIERS = {"0": 0, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer. `next_query` asks for the one after it, () when this is the last.

    `amount` is how many entries the page holds, used or not; `notes` say what was not usable.
    """

    sites: tuple[Site, ...] = ()
    rocs: tuple[Roc, ...] = ()
    downtimes: tuple[Downtime, ...] = ()
    amount: int = 0
    next_query: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def read_sites(raw: bytes) -> Page:
    """Read a page of get_site; raises Malformed."""
    results, query = _results(raw)
    found, notes = [], []
    entries = results.findall("SITE")
    for entry in entries:
        name = _text(entry, "SHORT_NAME") or line(entry.get("NAME"))
        if not name:
            notes.append("A site without a name is left out.")
            continue
        contacts, bad_contacts = addresses(_text(entry, "CONTACT_EMAIL", MAX_TEXT))
        alarms, bad_alarms = addresses(_text(entry, "ALARM_EMAIL", MAX_TEXT))
        notes += [f"{name}: {bad!r} is no contact address." for bad in bad_contacts]
        notes += [f"{name}: {bad!r} is no alarm address." for bad in bad_alarms]
        scopes = [_own(one).lower() for one in entry.findall("SCOPES/SCOPE")]
        site = Site(
            name,
            roc=_text(entry, "ROC"),
            tier=_tier(_text(entry, "TIER"), scopes),
            certification=_text(entry, "CERTIFICATION_STATUS") or "Uncertified",
            contacts=contacts,
            alarm_addresses=alarms,
        )
        found.append(site)
    return Page(tuple(found), amount=len(entries), next_query=query, notes=tuple(notes))


def read_rocs(raw: bytes) -> Page:
    """Read a page of get_ngi; raises Malformed.

    The helpdesk's address counts before the general one and the operators' one; empty ones are
    usual.
    """
    results, query = _results(raw)
    found, notes = [], []
    entries = results.findall("NGI")
    for entry in entries:
        name = _text(entry, "NAME") or line(entry.get("NAME"))
        if not name:
            notes.append("An NGI without a name is left out.")
            continue
        chosen: tuple[str, ...] = ()
        for element in ("HELPDESK_EMAIL", "EMAIL", "ROD_EMAIL"):
            chosen, bad = addresses(_text(entry, element, MAX_TEXT))
            notes += [f"{name}: {one!r} in {element} is no address." for one in bad]
            if chosen:
                break
        if not chosen:
            notes.append(f"{name} has no address, so that tickets cannot be sent to it.")
        found.append(Roc(name, chosen))
    return Page(rocs=tuple(found), amount=len(entries), next_query=query, notes=tuple(notes))


def read_downtimes(raw: bytes) -> Page:
    """Read a page of get_downtime; raises Malformed. There is one entry for each service."""
    results, query = _results(raw)
    found, notes = [], []
    entries = results.findall("DOWNTIME")
    for entry in entries:
        number = line(entry.get("PRIMARY_KEY")) or line(entry.get("ID"))
        site, starts_at = _text(entry, "HOSTED_BY"), _seconds(_text(entry, "START_DATE"))
        ends_at = _seconds(_text(entry, "END_DATE"))
        if not number or not site or starts_at is None or ends_at is None or ends_at <= starts_at:
            notes.append(f"The downtime {number or 'without a number'} cannot be read.")
            continue
        service, host = _text(entry, "SERVICE_TYPE"), _text(entry, "HOSTNAME")
        downtime = Downtime(
            id=number,
            site=site,
            starts_at=starts_at,
            ends_at=ends_at,
            severity=_text(entry, "SEVERITY").upper() or "OUTAGE",
            classification=line(entry.get("CLASSIFICATION")).upper() or "SCHEDULED",
            services=(" on ".join(part for part in (service, host) if part),),
            description=_text(entry, "DESCRIPTION", MAX_TEXT),
        )
        found.append(downtime)
    return Page(downtimes=tuple(found), amount=len(entries), next_query=query, notes=tuple(notes))


def _results(raw: bytes) -> tuple[Element, tuple[tuple[str, str], ...]]:
    """Return the root, and the query of its link to the next page."""
    results = read_xml(raw, "results")
    fault = results.find("error")
    if fault is not None:
        raise Malformed("GOCDB says that the question is wrong.", line(_own(fault), MAX_TEXT))
    check_amount(len(results))
    for link in results.findall("meta/link"):
        if line(link.get("rel")).lower() == "next":
            return results, _query_of(line(link.get("href"), MAX_TEXT))
    return results, ()


def _query_of(href: str) -> tuple[tuple[str, str], ...]:
    """Return the question only: whom we ask is ours to say, not the document's."""
    try:
        query = parse_qsl(urlsplit(href).query, strict_parsing=True, max_num_fields=50)
    except ValueError as error:
        raise Malformed("The link to the next page cannot be read.", href[:200]) from error
    return tuple(query)


def _text(entry: Element, name: str, most: int = 200) -> str:
    found = entry.find(name)
    return line(_own(found), most) if found is not None else ""


def _own(element: Element) -> str:
    return element.text or ""


def _tier(text: str, scopes: list[str]) -> int | None:
    """Return the tier: the WLCG scope counts first, because TIER is free text of the site."""
    named = [int(scope[-1]) for scope in scopes if scope in {"tier0", "tier1", "tier2", "tier3"}]
    return min(named) if named else TIERS.get(text)


def _seconds(text: str) -> datetime | None:
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (OverflowError, ValueError, OSError):
        return None
