"""`sync`: reading the directories now, and accepting that one has really become smaller."""

import socket
import sys
from pathlib import Path

import click

from gateway.commands.opening import CONFIG, FAULT, JSON, NOT_FOUND, UNAVAILABLE, Stop, config_at

from gateway.commands.opening import failures, store_of  # isort: skip


@click.command()
@CONFIG
@JSON
@click.argument("name", required=False)
@click.option("--accept", is_flag=True, help="Believe NAME that much of it is gone for good.")
@click.option("--notes", is_flag=True, help="Say also what could not be used of the answers.")
def sync(config_file: Path, *, as_json: bool, name: str | None, accept: bool, notes: bool) -> None:
    """Read all directories now, or NAME, and say what changed.

    One line for each: +new -gone ~changed. An answer that is empty, null, short, broken or missing
    changes nothing. Exit code 0 when each was read, 1 when one gave no usable answer, 3 when there
    is none of that name, 75 when the store cannot be reached or somebody is reading it now.
    """
    import structlog

    from gateway import show
    from gateway.desk import open_desk
    from gateway.directories.sync import sync as read
    from router.directories import Said

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    config = config_at(config_file)
    if accept and name is None:
        raise click.UsageError("--accept needs the NAME of one directory")
    if name is not None and name not in config.directory:
        raise Stop(f"there is no [directory.{name}]", NOT_FOUND)
    names = [name] if name is not None else list(config.directory)
    if not names:
        click.echo("no directories are configured", err=True)
    worst = 0
    with store_of(config) as store:
        desk = open_desk(config, store)
        by = f"sync {socket.gethostname()}"
        for one in names:
            with failures():
                done = read(desk, config, one, by, accept=accept)
            if done is None:
                click.echo(f"{one}: somebody else is reading it now", err=True)
                worst = UNAVAILABLE
                continue
            if as_json:
                changes = show.as_object(done.changes)
                show.json_lines([show.as_object(done) | {"changes": changes}])
            else:
                click.echo(show.folded(show.cell(str(done))))
                for note in done.notes if notes else ():
                    click.echo(show.folded(f"  {show.cell(note)}"))
            if done.said is not Said.OK:
                worst = worst or FAULT
    raise SystemExit(worst)
