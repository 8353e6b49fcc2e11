"""What Nagios, Naemon and their relatives are told: a picture, and the commands that draw it.

One service holds all open alarms of the site, so it shows the worst of them and their number. It
counts as acknowledged only when all of them are: an alarm that nobody cares for must page.
Standard library only, and pure.
Source: Nagios Core 4 documentation, "external commands".
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.hook.sinks import words
from gateway.hook.sinks.settings import wrong
from gateway.hook.sinks.sink import Showing

MARK_VARIABLE = "ALARM_SHOWN"  # a custom variable of the service: which picture it was given last


@dataclass(frozen=True, slots=True)
class Target:
    """The service that holds the alarms."""

    host: str
    service: str

    def __str__(self) -> str:
        return f"{self.host}/{self.service}"


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be seen. `mark` is the same for the same documents, and for no others."""

    state: words.State
    output: str
    acknowledged: bool
    mark: str


def target(host: str, service: str) -> Target:
    """Return the target; raises Refused when a name would be read as another command."""
    for key, name in (("host", host), ("service", service)):
        if not name.isprintable() or ";" in name:
            wrong(key, f"has a character that Nagios does not allow in a name: {name!r}")
    return Target(host, service)


def picture(showing: Showing) -> Picture:
    """Return what is to be seen."""
    alarms = showing.open_alarms
    state = words.worst(alarms)
    listed = [f"{one.alarm_id} {words.document(one)} {one.status.value}" for one in alarms]
    return Picture(
        state,
        f"{state.name} - {words.overview(showing.alarm, alarms)}",
        words.all_acknowledged(alarms) and state is not words.State.OK,
        hashlib.sha256("\n".join(listed).encode()).hexdigest()[:16],
    )


def result(where: Target, shown: Picture) -> str:
    """Return the command that submits the state."""
    return (
        f"PROCESS_SERVICE_CHECK_RESULT;{where.host};{where.service};"
        f"{int(shown.state)};{shown.output}"
    )


def acknowledge(where: Target) -> str:
    """Return the command that acknowledges: sticky, tells nobody, its comment goes with it.

    It tells nobody, or the site's own notification would be mailed back as an answer.
    """
    text = "acknowledged at the helpdesk"
    return f"ACKNOWLEDGE_SVC_PROBLEM;{where.host};{where.service};2;0;0;{words.AUTHOR};{text}"


def unacknowledge(where: Target) -> str:
    """Return the command that takes an acknowledgement away, so that the next result pages."""
    return f"REMOVE_SVC_ACKNOWLEDGEMENT;{where.host};{where.service}"


def mark(where: Target, value: str) -> str:
    """Return the command that remembers in the service what it was given."""
    return f"CHANGE_CUSTOM_SVC_VAR;{where.host};{where.service};{MARK_VARIABLE};{value}"


def commands(where: Target, shown: Picture, in_trouble: bool | None = None) -> Sequence[str]:
    """Return the commands that draw the picture.

    An acknowledged service does not page for a new result, a good one cannot be acknowledged. So
    the order depends on whether it is `in_trouble` now; None, when that is not known, does both.
    """
    drawn = result(where, shown)
    if not shown.acknowledged:
        return (unacknowledge(where), drawn)
    ack = acknowledge(where)
    if in_trouble is None:
        return (ack, drawn, ack)
    return (ack, drawn) if in_trouble else (drawn, ack)


def written(orders: Sequence[str], at_s: int) -> bytes:
    """Return the lines of a command file."""
    return "".join(f"[{at_s}] {order}\n" for order in orders).encode("utf-8")
