"""`serve`: run the daemon in the foreground."""

import sys
from pathlib import Path

import click

from gateway.commands.opening import CONFIG, config_at, failures


@click.command()
@CONFIG
@click.option("--role", hidden=True, help="Run this one role, as the supervisor does.")
@click.option("--slot", type=int, default=0, hidden=True, help="Which process of the role.")
@click.option("--link", default="", hidden=True, help="The way to the supervisor.")
def serve(config_file: Path, role: str | None, slot: int, link: str) -> None:
    """Run the daemon in the foreground until SIGTERM.

    Prints one line "ready smtp=HOST:PORT web=HOST:PORT ..." when it accepts mail; its log goes to
    standard error.
    """
    config = config_at(config_file, quiet=role is not None)
    from gateway import daemon

    with failures():
        if role is None:
            sys.exit(daemon.serve(config.file))
        sys.exit(daemon.run_role(config.file, role, slot, link))
