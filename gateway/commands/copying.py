"""`copy-store`: move a helpdesk to another database."""

import os
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import click

from gateway.commands.opening import (
    CONFIG,
    NOT_FOUND,
    Stop,
    config_at,
    failures,
    stopped_store,
)

SAY_EVERY_S = 2.0


@click.command("copy-store")
@CONFIG
@click.argument("urls", nargs=-1, required=True, metavar="[FROM_URL] TO_URL")
def copy_store(config_file: Path, urls: tuple[str, ...]) -> None:
    """Copy a whole stopped store into an empty one.

    Without FROM_URL the store of --config is copied. URLs are those of [store] url; passwords come
    from PGPASSFILE. All or nothing: when it fails, the target is as it was, and the same call may
    be made again. The source is only read. Every count and every mail's digest is compared.
    """
    if len(urls) > 2:
        raise click.UsageError("give FROM_URL and TO_URL, or TO_URL alone")
    password = None
    if len(urls) == 1:
        config = config_at(config_file)
        urls = (config.store.url, *urls)
        password = config.store.secret
    from gateway.now import utc_now
    from store.copying import copy_store as copy
    from store.revision import require_current
    from store.schema import upgrade
    from store.visit import exists

    os.umask(0o077)  # like serve: what is in a new file is nobody else's to read
    with failures(), ExitStack() as stack:
        if not exists(urls[0]):
            raise Stop(f"There is no store at {urls[0]}.", NOT_FOUND)
        source = stopped_store(urls[0], password, stack)
        require_current(source)
        target = stopped_store(urls[1], None, stack)
        upgrade(target, first_ticket=1)
        counts = copy(source, target, _Teller(), utc_now())
    mails, tickets = counts["delivery"], counts["ticket"]
    click.echo(f"copied {mails} mails and {tickets} tickets; every count and digest is the same")


class _Teller:
    """Says on standard error how far it is: at the end of each table, and every few seconds."""

    def __init__(self) -> None:
        self._said_at = 0.0

    def __call__(self, table: str, done: int, total: int) -> None:
        if done < total and monotonic() - self._said_at < SAY_EVERY_S:
            return
        self._said_at = monotonic()
        click.echo(f"{table}: {done} of {total}", err=True)
