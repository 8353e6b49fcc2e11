"""`alarms`, `drill` and `drills`: how far alarms have come, and exercises for the sites."""

import getpass
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import (
    CONFIG,
    FAULT,
    JSON,
    LIMIT,
    NOT_FOUND,
    Stop,
    config_at,
    failures,
    rows_at_most,
    store_of,
)
from router.words import AT_TERMINAL

if TYPE_CHECKING:
    from parsers.registry import Registry
    from store.alarm_listing import DrillRow

HEADS = ("ticket", "site", "vo", "status", "paged_at", "receipt_at", "answered_at", "answered_by",
         "steps", "subject")  # fmt: skip
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@click.command()
@CONFIG
@JSON
@LIMIT
@click.option("--all", "everything", is_flag=True, help="Those too that are over.")
def alarms(config_file: Path, limit: int | None, *, as_json: bool, everything: bool) -> None:
    """List the alarms that are not over: how far each has come.

    The newest come first. `steps` counts what was done because nobody answered.
    """
    from gateway import show
    from store.alarm_listing import alarms as listed

    with store_of(config_at(config_file)) as store:
        at_most = rows_at_most(limit, as_json=as_json)
        with failures():
            rows = listed(store, over=everything, limit=at_most)
    if as_json:
        show.json_lines(show.as_object(row) for row in rows)
        return
    show.table(HEADS, ([getattr(row, h) for h in HEADS] for row in rows), empty="no alarms")


@click.command()
@CONFIG
@click.option("--by", required=True, metavar="ADDRESS", help="The alarmer whose right it is.")
@click.option("--name", help="Of the drill [default: the VO and today's date].")
@click.option("--text", default="", help="What the sites are told.")
@click.argument("vo")
@click.argument("sites", nargs=-1, required=True)
def drill(  # noqa: PLR0917 - a command and its options
    config_file: Path, vo: str, sites: tuple[str, ...], by: str, name: str | None, text: str
) -> None:
    """Raise an exercise alarm of VO at SITES, or at `all`.

    `all` are the sites that take alarms of the VO. The alarms go the whole way and page, marked
    EXERCISE. How the sites did: ticketgate drills.
    """
    from gateway.desk import open_desk
    from gateway.now import utc_now
    from parsers.errors import Refused
    from router.decision import Command
    from store.alarm_listing import alarms as listed

    chosen = name or f"{vo.lower()}-{utc_now():%Y-%m-%d}"
    if not NAME.fullmatch(chosen):
        raise Stop(f"{chosen!r} is no name for a drill: letters, digits, dots, hyphens", FAULT)
    config = config_at(config_file)
    failed = 0
    with store_of(config) as store, failures():
        desk = open_desk(config, store)
        there = {row.site for row in listed(store, drill=chosen, over=True)}
        known = desk.known.registry
        named = list(_all_sites(known, vo)) if sites == ("all",) else _names(sites, known)
        if not named:
            raise Stop(f"no site takes alarms of {vo}; see: ticketgate sites", NOT_FOUND)
        for site in named:
            if site in there:
                click.echo(f"{site}: has its alarm of drill {chosen} already")
                continue
            try:
                tickets = desk.do(Command("drill", 0, by, text, site=site, vo=vo, drill=chosen))
            except Refused as error:
                failed += 1
                click.echo(f"{site}: {error.public}", err=True)
                continue
            click.echo(f"{site}: ticket {tickets[0]}")
    click.echo(f"watch it: ticketgate drills {chosen}", err=True)
    if failed:
        raise Stop(f"{failed} of {len(named)} sites were not alarmed", FAULT)


@click.command()
@CONFIG
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet, times in seconds.")
@click.option("--close", is_flag=True, help="Solve the alarms that are still open.")
@click.argument("name", required=False)
def drills(
    config_file: Path, name: str | None, *, as_json: bool, as_csv: bool, close: bool
) -> None:
    """List the drills, or report how the sites did in drill NAME."""
    from gateway import drills as reports
    from gateway import show
    from gateway.desk import open_desk
    from router.decision import Command
    from store.alarm_listing import alarms as listed
    from store.alarm_listing import drills as known

    config = config_at(config_file)
    with store_of(config) as store, failures():
        if name is None:
            _list(known(store), as_json=as_json)
            return
        rows = listed(store, drill=name, over=True)
        if close:
            by = getpass.getuser() + AT_TERMINAL
            desk = open_desk(config, store)
            for row in rows:
                desk.do(Command("end-drill", row.ticket, by))
            rows = listed(store, drill=name, over=True)
    report = reports.report_of(name, rows)
    if report is None:
        raise Stop(f"there is no drill {name}", NOT_FOUND)
    if as_json:
        show.json_lines(show.as_object(row) for row in report.rows)
    elif as_csv:
        click.echo(reports.as_csv(report), nl=False)
    else:
        show.table(reports.HEADS, map(reports.cells, report.rows))
        silent = ", ".join(report.silent) or "none"
        click.echo(
            f"\nbegan {show.cell(report.began_at)} UTC; sites where nobody answered: {silent}"
        )


def _list(rows: "Sequence[DrillRow]", *, as_json: bool) -> None:
    from gateway import show

    if as_json:
        show.json_lines(map(show.as_object, rows))
        return
    heads = ("name", "began_at", "alarms", "answered", "over")
    show.table(heads, ([getattr(row, h) for h in heads] for row in rows), empty="no drills")


def _names(sites: tuple[str, ...], known: "Registry") -> list[str]:
    """Return the registered names; what is none is left to be refused with a reason."""
    found = (known.find_sites(one) for one in sites)
    named = [s[0].name if len(s) == 1 else one for s, one in zip(found, sites, strict=True)]
    return list(dict.fromkeys(named))


def _all_sites(known: "Registry", vo: str) -> Iterator[str]:
    from router.claim import takes_alarms

    for site in known.sites:
        if site.routable and takes_alarms(site, vo):
            yield site.name
