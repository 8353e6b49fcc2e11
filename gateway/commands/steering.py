"""`ticket`: what a supporter writes into the first lines of a reply, at the terminal.

All of it is done, or none of it.
"""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.commands.moving import METAVAR, command_of, said
from gateway.commands.opening import (
    CONFIG,
    NOT_FOUND,
    Stop,
    TicketNumber,
    config_at,
    failures,
    store_of,
)
from router.words import AT_TERMINAL

# Option -> the line of a reply that it is, and what it takes.
LINES = (
    ("--status", "Status", "As in `tickets`; new and assigned are not set by hand."),
    ("--assign", "Assign to", "A support unit, the address of one of its supporters, or nobody."),
    ("--priority", "Priority", "less urgent, urgent, very urgent, top priority."),
    ("--category", "Category", "What it is about, such as Incident or Test."),
    ("--type-of-issue", "Type of issue", "The type of issue, in at most 50 characters."),
    ("--vo", "VO", "The VO that it concerns, or none; not of a TEAM or ALARM ticket."),
    ("--vo-specific", "VO specific", "Whether it is a matter of that VO alone: yes or no."),
    ("--site", "Notified site", "The site that is told; its ROC becomes responsible."),
    ("--affected-site", "Affected site", "Where it shows, or none; nobody is told."),
    ("--solution", "Solution", "With --status solved or unsolved; else the comment is it."),
    ("--cc", "Cc", "Addresses that read all public comments."),
    ("--involve", "Involve", "Addresses that read what supporters read."),
    ("--related", "Related", "A related issue, such as a URL."),
    ("--cross-reference", "Cross reference", "Tickets that have to do with it, by number."),
    ("--master", "Master", "The ticket with which it is solved, or none."),
    ("--parent", "Parent", "The ticket that cannot be solved before it, or none."),
    ("--duplicate-of", "Duplicate of", "The ticket that it repeats, or none; it is unsolved."),
    ("--unlink", "Unlink", "Tickets that have nothing to do with it any more."),
)


def _with_lines(command: Callable[..., Any]) -> Callable[..., Any]:
    for option, line, says in reversed(LINES):
        name = line.lower().replace(" ", "_")
        command = click.option(option, name, default=None, help=says)(command)
    return command


@click.command()
@CONFIG
@click.option("--comment", default="", help="The text; needed to hold, reopen or raise a ticket.")
@click.option("--internal", is_flag=True, help="For supporters only; see docs/work-by-mail.md.")
@_with_lines
@click.argument("ticket", type=TicketNumber())
@click.argument("action", nargs=-1, metavar=METAVAR)
def ticket(
    config_file: Path,
    ticket: int,
    action: tuple[str, ...],
    comment: str,
    *,
    internal: bool,
    **lines: str | None,
) -> None:
    """Change TICKET as a supporter does by mail, join or part it.

    With "merge OTHER", TICKET ends; its people, and answers to it, go to OTHER. With "move ENTRY
    OTHER", a comment, by its number in the history, goes to OTHER; with "split ENTRY" it becomes a
    ticket of its own, and its author the submitter.

    Those who take part are told. It stands in the history, of each ticket, under your name and
    "command line".
    """
    from gateway.desk import open_desk
    from parsers.block import KEYS, Field
    from router.decision import Command
    from store.ticket_listing import find_ticket

    asked = [("Internal", "yes")] if internal else []
    asked += [
        (line, value)
        for _, line, _ in LINES
        if (value := lines[line.lower().replace(" ", "_")]) is not None
    ]
    fields = tuple(Field(KEYS[key.lower()], value, f"{key}: {value}") for key, value in asked)
    by = getpass.getuser() + AT_TERMINAL
    request = Command("steer", ticket, by, comment, lines=fields)
    if action:
        if fields:
            raise click.UsageError(f"only --comment goes with {action[0]}")
        request = command_of(ticket, action, by, comment)
    config = config_at(config_file)
    with store_of(config) as store:
        if find_ticket(store, ticket) is None:
            raise Stop(f"there is no ticket {ticket}", NOT_FOUND)
        with failures():
            open_desk(config, store).do(request)
        row = find_ticket(store, ticket)
        done = said(store, request) if action else ""
    if done:
        click.echo(done)
    elif row is not None:
        click.echo(f"ticket {ticket} is {row.status}, {row.priority}, at {row.support_unit}")
