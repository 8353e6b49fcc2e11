"""Alarms for these tests, and what they are shown as."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from gateway.hook.sinks.sink import Showing
from parsers.alarm import Alarm, AlarmEvent, AlarmStatus, Mode, Severity

_tickets = count(900_001)
HOSTILE = (
    'it\'s "down" $HOSTNAME$ `id` $(id)\n[0] SHUTDOWN_PROGRAM\r\n'
    "PROCESS_SERVICE_CHECK_RESULT;T1-EX;alarm-tickets;0;forged | status=resolved; rm -rf \\ "
    "<b>&amp;</b> {HOST.HOST} {$SECRET} $service.name$ ' status=resolved seq=99 \t\x00\x1e\x1b[2J"
    " Störung 故障 \N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 2_000
)


def alarm(ticket: str = "", **fields: Any) -> Alarm:
    """Return a firing alarm about a ticket of its own."""
    number = ticket or str(next(_tickets))
    now = datetime.now(UTC).replace(microsecond=0)
    fresh = Alarm(
        event_id=str(uuid4()),
        alarm_id=f"helpdesk.example/{number}",
        ticket=number,
        seq=1,
        event=AlarmEvent.OPEN,
        status=AlarmStatus.FIRING,
        severity=Severity.CRITICAL,
        mode=Mode.ACTUAL,
        site="T1-EX",
        vo="cms",
        summary="SRM endpoint down",
        starts_at=now - timedelta(minutes=2),
        updated_at=now - timedelta(minutes=1),
        issued_at=now,
        expires_at=now + timedelta(hours=24),
        nonce="n" * 20,
        url=f"https://helpdesk.example/tickets/{number}",
    )
    return replace(fresh, **fields)


def later(alarm: Alarm, status: AlarmStatus) -> Alarm:
    """Return the next document about an alarm."""
    events = {
        AlarmStatus.FIRING: AlarmEvent.UPDATE,
        AlarmStatus.ACKNOWLEDGED: AlarmEvent.ACK,
        AlarmStatus.RESOLVED: AlarmEvent.RESOLVE,
    }
    ends_at = alarm.updated_at if status is AlarmStatus.RESOLVED else None
    return replace(alarm, seq=alarm.seq + 1, status=status, event=events[status], ends_at=ends_at)


def acknowledged(alarm: Alarm) -> Alarm:
    """Return the document that says that somebody cares."""
    return later(alarm, AlarmStatus.ACKNOWLEDGED)


def resolved(alarm: Alarm) -> Alarm:
    """Return the document that says that it is over."""
    return later(alarm, AlarmStatus.RESOLVED)


def showing(alarm: Alarm, *others: Alarm) -> Showing:
    """Return the showing of an alarm beside others that are open."""
    mine = () if alarm.status is AlarmStatus.RESOLVED else (alarm,)
    return Showing(alarm, (*others, *mine))
