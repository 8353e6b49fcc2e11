"""The alarm as a value: what the helpdesk tells a site's monitoring.

Its words are closed lists. How it is written and heard: `parsers.alarm_document` for programs,
`parsers.alarm_text` for people and pattern matchers.
Standard library only, and pure: the site's alarm hook imports this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

VALID_FOR = timedelta(hours=24)  # a relay's outage must not kill an alarm


class AlarmEvent(StrEnum):
    """What happened."""

    OPEN = "open"
    UPDATE = "update"
    ACK = "ack"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    CANCEL = "cancel"
    HEARTBEAT = "heartbeat"


class AlarmStatus(StrEnum):
    """How it stands after the event."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad it is; every ALARM ticket is critical."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"


class Mode(StrEnum):
    """Whether it is meant: an exercise takes the whole way and pages, a test ends at the hook."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm document. Texts may be empty; times are aware UTC, whole seconds.

    `alarm_id` (`DOMAIN/TICKET`) stays the same for the life of the ticket, `seq` rises with each
    document about it, `nonce` is never used twice. `reply_to` is where answers of the site go.
    """

    event_id: str
    alarm_id: str
    ticket: str
    seq: int
    event: AlarmEvent
    status: AlarmStatus
    severity: Severity
    mode: Mode
    site: str
    vo: str
    summary: str
    starts_at: datetime
    updated_at: datetime
    issued_at: datetime
    expires_at: datetime
    nonce: str
    service: str = ""
    host: str | None = None
    description: str = ""
    alarmer: str = ""
    ends_at: datetime | None = None
    url: str = ""
    reply_to: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
