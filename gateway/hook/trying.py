"""`ticketgate-hook test`: an alarm in mode test, shown by every sink and taken back.

Rule: it goes the way of an alarm from `Showing` on, and says for each sink what came of it. It
remembers nothing and answers nobody. What is really open stays in the picture.
Standard library only.
"""

from collections.abc import Iterator
from dataclasses import replace
from secrets import token_urlsafe

from gateway.hook.disk import locked
from gateway.hook.hook import Hook
from gateway.hook.sinks.sink import Showing
from parsers.alarm import VALID_FOR, Alarm, AlarmEvent, AlarmStatus, Mode, Severity
from parsers.errors import MailError


def test_alarm(hook: Hook, *, page: bool) -> Alarm:
    """Return an alarm that says what it is; its id is always the same. An exercise pages."""
    now = hook.now()
    domain = next(iter(hook.config.helpdesks))
    return Alarm(
        event_id=token_urlsafe(16),
        alarm_id=f"{domain}/test",
        ticket="test",
        seq=1,
        event=AlarmEvent.OPEN,
        status=AlarmStatus.FIRING,
        severity=Severity.CRITICAL,
        mode=Mode.EXERCISE if page else Mode.TEST,
        site=hook.config.sites[0],
        vo="test",
        service="ticketgate-hook",
        summary="A test of the alarm hook: nothing has to be done",
        starts_at=now,
        updated_at=now,
        issued_at=now,
        expires_at=now + VALID_FOR,
        nonce=token_urlsafe(16),
    )


def resolved(hook: Hook, alarm: Alarm) -> Alarm:
    """Return the document that takes the test alarm back."""
    now = hook.now()
    return replace(
        alarm,
        event_id=token_urlsafe(16),
        seq=alarm.seq + 1,
        event=AlarmEvent.RESOLVE,
        status=AlarmStatus.RESOLVED,
        ends_at=now,
        updated_at=now,
        nonce=token_urlsafe(16),
    )


def show_to(hook: Hook, name: str, alarm: Alarm) -> tuple[bool, str]:
    """Show one document by one sink; return whether it took it, and what it said."""
    really_open = hook.open_alarms()
    firing = alarm.status is not AlarmStatus.RESOLVED
    everything = (*really_open, alarm) if firing else really_open
    try:
        with locked(hook.locks / f"sink-{name}"):
            return True, hook.sinks[name].show(Showing(alarm, everything))
    except MailError as error:
        return False, error.detail
    except Exception as error:
        return False, repr(error)


def attempts(
    hook: Hook, names: list[str], *, keep: bool, page: bool
) -> Iterator[tuple[str, bool, str]]:
    """Yield, sink by sink, (what was tried, whether it worked, what was said)."""
    alarm = test_alarm(hook, page=page)
    for name in names:
        took, said = show_to(hook, name, alarm)
        yield f"{name} shows the test alarm", took, said
        if not keep:
            took, said = show_to(hook, name, resolved(hook, alarm))
            yield f"{name} takes it back", took, said
