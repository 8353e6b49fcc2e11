"""People of the VOs and what their VO lets them do. Filled from the configuration or VOMS/IAM.

A person in two VOs is two members of one name. Addresses are compared exactly, but for the case of
the domain; certificates by the structure of their subject, never as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parsers.dn import DistinguishedName, read_dn
from parsers.errors import Malformed


@dataclass(frozen=True, slots=True)
class Member:
    """One person in one VO.

    `addresses` and `certificates` (DNs, as their source writes them) identify the person; both may
    be empty, then nothing proves to be this person. `roles`: any of team, alarm, support,
    multisite. `alarm_sites` empty means every site that takes the VO's alarms.

    `issuers` are the issuers' DNs, one for each certificate, "" where the source names none.
    `suspended` and `until` (aware UTC, the first moment without rights) are what the source says;
    `suspended_certificates` are DNs that must not count. `id` is the source's own.
    """

    name: str
    addresses: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    vo: str = ""
    roles: frozenset[str] = frozenset()
    alarm_sites: tuple[str, ...] = ()
    alarm_evidence: tuple[str, ...] = ("dkim", "smime")
    source: str = "config"
    issuers: tuple[str, ...] = ()
    suspended: bool = False
    suspended_certificates: tuple[str, ...] = ()
    until: datetime | None = None
    id: str = ""
    updated_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether the membership has ended."""
        return self.until is not None and self.until <= now


Members = tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """All members who may do something now: no one suspended, no one expired, no one overruled.

    Empty gives nobody any right.
    """

    members: tuple[Member, ...] = ()
    _by_address: Mapping[str, Members] = field(init=False, repr=False, compare=False)
    _by_dn: Mapping[DistinguishedName, Members] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the members; a certificate whose subject cannot be read belongs to nobody."""
        by_address: dict[str, tuple[Member, ...]] = {}
        by_dn: dict[DistinguishedName, tuple[Member, ...]] = {}
        for one in self.members:
            for address in dict.fromkeys(map(exact_address, one.addresses)):
                by_address[address] = (*by_address.get(address, ()), one)
            for dn in dict.fromkeys(map(_subject, one.certificates)):
                if dn is not None:
                    by_dn[dn] = (*by_dn.get(dn, ()), one)
        object.__setattr__(self, "_by_address", by_address)
        object.__setattr__(self, "_by_dn", by_dn)

    def with_address(self, address: str) -> tuple[Member, ...]:
        """Return the members to whom an address belongs; none for "" ."""
        return self._by_address.get(exact_address(address), ())

    def with_certificate(self, subject: str) -> tuple[Member, ...]:
        """Return the members to whom a certificate of this subject belongs."""
        dn = _subject(subject)
        return self._by_dn.get(dn, ()) if dn is not None else ()


def exact_address(address: str) -> str:
    """Return an address as it is compared: the domain in lower case, the rest as it is."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()


def dn_key(text: str) -> str:
    """Return one text for every spelling of a DN; a DN that is not clear is its own text."""
    dn = _subject(text)
    return repr(dn) if dn is not None else text


def _subject(text: str) -> DistinguishedName | None:
    """Return a certificate's subject as structure, None when the text is not clear."""
    try:
        return read_dn(text)
    except Malformed:
        return None
