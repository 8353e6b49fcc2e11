"""The program `ticketgate`: the desk of the operator and the first line.

Exit codes: 0 done; 1 a fault in the configuration or the input; 2 wrong usage; 3 what was asked for
does not exist; 75 the store or the door cannot be reached now, so the same call may work later.
Each group of commands is a file in gateway/commands; what is heavy is imported inside a command.
"""

import atexit
import gc
import logging
import sys

import click

from gateway.commands import (
    alarms,
    clock,
    copying,
    directories,
    federation,
    keys,
    losing,
    mails,
    queue,
    reporting,
    samples,
    serving,
    setup,
    steering,
    tickets,
    tracing,
    watching,
)

COMMANDS = (
    setup.init,
    setup.check_config,
    serving.serve,
    samples.send_sample,
    tracing.parse,
    tracing.explain,
    queue.queue,
    tickets.tickets,
    steering.ticket,
    tickets.confirm,
    tickets.release,
    tickets.discard,
    alarms.alarms,
    alarms.drill,
    alarms.drills,
    reporting.report,
    mails.mails,
    mails.replay,
    mails.outbox,
    mails.refusals,
    watching.health,
    clock.clock,
    directories.sync,
    federation.sites,
    federation.members,
    keys.keys,
    copying.copy_store,
    losing.accept_loss,
    setup.completion,
)


class _InOrder(click.Group):
    """Lists the commands in the order of use, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names as they were added."""
        del ctx
        return list(self.commands)


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=_InOrder, context_settings=_SETTINGS)
@click.version_option(package_name="ticketgate", message="%(prog)s %(version)s")
def program() -> None:
    """Turn mail into tickets for a federation of computing sites.

    To try it: `ticketgate init demo`, `ticketgate serve --config demo/config.toml`, and in another
    terminal `ticketgate send-sample all --config demo/config.toml`.
    """


for _command in COMMANDS:
    program.add_command(_command)


# structlog loads these for tracebacks in colour, which we never print: a tenth of a role's start.
_UNUSED = ("rich.console", "rich.pretty", "rich.traceback")
_GARBAGE_AT = 50_000  # objects; imports make many and throw none away


def main() -> None:
    """Run the program; what a terminal cannot show is shown escaped."""
    gc.set_threshold(_GARBAGE_AT)
    atexit.register(gc.freeze)  # at the end nobody looks for garbage: the kernel takes it all
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type] # Python's own "there is none"
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs what odd mails do to it
    program(prog_name="ticketgate")
