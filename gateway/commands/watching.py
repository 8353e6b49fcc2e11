"""`health`: what /readyz shows, for operators without the web."""

from datetime import timedelta
from pathlib import Path

import click

from gateway.commands.opening import CONFIG, JSON, Stop, config_at, store_of


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

    Where several daemons share a store, each name ends in @HOST:DIGEST, and the others that have
    said something within an hour are shown too. Exit code 0 when all is ok, else 1.
    """
    from gateway import show
    from gateway.directories.health import look_at_directories
    from gateway.health import all_well, look
    from gateway.now import utc_now
    from gateway.processes.naming import daemon_name

    config = config_at(config_file)
    period = timedelta(seconds=within)
    try:
        with store_of(config) as store:
            of = daemon_name(store, config.file)
            lines = look(config, store, utc_now(), within=period, of=of, others=True)
            lines += look_at_directories(config, store, utc_now())
    except Stop as error:
        click.echo(error.message, err=True)
        lines = look(config, None, utc_now(), within=period)
    if as_json:
        show.json_lines(show.as_object(line) for line in lines)
    else:
        for line in lines:
            click.echo(show.folded(str(line)))
    raise SystemExit(0 if all_well(lines) else 1)
