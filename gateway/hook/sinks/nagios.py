"""Nagios by its command file (also Naemon, and Checkmk's core).

The command file answers nothing: a host or service that does not exist is a line in a log. So the
status file is read back where it is configured. A shell would wait for ever on the pipe of a Nagios
that is stopped, and would make a plain file where there is none; this never does either.
Standard library only.
"""

import errno
import os
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.hook.sinks import nagios_lines
from gateway.hook.sinks.nagios_lines import MARK_VARIABLE, Picture, Target
from gateway.hook.sinks.settings import Key, SinkKind
from gateway.hook.sinks.sink import Showing
from parsers.alarm import Alarm
from parsers.alarm_answer import Answer
from parsers.errors import Deferred, Refused

PIPE_BUF = 4_096  # what one write puts into a pipe undivided, on Linux
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Nagios:
    """The command file of one Nagios; `status_file` is "" when it cannot be read."""

    command_file: str
    status_file: str
    target: Target
    timeout_s: float

    def show(self, showing: Showing) -> str:
        """Submit the picture of all alarms, and wait until it can be read back."""
        wanted = nagios_lines.picture(showing)
        if not self.status_file:
            self._write(nagios_lines.commands(self.target, wanted))
            return f"{self.target}: written to {self.command_file}, not read back"
        found = self._look()
        if found.mark == wanted.mark:
            return f"{self.target}: was shown before"
        orders = [] if _same(found, wanted) else self._orders(wanted, found)
        self._write([*orders, nagios_lines.mark(self.target, wanted.mark)])
        self._wait(wanted, found.mark is not None)
        return f"{self.target}: {wanted.state.name}"

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:  # noqa: ARG002
        """Return nothing: Nagios calls a notification command by itself."""
        return ()

    def _orders(self, wanted: Picture, found: "Seen") -> Sequence[str]:
        return nagios_lines.commands(self.target, wanted, found.state != 0)

    def _wait(self, wanted: Picture, marking: bool) -> None:
        """Wait for the whole picture: a file that is older would show what was before it.

        When an operator submits OK just then, the acknowledgement falls on a good service and is
        lost: it is given once more.
        """
        end = time.monotonic() + self.timeout_s
        again = wanted.acknowledged
        while not (_same(found := self._look(), wanted) and found.mark in _marks(wanted, marking)):
            if again and _same(replace(found, acknowledged=True), wanted):
                again = False
                self._write([nagios_lines.acknowledge(self.target)])
            if time.monotonic() > end:
                self._write([nagios_lines.mark(self.target, "none")])  # so that it is done again
                raise Deferred(
                    "Monitoring does not show the alarm yet.",
                    f"{self.target} is {found.state} {found.output[:80]!r} in {self.status_file} "
                    f"after {self.timeout_s:g} s: timeout_s must be more than "
                    "status_update_interval, and accept_passive_service_checks be 1",
                )
            time.sleep(LOOK_S)  # between two looks at the file

    def _write(self, orders: Sequence[str]) -> None:
        write_commands(self.command_file, nagios_lines.written(orders, int(time.time())))

    def _look(self) -> "Seen":
        try:
            found = read_status(self.status_file, self.target)
        except OSError as error:
            raise Deferred(
                "Monitoring is not running.",
                f"{error}: is Nagios running, is this its status_file, may the hook read it?",
            ) from error
        if found is None:
            raise Refused(
                "Monitoring has no place for alarms.",
                f"Nagios has no service {self.target.service!r} on host {self.target.host!r}: "
                "define it (docs/hook/nagios.md) or change host and service",
            )
        return found


@dataclass(frozen=True, slots=True)
class Seen:
    """A service in the status file; `mark` is None when it has no such variable."""

    state: int
    output: str
    acknowledged: bool
    mark: str | None


def read_status(path: str, target: Target) -> Seen | None:
    """Return the service as the status file has it, None when it is not there.

    Raises OSError when there is no file. The file is replaced as a whole, so it is never half.
    """
    values: dict[str, str] = {}
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        inside = False
        for raw in file:
            entry = raw.strip()
            if entry == "servicestatus {":
                inside, values = True, {}
            elif entry == "}":
                if inside and _is(values, target):
                    return _seen(values)
                inside = False
            elif inside:
                key, _, value = entry.partition("=")
                values[key] = value
    return None


def write_commands(path: str, lines: bytes) -> None:
    """Write lines into the command file at once; raises Deferred or Refused."""
    if len(lines) > PIPE_BUF:
        raise Refused("The alarm is too long.", f"{len(lines)} bytes do not fit into a pipe")
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise Refused(
                "Monitoring does not listen.",
                f"{path} is no pipe: delete it and restart Nagios, which runs without external "
                "commands as long as it is there",
            )
        os.write(descriptor, lines)
    except OSError as error:
        raise _trouble(path, error) from error
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _trouble(path: str, error: OSError) -> Deferred | Refused:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Refused(
            "Monitoring does not let us in.",
            f"{error}: add the hook's user to the group of {path}",
        )
    advice = {
        errno.ENXIO: "Nagios is not running",
        errno.ENOENT: "Nagios is not running, or check_external_commands is 0",
        errno.EAGAIN: "the pipe is full, Nagios does not read",
    }.get(error.errno or 0, "")
    return Deferred("Monitoring does not answer.", f"{error}: {advice}".rstrip(": "))


def _same(found: Seen, wanted: Picture) -> bool:
    return (found.state, found.output, found.acknowledged) == (
        int(wanted.state),
        wanted.output,
        wanted.acknowledged,
    )


def _marks(wanted: Picture, marking: bool) -> Sequence[str | None]:
    """Return the marks that will do: a service without the variable cannot have one."""
    return [wanted.mark] if marking else [None]


def _is(values: Mapping[str, str], target: Target) -> bool:
    return (values.get("host_name"), values.get("service_description")) == (
        target.host,
        target.service,
    )


def _seen(values: Mapping[str, str]) -> Seen:
    shown = values.get(f"_{MARK_VARIABLE}")
    return Seen(
        int(values.get("current_state", "0")),
        values.get("plugin_output", ""),
        values.get("problem_has_been_acknowledged", "0") != "0",
        None if shown is None else shown.partition(";")[2],
    )


def _build(values: Mapping[str, Any], site: str) -> Nagios:
    where = nagios_lines.target(values["host"] or site, values["service"])
    return Nagios(values["command_file"], values["status_file"] or "", where, values["timeout_s"])


NAGIOS = SinkKind(
    {
        "command_file": Key("command_file of nagios.cfg", obligatory=True),
        "status_file": Key("status_file of nagios.cfg, to see what became of it"),
        "host": Key("host_name of the service; the site's name if not given"),
        "service": Key("service_description that holds the alarms", default="alarm-tickets"),
        "timeout_s": Key("longest wait for the status file, in seconds", float, 15.0),
    },
    _build,
)
