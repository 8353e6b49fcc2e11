"""`accept-loss`: go on with a store in files of which a part is gone for good."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import (
    CONFIG,
    FAULT,
    NOT_FOUND,
    Stop,
    config_at,
    failures,
    stopped_store,
)

if TYPE_CHECKING:
    from store.pairing import Found


@click.command("accept-loss")
@CONFIG
@click.option("--yes", is_flag=True, help="Do it.")
def accept_loss(config_file: Path, *, yes: bool) -> None:
    """Go on without tickets or mails that are lost.

    For a stopped store in files that `serve` refuses, because tickets.db is gone or mails of
    journal.db are. First try to put the file back: a backup is enough, newer mails of the journal
    are worked on by themselves. Without --yes it says what would follow, and ends with 1.
    """
    config = config_at(config_file)
    from store.files import desk_path, journal_path, unfit
    from store.pairing import Loss, find_loss, number_after
    from store.schema import upgrade

    desk = desk_path(config.store.url)
    if desk is None:
        raise Stop("The store is one database: it is whole, or its server says so.", NOT_FOUND)
    if why := unfit(desk, journal_path(desk)):
        raise Stop(why, FAULT)
    os.umask(0o077)  # like serve: what is in a new file is nobody else's to read
    with failures(), ExitStack() as stack:
        store = stopped_store(config.store.url, None, stack)
        found = find_loss(desk)
        if found is None:
            raise Stop("Nothing is lost; `ticketgate serve` starts.", NOT_FOUND)
        if found.loss is Loss.STRANGERS:
            raise Stop(found.sentence, FAULT)
        click.echo(_follows(found, config.helpdesk.first_ticket))
        if not yes:
            raise Stop("Nothing was changed. To go on so, give --yes.", FAULT)
        upgrade(store, first_ticket=config.helpdesk.first_ticket)
        if found.loss is Loss.MAILS:
            number_after(store, found.last)
    click.echo("done; start the daemon")


def _follows(found: "Found", first_ticket: int) -> str:
    """Return what going on means."""
    from store.pairing import Loss

    if found.loss is Loss.TICKETS:
        return (
            f"The journal's mails ({found.mails}) will be worked on again at the next start, as if "
            "they came now: our mails to people and sites go out once more, alarms included. "
            f"Tickets are numbered from {first_ticket} on: set [helpdesk] first_ticket above every "
            "number that was given. To begin without the old mails, move journal.db away instead."
        )
    return (
        f"Tickets stay as they are, without the text of the mails after {found.newest}; those "
        "that nobody has decided on will end as broken. New mails are numbered from "
        f"{found.last + 1} on."
    )
