"""`health`: what /readyz shows, for operators without the web."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import CONFIG, JSON, Stop, spelt, store_at, store_of

if TYPE_CHECKING:
    from gateway.config.root import Config
    from gateway.health import Line


@click.command()
@CONFIG
@JSON
@click.option(
    "--within",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Who has said nothing for longer is silent.",
)
def health(config_file: Path, *, as_json: bool, within: int) -> None:
    """Say how each door, role and directory is, store and disk.

    With a faulty configuration its faults come first, and then what is known of the running daemon,
    which goes on with the one that it was started with.

    Where several daemons share a store, each name ends in @HOST:DIGEST, and the others that have
    said something within an hour are shown too. Exit code 0 when all is ok, else 1.
    """
    from gateway import show
    from gateway.config.load import Severity, examine
    from gateway.health import all_well

    period = timedelta(seconds=within)
    config, faults = examine(config_file)
    if config is None:
        click.echo(spelt(faults), err=True)
        errors = sum(fault.severity is Severity.ERROR for fault in faults)
        lines = _without_configuration(config_file, errors, period)
    else:
        lines = _expected(config, period)
    if as_json:
        show.json_lines(show.as_object(line) for line in lines)
    else:
        for line in lines:
            click.echo(show.folded(str(line)))
    raise SystemExit(0 if all_well(lines) else 1)


def _expected(config: "Config", period: timedelta) -> "tuple[Line, ...]":
    """Look at what the configuration expects, and at its directories."""
    from gateway.directories.health import look_at_directories
    from gateway.health import look
    from gateway.now import utc_now
    from gateway.processes.naming import daemon_name
    from store.engine import open_store
    from store.files import desk_path

    try:
        with store_of(config) as store:
            of = daemon_name(store, config.file)
            lines = look(config, store, utc_now(), within=period, of=of, others=True)
            return lines + look_at_directories(config, store, utc_now())
    except Stop as error:
        click.echo(error.message, err=True)
    url = config.store.url
    if desk_path(url) is None:
        return look(config, None, utc_now(), within=period)
    with closing(open_store(url, make=False)) as store:  # each half says for itself
        return look(config, store, utc_now(), within=period)


def _without_configuration(config_file: Path, errors: int, period: timedelta) -> "tuple[Line, ...]":
    """Look at whoever writes into the store that is configured, if that can be told."""
    from gateway.config.lone_store import lone_store
    from gateway.health import Line, State, look_around
    from gateway.now import utc_now

    told = f"it cannot be used ({errors} error{'s' if errors > 1 else ''})"
    detail = f"{told}; a daemon that runs keeps the one that it was started with"
    first = Line("configuration", State.FAILING, detail)
    section, why = lone_store(config_file)
    if section is None:
        return (first, *look_around(None, why, utc_now()))
    try:
        with store_at(section) as store:
            return (first, *look_around(store, "", utc_now(), within=period))
    except Stop as error:
        return (first, *look_around(None, f"the store cannot be read: {error.message}", utc_now()))
