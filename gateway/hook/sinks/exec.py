"""Any command of the site: the alarm in its environment, its document on stdin.

For what has no sink of its own: a text message, a pager, another ticket system. The command is an
argument list and never meets a shell; the alarm's words are not among its arguments, so none of
them can be taken for an option. It may be called twice for one document: `ALARM_ID` and `ALARM_SEQ`
tell.
Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.hook.sinks import words
from gateway.hook.sinks.running import run
from gateway.hook.sinks.settings import TIMEOUT, Key, SinkKind, wrong
from gateway.hook.sinks.sink import Showing
from parsers.alarm import Alarm
from parsers.alarm_answer import Answer
from parsers.alarm_document import write_alarm, write_time
from parsers.errors import Deferred, Refused

# sysexits.h: usage, data, input, user, host, permission, configuration. The rest may pass.
HOPELESS = frozenset({64, 65, 66, 67, 68, 77, 78})


@dataclass(frozen=True, slots=True)
class Exec:
    """One command."""

    command: tuple[str, ...]
    timeout_s: float

    def show(self, showing: Showing) -> str:
        """Run the command; it has shown the alarm when it ends with 0."""
        document = write_alarm(showing.alarm).encode() + b"\n"
        ended = run(self.command, document, self.timeout_s, environment(showing))
        if ended.status == 0:
            return f"{self.command[0]} ended with 0"
        detail = f"{self.command[0]} ended with {ended.status}: {ended.said}".rstrip(": ")
        if ended.status in HOPELESS:
            raise Refused("The command refuses the alarm.", detail)
        raise Deferred("The command failed.", detail)

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:  # noqa: ARG002
        """Return nothing: a command that knows more runs `ticketgate-hook ack` itself."""
        return ()


def environment(showing: Showing) -> Mapping[str, str]:
    """Return the alarm as variables: each one line in its own alphabet, "" where it is empty."""
    alarm = showing.alarm
    values = {
        "ALARM_ID": alarm.alarm_id,
        "ALARM_TICKET": alarm.ticket,
        "ALARM_SEQ": str(alarm.seq),
        "ALARM_EVENT": alarm.event.value,
        "ALARM_STATUS": alarm.status.value,
        "ALARM_SEVERITY": words.severity(alarm).value,
        "ALARM_MODE": alarm.mode.value,
        "ALARM_SITE": alarm.site,
        "ALARM_VO": alarm.vo,
        "ALARM_SERVICE": alarm.service,
        "ALARM_HOST": alarm.host or "",
        "ALARM_SUMMARY": alarm.summary,
        "ALARM_ALARMER": alarm.alarmer,
        "ALARM_OPENED": write_time(alarm.starts_at),
        "ALARM_URL": alarm.url,
        "ALARM_OPEN": str(len(showing.open_alarms)),
        "ALARM_STATE": str(int(words.state(alarm))),
    }
    return {name: words.one_line(value) for name, value in values.items()}


def _build(values: Mapping[str, Any], site: str) -> Exec:  # noqa: ARG001
    command = tuple(values["command"])
    if not command or not command[0].startswith("/"):
        wrong("command", 'is no list like ["/usr/local/bin/page", "--urgent"] with a whole path')
    if any("\0" in word for word in command):
        wrong("command", "has a NUL character")
    return Exec(command, values["timeout_s"])


EXEC = SinkKind(
    {
        "command": Key("program with its whole path, and its arguments", list, obligatory=True),
        "timeout_s": TIMEOUT,
    },
    _build,
)
