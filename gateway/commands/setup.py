"""Setting up: `init` writes the demo, `check-config` reads, `completion` helps the shell."""

from pathlib import Path

import click

from gateway.commands.opening import CONFIG, FAULT, Stop

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
def init(directory: Path) -> None:
    """Write a configuration with a demo federation into DIR."""
    from gateway.demo.writing import AlreadyThere, write_demo
    from gateway.now import utc_now

    try:
        written = write_demo(directory, utc_now())
    except AlreadyThere as error:
        raise Stop(f"{error} is there already; nothing was changed", FAULT) from error
    except OSError as error:
        message = f"{error.filename or directory}: cannot be written: {error.strerror or error}"
        raise Stop(message, FAULT) from error
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"next: ticketgate serve --config {directory / 'config.toml'}")


@click.command("check-config")
@CONFIG
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check_config(config_file: Path, file: Path | None) -> None:
    """Show every fault of the configuration, of its templates, and of its certificates.

    One line each, FILE:LINE: KEY: MESSAGE. Exit code 1 with an error; warnings alone end with 0.
    """
    from gateway.config.load import Severity, examine, placed

    config, faults = examine(file or config_file)
    for fault in faults:
        click.echo(str(fault))
    if config is None:
        raise SystemExit(FAULT)
    from gateway.now import utc_now
    from gateway.outbound.smime_check import check_signing
    from gateway.proofs.anchors_check import check_anchors
    from templates.check import check_templates

    broken = check_templates(config.templates.dir)
    for template in broken:
        click.echo(str(template))
    now = utc_now()
    trust = placed(config, (*check_anchors(config, now), *check_signing(config, now)))
    for fault in trust:
        click.echo(str(fault))
    if broken or any(fault.severity is Severity.ERROR for fault in trust):
        raise SystemExit(FAULT)
    click.echo(
        f"{config.file}: good: {len(config.site)} sites, {len(config.roc)} ROCs, "
        f"{len(config.unit)} units, {len(config.vo)} VOs, {len(config.member)} members",
        err=True,
    )


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(ticketgate completion bash)".
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:  # not reached: SHELLS are click's own
        raise Stop(f"{shell} is not known", FAULT)
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "ticketgate", "_TICKETGATE_COMPLETE").source())
