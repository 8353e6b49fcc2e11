"""People of the VOs and what their VO lets them do. Filled from the configuration or VOMS/IAM.

A person in two VOs is two members of one name. Addresses are compared exactly, but for the case of
the domain; certificates by the structure of their subject and their issuer, never as text: two
authorities may give the same name to two people.
"""

from collections.abc import Mapping, Sequence
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

    `issuers` are the issuers' DNs, one for each certificate, "" where the source names none: then
    a certificate of any trusted authority counts. Empty names none at all.
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

    @property
    def registered(self) -> tuple[tuple[str, str], ...]:
        """Return the (subject, issuer) of each certificate; "" is an issuer that nobody named."""
        issuers = self.issuers or ("",) * len(self.certificates)
        return tuple(zip(self.certificates, issuers, strict=True))

    def expired(self, now: datetime) -> bool:
        """Whether the membership has ended."""
        return self.until is not None and self.until <= now


Members = tuple[Member, ...]
# A member by a certificate; of any trusted authority when there is no issuer.
Issued = tuple[DistinguishedName | None, Member]


@dataclass(frozen=True, slots=True)
class Roster:
    """All members who may do something now: no one suspended, no one expired, no one overruled.

    Empty gives nobody any right.
    """

    members: tuple[Member, ...] = ()
    _by_address: Mapping[str, Members] = field(init=False, repr=False, compare=False)
    _by_dn: Mapping[DistinguishedName, tuple[Issued, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the members; a certificate with a name that cannot be read belongs to nobody."""
        by_address: dict[str, tuple[Member, ...]] = {}
        by_dn: dict[DistinguishedName, tuple[Issued, ...]] = {}
        for one in self.members:
            for address in dict.fromkeys(map(exact_address, one.addresses)):
                by_address[address] = (*by_address.get(address, ()), one)
            for subject, issuer in one.registered:
                dn, by = read_name(subject), read_name(issuer)
                if dn is not None and (by is not None or not issuer):
                    by_dn[dn] = (*by_dn.get(dn, ()), (by, one))
        object.__setattr__(self, "_by_address", by_address)
        object.__setattr__(self, "_by_dn", by_dn)

    def with_address(self, address: str) -> tuple[Member, ...]:
        """Return the members to whom an address belongs; none for "" ."""
        return self._by_address.get(exact_address(address), ())

    def with_certificate(self, subject: str, issuer: str) -> tuple[Member, ...]:
        """Return the members to whom a certificate of this subject, by this issuer, belongs."""
        dn, by = read_name(subject), read_name(issuer)
        issued = self._by_dn.get(dn, ()) if dn is not None else ()
        return tuple(dict.fromkeys(one for wanted, one in issued if wanted in {None, by}))

    def has_certificate_name(self, subject: str) -> bool:
        """Whether a certificate of this subject belongs to somebody, whoever issued it."""
        return read_name(subject) in self._by_dn


def exact_address(address: str) -> str:
    """Return an address as it is compared: the domain in lower case, the rest as it is."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()


def dn_key(text: str) -> str:
    """Return one text for every spelling of a DN; a DN that is not clear is its own text."""
    dn = read_name(text)
    return repr(dn) if dn is not None else text


def by_any_of(
    subjects: Sequence[str], issuers: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a member's certificates and their issuers, when each may be by any of `issuers`."""
    pairs = [(subject, issuer) for subject in subjects for issuer in issuers or ("",)]
    return tuple(subject for subject, _ in pairs), tuple(issuer for _, issuer in pairs)


def read_name(text: str) -> DistinguishedName | None:
    """Return a subject or issuer as structure, None when the text is not clear."""
    try:
        return read_dn(text)
    except Malformed:
        return None
