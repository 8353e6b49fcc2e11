"""`clock`: how the clock of tickets stands, what comes next, and letting it go on."""

from pathlib import Path

import click

from gateway.commands.opening import CONFIG, FAULT, JSON, Stop, config_at, failures, store_of

NEXT = 10
HEADS = ("ticket", "due_at", "due_for", "status", "steps")
ASKED_FOR = "Remind on"  # the line that asked for it
CLOSING = "closing"  # the one step of which nobody is reminded


@click.group(invoke_without_command=True)
@CONFIG
@JSON
@click.pass_context
def clock(context: click.Context, config_file: Path, *, as_json: bool) -> None:
    """Say whether the clock of tickets runs, and what comes next.

    It stands still after a jump of the machine's clock; alarms go on. `steps` counts what was done
    for a ticket in its status; "Remind on" marks a day that a supporter asked for. Exit code 0
    when the clock runs, else 1.
    """
    if context.invoked_subcommand is not None:
        return
    from gateway import show
    from gateway.clock_lead import NAME
    from gateway.now import utc_now
    from store import leases
    from store.clock_state import count_asked_for, count_steps, next_steps, read_clock

    now = utc_now()
    with store_of(config_at(config_file)) as store, failures():
        with store.reading() as conn:
            state = read_clock(conn)
            planned, overdue = count_steps(conn, now)
            asked_for, asked_overdue = count_asked_for(conn, now)
            coming = next_steps(conn, NEXT)
        keeper = leases.holder(store, NAME)
    if as_json:
        said = {
            "stopped_at": state.stopped_at,
            "why": state.why,
            "keeper": keeper,
            "looked_at": state.ticked_at,
            "planned": planned,
            "overdue": overdue,
            "asked_for": asked_for,
            "asked_for_overdue": asked_overdue,
            "next": [show.as_object(one) for one in coming],
        }
        show.json_lines([said])
    else:
        looked = f"{state.ticked_at:%Y-%m-%d %H:%M} UTC" if state.ticked_at else "never"
        stands = ""
        if state.stopped_at is not None:
            stands = f"stands still since {state.stopped_at:%Y-%m-%d %H:%M} UTC: {state.why}"
        click.echo(show.folded(f"clock: {stands or 'runs'}"))
        click.echo(f"looked at: {looked}" + (f", kept by {keeper}" if keeper else ""))
        click.echo(f"tickets with a next step: {planned}, overdue: {overdue}")
        click.echo(f"days that were asked for: {asked_for}, overdue: {asked_overdue}")
        if coming:
            show.table(
                HEADS,
                (
                    (
                        *(row.ticket, row.due_at, row.due_for or CLOSING, row.status),
                        ASKED_FOR if row.is_asked_for else row.steps,
                    )
                    for row in coming
                ),
            )
    raise SystemExit(0 if state.stopped_at is None else 1)


@clock.command()
@CONFIG
def resume(config_file: Path) -> None:
    """Let the clock go on, because the clock of the machine is right now.

    What has become overdue meanwhile is one step for each ticket and person.
    """
    from gateway.now import utc_now
    from store.clock_state import read_clock
    from store.clock_state import resume as go_on

    with store_of(config_at(config_file)) as store, failures(), store.writing() as conn:
        if read_clock(conn).stopped_at is None:
            raise Stop("the clock runs already", FAULT)
        go_on(conn, utc_now())
    click.echo("the clock of tickets goes on")
