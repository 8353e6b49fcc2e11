"""The federation as values: sites, ROCs, support units, VOs.

Filled from the configuration or a directory; this file does not know where from. Names are found
without regard to case; a name that fits two sites is returned as two sites, never guessed away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parsers.text import folded

ROUTABLE = frozenset({"certified", "enabled"})  # GOCDB's word and OIM's, in lower case


@dataclass(frozen=True, slots=True)
class Site:
    """A computing site. Address tuples may be empty: directories leave them out.

    `alarm_steps` are what an unanswered alarm does here, () for what it does everywhere.
    """

    name: str
    aliases: tuple[str, ...] = ()
    roc: str = ""
    tier: int | None = None
    certification: str = "Certified"
    contacts: tuple[str, ...] = ()
    alarm_addresses: tuple[str, ...] = ()
    alarm_vos: tuple[str, ...] = ()
    receipt: str = "auto"
    resolve: str = "comment"
    alarm_steps: tuple[str, ...] = ()
    source: str = "config"
    updated_at: datetime | None = None

    def alarm_addresses_for(self, vo: str) -> tuple[str, ...]:
        """Return whom an alarm of this VO wakes: `{vo}` in an address stands for the VO's name."""
        named = vo.strip().lower()
        usable = (one for one in self.alarm_addresses if named or "{vo}" not in one)
        return tuple(one.replace("{vo}", named) for one in usable)

    @property
    def routable(self) -> bool:
        """Whether tickets may be sent to this site."""
        return self.certification.lower() in ROUTABLE


@dataclass(frozen=True, slots=True)
class Downtime:
    """A time in which a site, or services of it, are announced to be down; times are aware UTC.

    `severity` is OUTAGE or WARNING, `classification` SCHEDULED or UNSCHEDULED. `services` are
    "TYPE on HOST" and may be empty. `id` is the directory's own.
    """

    id: str
    site: str
    starts_at: datetime
    ends_at: datetime
    severity: str = "OUTAGE"
    classification: str = "SCHEDULED"
    services: tuple[str, ...] = ()
    description: str = ""
    source: str = ""

    def ongoing(self, now: datetime) -> bool:
        """Whether it is going on."""
        return self.starts_at <= now < self.ends_at

    def upcoming(self, now: datetime) -> bool:
        """Whether it has not begun."""
        return now < self.starts_at


@dataclass(frozen=True, slots=True)
class Roc:
    """A regional operations centre, itself a support unit."""

    name: str
    addresses: tuple[str, ...]
    supporters: tuple[str, ...] = ()
    source: str = "config"
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SupportUnit:
    """A support unit: a mailing list of supporters."""

    name: str
    addresses: tuple[str, ...]
    supporters: tuple[str, ...] = ()
    helpdesk: str = ""
    source: str = "config"


@dataclass(frozen=True, slots=True)
class Registry:
    """All that the federation's directories say. Empty is legal and routes all to first line."""

    sites: tuple[Site, ...] = ()
    rocs: tuple[Roc, ...] = ()
    units: tuple[SupportUnit, ...] = ()
    vos: tuple[str, ...] = ()
    downtimes: tuple[Downtime, ...] = ()
    _sites_by_name: Mapping[str, tuple[Site, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the sites by every name that they answer to."""
        by_name: dict[str, tuple[Site, ...]] = {}
        for site in self.sites:
            for name in dict.fromkeys(n.lower() for n in (site.name, *site.aliases)):
                by_name[name] = (*by_name.get(name, ()), site)
        by_real_name: dict[str, tuple[Site, ...]] = {}
        for site in self.sites:
            name = site.name.lower()
            by_real_name[name] = (*by_real_name.get(name, ()), site)
        by_name |= by_real_name  # a real name beats another site's alias
        object.__setattr__(self, "_sites_by_name", by_name)

    def find_sites(self, name: str) -> tuple[Site, ...]:
        """Return the sites of that name or alias: none, one, or several for a shared alias."""
        return self._sites_by_name.get(folded(name), ())

    def downtimes_of(self, site: Site) -> tuple[Downtime, ...]:
        """Return the downtimes that are known for a site, also those to come and just over."""
        name = site.name.lower()
        return tuple(one for one in self.downtimes if one.site.lower() == name)

    def site_names(self) -> tuple[str, ...]:
        """Return every name and alias that a site answers to, in lower case."""
        return tuple(self._sites_by_name)

    def find_unit(self, name: str) -> SupportUnit | None:
        """Return the support unit or ROC of that name; a ROC is given as a unit."""
        wanted = folded(name)
        for unit in self.units:
            if unit.name.lower() == wanted:
                return unit
        for roc in self.rocs:
            if roc.name.lower() == wanted:
                return SupportUnit(roc.name, roc.addresses, roc.supporters, source=roc.source)
        return None

    def find_vo(self, name: str) -> str:
        """Return the VO's name as registered, or ""."""
        wanted = name.strip().lower()
        return next((vo for vo in self.vos if vo.lower() == wanted), "")
