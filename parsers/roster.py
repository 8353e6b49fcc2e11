"""People of the VOs and what their VO lets them do. Filled from the configuration or VOMS/IAM."""

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True)
class Roster:
    """All members who may do something now: no one suspended, no one expired, no one overruled.

    Empty gives nobody any right.
    """

    members: tuple[Member, ...] = ()
