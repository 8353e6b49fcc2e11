"""`serve`: run the daemon in the foreground."""

import sys
from pathlib import Path

import click

from gateway.commands.opening import CONFIG, config_at, failures


@click.command()
@CONFIG
def serve(config_file: Path) -> None:
    """Run the daemon in the foreground until SIGTERM.

    Prints one line "ready smtp=HOST:PORT web=HOST:PORT ..." when it accepts mail; its log goes to
    standard error.
    """
    config = config_at(config_file, quiet=False)
    from gateway import daemon

    with failures():
        sys.exit(daemon.serve(config.file))
