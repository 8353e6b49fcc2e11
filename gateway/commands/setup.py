"""Setting up: `init` writes the demo, `check-config` reads, `completion` helps the shell."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import CONFIG, FAULT, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config.load import Config, Fault

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
def init(directory: Path) -> None:
    """Write a configuration with a demo federation into DIR."""
    from gateway.config.signingkeys import UnusableKey
    from gateway.demo.words import ALARM_KEY
    from gateway.demo.writing import AlreadyThere, write_demo
    from gateway.now import utc_now

    try:
        written = write_demo(directory, utc_now())
    except AlreadyThere as error:
        raise Stop(f"{error} is there already; nothing was changed", FAULT) from error
    except UnusableKey as error:
        raise Stop(f"{directory / ALARM_KEY} {error}: move it away", FAULT) from error
    except OSError as error:
        message = f"{error.filename or directory}: cannot be written: {error.strerror or error}"
        raise Stop(message, FAULT) from error
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"next: ticketgate serve --config {directory / 'config.toml'}")


@click.command("check-config")
@CONFIG
@click.option(
    "--probe", is_flag=True, help="Send a forged mail to each mailbox with trusted_results."
)
@click.option(
    "--through",
    multiple=True,
    metavar="URL",
    help="Send it through smtp://HOST:PORT, not through the servers that DNS names.",
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check_config(
    config_file: Path, file: Path | None, *, probe: bool, through: tuple[str, ...]
) -> None:
    """Show every fault of the configuration.

    Templates, keys, certificates and the store's files that it names are tried, too. One line
    each, FILE:LINE: KEY: MESSAGE. Exit code 1 with an error; warnings alone end with 0.
    DNS is asked for our own DKIM keys, five seconds at most. --probe sends mail: it tries whether
    the server in front of a mailbox lets a forgery of its own results through, two minutes at most
    for each server, and removes the mail again (docs/imap.md).
    """
    if through and not probe:
        raise Stop("--through says where --probe sends: give both", FAULT)
    from gateway.config.load import Severity, examine, placed

    config, faults = examine(file or config_file)
    for fault in faults:
        click.echo(str(fault))
    if config is None:
        raise SystemExit(FAULT)
    from gateway.now import utc_now
    from gateway.outbound.published import check_published
    from gateway.outbound.smime_check import check_signing
    from gateway.probe import unprobed
    from gateway.proofs.anchors_check import check_anchors
    from gateway.store_check import check_store
    from templates.check import check_templates

    broken = check_templates(config.templates.dir)
    for template in broken:
        click.echo(str(template))
    now = utc_now()
    found = [*check_anchors(config, now), *check_signing(config, now), *check_published(config)]
    found += check_store(config)
    found += [] if probe else unprobed(config)
    trust = list(placed(config, found))
    for fault in trust:
        click.echo(str(fault))
    if probe:
        trust += _probed(config, through)
    if broken or any(fault.severity is Severity.ERROR for fault in trust):
        raise SystemExit(FAULT)
    click.echo(
        f"{config.file}: good: {len(config.site)} sites, {len(config.roc)} ROCs, "
        f"{len(config.unit)} units, {len(config.vo)} VOs, {len(config.member)} members",
        err=True,
    )


def _probed(config: "Config", through: tuple[str, ...]) -> "Iterator[Fault]":
    """Probe the mailboxes and say at once what is found; yield the faults."""
    from gateway.config.load import placed
    from gateway.probe import probe, trusting

    if not trusting(config):
        click.echo("nothing to probe: no [[imap]] mailbox has trusted_results", err=True)
    for said in probe(config, through):
        if isinstance(said, str):
            click.echo(said, err=True)
            continue
        for fault in placed(config, [said]):
            click.echo(str(fault))
            yield fault


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
