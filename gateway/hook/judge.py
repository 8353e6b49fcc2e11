"""What is done with an alarm whose signature holds; and the closed list of reasons.

Rule: pure. The document's own words are judged, never the mail around it. Freshness counts from
the time at which the mail reached our spool, so that an outage of ours makes no alarm stale.
Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from parsers.alarm import Alarm, AlarmEvent, Mode

SKEW = timedelta(minutes=10)


class Treatment(StrEnum):
    """What becomes of a mail."""

    APPLY = "apply"  # the sinks are told
    ANSWER = "answer"  # remembered and receipted, no sink is told
    PASS_OVER = "pass over"  # noqa: S105 - no password: nothing new, logged only
    SET_ASIDE = "set aside"  # quarantine, and the local admin is told


class Reason(StrEnum):
    """Why; each mail has exactly one."""

    NEW = "new"
    TEST = "test"
    HEARTBEAT = "heartbeat"
    DUPLICATE = "duplicate"
    OVERTAKEN = "overtaken"
    TOO_BIG = "too big"
    NO_DOCUMENT = "no alarm document"
    NO_SIGNATURE = "no signature"
    UNKNOWN_KEY = "signed by an unknown key"
    BAD_SIGNATURE = "the signature does not hold"
    UNREADABLE = "the document cannot be read"
    OTHER_HELPDESK = "of a helpdesk whose key did not sign it"
    OTHER_SITE = "for another site"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from the future"
    REPLAYED = "its nonce was used before"
    WENT_BACK = "its sequence went back"
    BROKEN = "a fault of the hook's own"


TREATMENTS: Mapping[Reason, Treatment] = {
    **dict.fromkeys(Reason, Treatment.SET_ASIDE),
    Reason.NEW: Treatment.APPLY,
    Reason.TEST: Treatment.ANSWER,
    Reason.HEARTBEAT: Treatment.ANSWER,
    Reason.DUPLICATE: Treatment.PASS_OVER,
    Reason.OVERTAKEN: Treatment.PASS_OVER,
}


@dataclass(frozen=True, slots=True)
class Last:
    """What was applied last of the same alarm."""

    seq: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the document is judged by.

    `signed_by` are helpdesks whose key made the signature, `nonces` those seen, each with the
    `event_id` of its document; `arrived_at` is when the mail was spooled.
    """

    sites: frozenset[str]
    signed_by: frozenset[str]
    arrived_at: datetime
    last: Last | None = None
    nonces: Mapping[str, str] = field(default_factory=dict)


def helpdesk_of(alarm: Alarm) -> str:
    """Return the domain in `alarm_id`, in lower case; "" when there is none."""
    return alarm.alarm_id.rpartition("/")[0].lower()


def judge(alarm: Alarm, given: Circumstances) -> Reason:
    """Return the reason that decides; what to do with it stands in `TREATMENTS`."""
    if helpdesk_of(alarm) not in given.signed_by:
        return Reason.OTHER_HELPDESK
    if alarm.site not in given.sites:
        return Reason.OTHER_SITE
    known = given.nonces.get(alarm.nonce)
    if known is not None:
        return Reason.DUPLICATE if known == alarm.event_id else Reason.REPLAYED
    if alarm.issued_at > given.arrived_at + SKEW:
        return Reason.FROM_THE_FUTURE
    if given.arrived_at > alarm.expires_at + SKEW:
        return Reason.EXPIRED
    if alarm.event is AlarmEvent.HEARTBEAT:
        late = given.last is not None and alarm.issued_at <= given.last.issued_at
        return Reason.OVERTAKEN if late else Reason.HEARTBEAT
    if given.last is not None and alarm.seq <= given.last.seq:
        # A newer document with an older number: the helpdesk's count was set back. Passing it over
        # in silence would lose every alarm of that ticket.
        newer = alarm.issued_at > given.last.issued_at
        return Reason.WENT_BACK if newer else Reason.OVERTAKEN
    return Reason.TEST if alarm.mode is Mode.TEST else Reason.NEW
