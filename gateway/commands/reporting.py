"""`report`: what was opened, solved and answered in time, by unit, site, VO, kind or month."""

from pathlib import Path

import click

from gateway.commands.opening import CONFIG, FAULT, JSON, Stop, config_at, failures, store_of


@click.command()
@CONFIG
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet, times in seconds.")
@click.option(
    "--by",
    type=click.Choice(("unit", "site", "vo", "month", "kind")),
    default="unit",
    show_default=True,
    help="What a line is about.",
)
@click.option("--month", default="", metavar="YYYY-MM", help="The days of this month.")
@click.option("--from", "since", default="", metavar="YYYY-MM-DD", help="From this day on.")
@click.option("--to", "until", default="", metavar="YYYY-MM-DD", help="Until this day, with it.")
def report(
    config_file: Path, by: str, month: str, since: str, until: str, *, as_json: bool, as_csv: bool
) -> None:
    """Report opened and solved tickets, and how long it took.

    Usual is the last whole month; by month, the last twelve. Days are those of [clock] timezone.
    What each number means: docs/desk.md.
    """
    from gateway import reports, show
    from gateway.config.working import zone_of
    from gateway.now import utc_now
    from gateway.report_times import days_of
    from parsers.errors import Malformed

    if as_json and as_csv:
        raise Stop("either --json or --csv, not both", FAULT)
    config = config_at(config_file)
    zone = zone_of(config.clock.timezone)
    today = utc_now().astimezone(zone).date()
    try:
        days = days_of(month, since, until, today, zone, by_month=by == "month")
    except Malformed as error:
        raise Stop(str(error), FAULT) from error
    with store_of(config) as store, failures():
        made = reports.make_report(store, by, days)
    if as_json:
        show.json_lines(reports.as_objects(made))
    elif as_csv:
        click.echo(reports.as_csv(made), nl=False)
    else:
        for line in reports.as_text(made):
            click.echo(line)
        if not (month or since or until) and reports.is_empty(made):
            told = "nothing was opened, solved or answered in these days; this month so far"
            click.echo(f"{told}: --month {today:%Y-%m}", err=True)
