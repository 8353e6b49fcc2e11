"""`ticketgate-hook status`: how everything stands, for people and for programs.

Rule: what is wrong stands first, and alone decides the exit code. No reply address is ever shown.
Standard library only.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from gateway.hook.alarm_state import AlarmState
from gateway.hook.heartbeat import last_heard
from gateway.hook.hook import Hook
from gateway.hook.spool import arrived_at
from gateway.hook.state import HEARTBEAT, TEST
from parsers.alarm_document import write_time

LATE = timedelta(minutes=2)  # a mail that waits longer in the spool is waiting for a person


def standing(hook: Hook) -> Mapping[str, Any]:
    """Return how the hook stands, as plain values for JSON."""
    states = [one for one in hook.alarms.all() if not one.key.startswith((TEST, HEARTBEAT))]
    heard = {
        domain: write_time(last_heard(hook, domain, hook.now())) for domain in hook.config.helpdesks
    }
    return {
        "problems": list(_problems(hook, states)),
        "sites": list(hook.config.sites),
        "mails_waiting": len(hook.spool.waiting()),
        "mails_set_aside": len(hook.spool.set_aside_mails()),
        "letters_waiting": len(hook.outbox.letters()),
        "helpdesk_heard": heard,
        "alarms": [_alarm(state) for state in states if state.is_open or _behind(hook, state)],
    }


def lines(found: Mapping[str, Any]) -> Sequence[str]:
    """Return what `standing` says as lines for a person."""
    out = [f"PROBLEM: {one}" for one in found["problems"]] or ["all is well"]
    out.append(
        f"{found['mails_waiting']} mails wait in the spool, {found['mails_set_aside']} are set "
        f"aside, {found['letters_waiting']} letters wait"
    )
    out += [
        f"{domain}: last sign of life, or begin of the watch, {at}"
        for domain, at in found["helpdesk_heard"].items()
    ]
    out.append(f"alarms: {len(found['alarms'])}")
    for one in found["alarms"]:
        out.append(
            f"  {one['alarm_id']} {one['mode']} {one['status']} {one['severity']} "
            f"seq {one['seq']}: {one['summary']}"
        )
        out += [
            f"    {name}: " + (f"shown ({sink['where']})" if sink["shown"] else sink["trouble"])
            for name, sink in one["sinks"].items()
        ]
    return [line.replace("\n", " ") for line in out]  # a summary must not look like a line of ours


def _alarm(state: AlarmState) -> Mapping[str, Any]:
    return {
        "alarm_id": state.alarm.alarm_id,
        "seq": state.seq,
        "status": state.alarm.status.value,
        "severity": state.alarm.severity.value,
        "mode": state.alarm.mode.value,
        "summary": state.alarm.summary,
        "url": state.alarm.url,
        "received_at": write_time(state.received_at),
        "sinks": {
            name: {
                "shown": one.seq >= state.seq,
                "where": one.where,
                "trouble": one.trouble or ("" if one.seq >= state.seq else "not told yet"),
                "attempts": one.attempts,
            }
            for name, one in state.sinks.items()
        },
    }


def _behind(hook: Hook, state: AlarmState) -> Sequence[str]:
    """Return the sinks in the configuration that have to show an alarm and do not."""
    names = [block.name for block in hook.config.sinks if block.name in state.sinks]
    return [name for name in names if state.sink(name).seq < state.seq]


def _problems(hook: Hook, states: Sequence[AlarmState]) -> Sequence[str]:
    now = hook.now()
    late = [path for path in hook.spool.waiting() if now - arrived_at(path) > LATE]
    found = [f"{len(late)} mails wait in the spool for a person"] if late else []
    for state in states:
        for name in _behind(hook, state):
            trouble = state.sink(name).trouble or "not told yet"
            found.append(f"{name} does not show {state.alarm.alarm_id}: {trouble}")
    waiting = [one for one in hook.outbox.letters() if one.attempts]
    if waiting:
        found.append(f"{len(waiting)} letters cannot be sent: {waiting[0].trouble}")
    for domain, helpdesk in hook.config.helpdesks.items():
        limit = timedelta(hours=helpdesk.silent_hours)
        if limit and now - last_heard(hook, domain, now) > limit:
            found.append(f"{domain} is silent")
    return found
