"""Nagios on another machine, by the program `send_nsca` of nsca-ng, or of the classic NSCA.

Neither proves that Nagios has the alarm: both servers say yes before Nagios is asked, and the
classic one says yes even to a wrong password, since its program is told nothing. What `show`
returns says so each time. Prefer nsca-ng; where the status file can be read here, `nagios` is
better still.
Standard library only.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.hook.sinks import nagios_lines
from gateway.hook.sinks.nagios_lines import Picture, Target
from gateway.hook.sinks.running import run
from gateway.hook.sinks.settings import TIMEOUT, Key, SinkKind, wrong
from gateway.hook.sinks.sink import Showing
from parsers.alarm import Alarm
from parsers.alarm_answer import Answer
from parsers.errors import Deferred

NO_PROOF = "no proof that Nagios has it"


@dataclass(frozen=True, slots=True)
class Nsca:
    """One call of send_nsca; with `commands` it hands over commands, else only a result."""

    argv: tuple[str, ...]
    commands: bool
    target: Target
    timeout_s: float

    def show(self, showing: Showing) -> str:
        """Hand the picture to send_nsca."""
        wanted = nagios_lines.picture(showing)
        given = self._commands(wanted) if self.commands else self._result(wanted)
        ended = run(self.argv, given, self.timeout_s)
        if ended.status != 0:
            raise Deferred(
                "Monitoring does not answer.",
                f"{self.argv[0]} ended with {ended.status}: {ended.said}: is the server running, "
                "and are the name and the password in config_file those that it allows?",
            )
        return f"{self.target}: handed to {self.argv[0]}, {NO_PROOF}"

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:  # noqa: ARG002
        """Return nothing: Nagios calls a notification command by itself."""
        return ()

    def _commands(self, wanted: Picture) -> bytes:
        orders = nagios_lines.commands(self.target, wanted)
        return nagios_lines.written(orders, int(time.time()))

    def _result(self, wanted: Picture) -> bytes:
        fields = (self.target.host, self.target.service, str(int(wanted.state)), wanted.output)
        return ("\t".join(fields) + "\n").encode()


def _build(values: Mapping[str, Any], site: str) -> Nsca:
    if not values["program"].startswith("/"):
        wrong("program", "is no whole path")
    where = nagios_lines.target(values["host"] or site, values["service"])
    argv = [values["program"], "-c", values["config_file"]]
    if values["server"]:
        argv += ["-H", values["server"]]
    if values["port"]:
        argv += ["-p", str(values["port"])]
    classic = values["variant"] == "nsca"
    if classic and not values["server"]:
        wrong("server", "is missing: the classic send_nsca does not read it from config_file")
    if not classic:
        argv += ["-S", "-C"] if values["commands"] else ["-S"]
    elif values["commands"]:
        wrong("commands", "is only possible with nsca-ng")
    return Nsca(tuple(argv), values["commands"], where, values["timeout_s"])


NSCA = SinkKind(
    {
        "variant": Key("which one it is", default="nsca-ng", words=("nsca-ng", "nsca")),
        "program": Key("path of send_nsca", default="/usr/sbin/send_nsca"),
        "config_file": Key("its configuration, with the password", obligatory=True),
        "server": Key("the server's address, if config_file does not say it"),
        "port": Key("the server's port, if config_file does not say it", int),
        "commands": Key("also acknowledge; the nsca-ng server must allow commands", bool, False),
        "host": Key("host_name of the service; the site's name if not given"),
        "service": Key("service_description that holds the alarms", default="alarm-tickets"),
        "timeout_s": TIMEOUT,
    },
    _build,
)
