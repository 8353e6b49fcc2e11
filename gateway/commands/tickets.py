"""`tickets` and `release`: the tickets, one ticket's whole story, and letting a held one go."""

import getpass
from pathlib import Path

import click

from gateway.commands.opening import (
    CONFIG,
    JSON,
    LIMIT,
    NOT_FOUND,
    Stop,
    TicketNumber,
    config_at,
    failures,
    rows_at_most,
    store_of,
)
from router.words import AT_TERMINAL

# What is long, or seldom there, comes last: on a terminal it follows below.
HEADS = (
    *("ticket", "kind", "status", "priority", "notified_site", "support_unit", "held"),
    *("updated_at", "subject"),
)


@click.command()
@CONFIG
@JSON
@LIMIT
@click.option("--site", default="", help="Tickets that notify this site, by name or alias.")
@click.option("--status", default="", help='Tickets in this status, such as "in progress".')
@click.option("--held/--not-held", default=None, help="Tickets that wait for a release, or not.")
@click.argument("number", required=False, type=TicketNumber())
def tickets(
    *,
    config_file: Path,
    as_json: bool,
    limit: int | None,
    site: str,
    status: str,
    held: bool | None,
    number: int | None,
) -> None:
    """List the tickets, newest first; or show ticket NUMBER.

    With NUMBER: its state, its whole history, who takes part, and every mail of it.
    """
    from gateway import show
    from gateway.colours import coloured
    from gateway.desk import open_desk
    from gateway.now import utc_now
    from store.ticket_listing import TicketFilter, find_ticket
    from store.ticket_listing import tickets as listed

    config = config_at(config_file)
    with store_of(config) as store:
        if number is not None:
            row = find_ticket(store, number)
            if row is None:
                raise Stop(f"there is no ticket {number}", NOT_FOUND)
            from gateway.commands.story import show_story

            policy = open_desk(config, store).policy
            (found,) = coloured(store, [row], policy, utc_now())
            show_story(store, row, str(found["colour"]), as_json=as_json)
            return
        known = open_desk(config, store).known.registry if site else None
        named = tuple(s.name for s in known.find_sites(site)) if known else ()
        named = named or (site,)
        wanted = TicketFilter(named if site else (), _known_status(status), held)
        rows = listed(store, wanted, rows_at_most(limit, as_json=as_json))
        if as_json:
            show.json_lines(coloured(store, rows, open_desk(config, store).policy, utc_now()))
            return
        show.table(HEADS, ([getattr(row, h) for h in HEADS] for row in rows), empty="no tickets")


def _known_status(status: str) -> str:
    from router.words import Status

    folded = status.lower().replace("-", " ")
    if folded and folded not in set(Status):
        raise click.BadParameter(f"one of {', '.join(Status)}", param_hint="--status")
    return folded


COMMENT = click.option("--comment", default="", help="Why, for the ticket's history.")
TICKET = click.argument("ticket", type=TicketNumber())


@click.command()
@CONFIG
@COMMENT
@TICKET
def release(config_file: Path, ticket: int, comment: str) -> None:
    """Let a held TICKET go where it wanted, as a USER ticket.

    A request for an alarm becomes an ordinary ticket too: it alarms no site.
    """
    unit, wanted = _do("release", config_file, ticket, comment)
    click.echo(f"ticket {ticket} is released at {unit}")
    if wanted != "USER":
        urgent = "; no site was alarmed: if it cannot wait, call it" if wanted == "ALARM" else ""
        click.echo(f"it is a USER ticket, {wanted} was wanted{urgent}")


@click.command()
@CONFIG
@COMMENT
@TICKET
def confirm(config_file: Path, ticket: int, comment: str) -> None:
    """Grant what a held TICKET asks for, such as an alarm.

    It is as if its sender had been proven. An alarm wakes the site: do it when you have made sure
    that the request is real. By mail, a supporter of first line answers the notice with "Confirm:
    yes" as the first line.
    """
    unit, wanted = _do("confirm", config_file, ticket, comment)
    told = "; the site was alarmed" if wanted == "ALARM" else ""
    click.echo(f"ticket {ticket} is confirmed as {wanted}, at {unit}{told}")


@click.command()
@CONFIG
@COMMENT
@TICKET
def discard(config_file: Path, ticket: int, comment: str) -> None:
    """Put a held TICKET aside as unsolved; nobody is mailed."""
    _do("discard", config_file, ticket, comment)
    click.echo(f"ticket {ticket} is discarded")


def _do(name: str, config_file: Path, ticket: int, comment: str) -> tuple[str, str]:
    """Ask for something to be done with a ticket; return its unit then, and what it wanted."""
    from gateway.desk import open_desk
    from router.decision import Command
    from store.ticket_listing import find_ticket

    config = config_at(config_file)
    with store_of(config) as store:
        if find_ticket(store, ticket) is None:
            raise Stop(f"there is no ticket {ticket}", NOT_FOUND)
        by = getpass.getuser() + AT_TERMINAL
        with failures():
            open_desk(config, store).do(Command(name, ticket, by, comment))
        row = find_ticket(store, ticket)
    return (row.support_unit, row.wanted) if row is not None else ("", "")
