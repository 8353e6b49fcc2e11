"""People of the VOs and what their VO lets them do. Filled from the configuration or VOMS/IAM."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One person in one VO.

    `addresses` and `certificates` (DNs) identify the person; both may be empty, then nothing proves
    to be this person. `roles`: any of team, alarm, support, multisite. `alarm_sites` empty means
    every site that takes the VO's alarms.
    """

    name: str
    addresses: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    vo: str = ""
    roles: frozenset[str] = frozenset()
    alarm_sites: tuple[str, ...] = ()
    alarm_evidence: tuple[str, ...] = ("dkim", "smime")
    source: str = "config"


@dataclass(frozen=True, slots=True)
class Roster:
    """All members known. Empty gives nobody any right."""

    members: tuple[Member, ...] = ()
