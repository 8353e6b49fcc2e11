"""The helpdesk's sign of life: when it stays away, that is an alarm of the site's own.

Rule: whatever a helpdesk signed counts as a sign of life, its daily heartbeat above all. The local
alarm `DOMAIN/heartbeat` goes to the sinks like any other and is resolved by the next sign.
Standard library only.
"""

from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe

from gateway.hook.alarm_state import AlarmState
from gateway.hook.config import Helpdesk
from gateway.hook.disk import write_file
from gateway.hook.hook import Hook
from gateway.hook.judge import SKEW, helpdesk_of
from gateway.hook.log import LOG
from gateway.hook.state import LOCAL
from parsers.alarm import VALID_FOR, Alarm, AlarmEvent, AlarmStatus, Mode, Severity
from parsers.alarm_document import read_time, write_alarm, write_time


def watch(hook: Hook) -> None:
    """Raise or resolve the local alarm of each helpdesk; raises Deferred and OSError."""
    now = hook.now()
    for helpdesk in hook.config.helpdesks.values():
        key = f"{LOCAL}{helpdesk.domain}/heartbeat"
        heard_at = last_heard(hook, helpdesk.domain, now)
        silent = now - heard_at > timedelta(hours=helpdesk.silent_hours)
        late = helpdesk.silent_hours > 0 and silent
        before = hook.alarms.read(key)
        if late == (before is not None and before.is_open):
            continue
        LOG.warning("%s %s", helpdesk.domain, "is silent" if late else "is heard again")

        def change(
            state: AlarmState | None,
            helpdesk: Helpdesk = helpdesk,
            key: str = key,
            heard_at: datetime = heard_at,
            late: bool = late,
        ) -> AlarmState | None:
            if late == (state is not None and state.is_open):
                return None
            alarm = _local_alarm(hook.config.sites[0], helpdesk, state, heard_at, now)
            return hook.alarms.after(state, key, write_alarm(alarm), now)

        hook.alarms.change(key, change)


def last_heard(hook: Hook, domain: str, now: datetime) -> datetime:
    """Return when a helpdesk gave its last sign of life, or when the watch over it began.

    A time that has not come was written by a clock that was wrong: it would end the watch for ever.
    """
    began = _began(hook.config.directory / f"watching-{domain}", now)
    signs = [
        state.received_at
        for state in hook.alarms.all()
        if not state.key.startswith(LOCAL) and helpdesk_of(state.alarm) == domain
    ]
    return max([began, *(sign for sign in signs if sign <= now + SKEW)])


def _began(path: Path, now: datetime) -> datetime:
    try:
        began = read_time(path.read_text("ascii").strip())
    except (FileNotFoundError, ValueError):
        began = None
    if began is None or began > now + SKEW:
        write_file(path, write_time(now).encode())
        return now
    return began


def _local_alarm(
    site: str, helpdesk: Helpdesk, before: AlarmState | None, heard_at: datetime, now: datetime
) -> Alarm:
    """Return the document that turns the local alarm over."""
    ends = before is not None and before.is_open
    again = before is not None and not ends
    raised = AlarmEvent.REOPEN if again else AlarmEvent.OPEN
    return Alarm(
        event_id=token_urlsafe(16),
        alarm_id=f"{helpdesk.domain}/heartbeat",
        ticket="heartbeat",
        seq=before.seq + 1 if before else 1,
        event=AlarmEvent.RESOLVE if ends else raised,
        status=AlarmStatus.RESOLVED if ends else AlarmStatus.FIRING,
        severity=Severity.MAJOR,
        mode=Mode.ACTUAL,
        site=site,
        vo="",
        service="alarm mail",
        summary=f"No sign of life from {helpdesk.domain}",
        description=f"The last was heard at {write_time(heard_at)}. While the helpdesk is silent, "
        "its alarms may not arrive.",
        starts_at=before.alarm.starts_at if before and ends else now,
        updated_at=now,
        ends_at=now if ends else None,
        issued_at=now,
        expires_at=now + VALID_FOR,
        nonce=token_urlsafe(16),
    )
