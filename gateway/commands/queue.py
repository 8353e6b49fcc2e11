"""`queue`: what a support unit has to do, in the order in which it is worked on."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import (
    CONFIG,
    JSON,
    LIMIT,
    NOT_FOUND,
    Stop,
    config_at,
    failures,
    rows_at_most,
    store_of,
)

if TYPE_CHECKING:
    from gateway.queues import UnitRow

HEADS = (
    *("ticket", "place", "status", "left", "age", "priority", "site", "person"),
    *("waits for", "held", "next", "subject"),
)


@click.command()
@CONFIG
@JSON
@LIMIT
@click.option(
    "--person",
    default="",
    metavar="ADDRESS",
    help="Only what this person has, here or at all units.",
)
@click.argument("unit", required=False)
def queue(
    config_file: Path, limit: int | None, person: str, unit: str | None, *, as_json: bool
) -> None:
    """List what is open at UNIT, or a line for each unit.

    UNIT is a support unit or a ROC; its tickets come in the order of work: alarms first, then held
    requests for one, red, amber, what is held, yellow and green; in each, the least working time
    left until the limit. Held tickets stand at first line.
    """
    from gateway import queues, show
    from gateway.desk import open_desk
    from parsers.errors import Refused
    from store.queue import tallies

    config = config_at(config_file)
    with store_of(config) as store, failures():
        desk = open_desk(config, store)
        if unit is None and not person:
            found = tallies(store, desk.policy, desk.clock())
            rows = [queues.unit_row(one) for one in found if one.total]
            _show_units(rows, desk.clock(), as_json=as_json)
            return
        try:
            name = queues.unit_named(desk, unit) if unit is not None else ""
        except Refused as error:
            raise Stop(error.public, NOT_FOUND) from error
        whole = queues.queue_of(desk, name, rows_at_most(limit, as_json=as_json), person)
        now = desk.clock()
        listed = [queues.queue_row(one, desk.policy) for one in whole.first]
    if as_json:
        show.json_lines(map(show.as_object, listed))
        return
    cells = (
        (
            row.ticket,
            row.place,
            row.status,
            queues.said_left(row.left_s),
            queues.said_age(now - row.opened_at),
            row.priority,
            row.site,
            row.assigned_to,
            row.waits_for,
            row.held,
            f"{row.next_step}, {show.cell(row.next_at)}" if row.next_step else "",
            row.subject,
        )
        for row in listed
    )
    where = (f" at {name}" if name else "") + (f" for {show.cell(person)}" if person else "")
    show.table(HEADS, cells, empty=f"nothing is open{where}", sparse=True)
    if whole.tally.total > len(listed):
        more = whole.tally.total - len(listed)
        are = "is" if more == 1 else "are"
        click.echo(f"{more} more {are} open{where}: --limit, or --json for all", err=True)


def _show_units(rows: "list[UnitRow]", now: datetime, *, as_json: bool) -> None:
    from dataclasses import fields

    from gateway import show
    from gateway.queues import said_age

    if as_json:
        show.json_lines(map(show.as_object, rows))
        return
    names = [one.name for one in fields(rows[0]) if one.name != "oldest_at"] if rows else []
    table = (
        (
            *(getattr(row, name) for name in names),
            said_age(now - row.oldest_at) if row.oldest_at is not None else "",
        )
        for row in rows
    )
    heads = [*(name.replace("_", " ") for name in names), "oldest"]
    show.table(heads, table, empty="nothing is open", sparse=True)
