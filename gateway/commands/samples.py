"""`send-sample`: mails to try the daemon with."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import CONFIG, FAULT, UNAVAILABLE, Stop, config_at

if TYPE_CHECKING:
    from gateway.config.values import Listen


@click.command("send-sample")
@CONFIG
@click.option("--door", metavar="HOST:PORT", help="Another SMTP door than that of [smtp] listen.")
@click.option("--print", "printed", is_flag=True, help="Print the mail instead (for `explain -`).")
@click.argument("kind", metavar="KIND|all|list")
def send_sample(config_file: Path, door: str | None, kind: str, *, printed: bool) -> None:
    """Send a sample mail to the running daemon.

    Prints its reply. `list` shows the kinds; `all` sends one of each but those that answer: `reply`
    and `verify` the newest mail to the submitter Ada, `supporter-...` that to NGI_NORTH, signed.
    """
    from gateway.demo.answering import ANSWERS
    from gateway.demo.names import advice
    from gateway.demo.sending import CannotSend, kinds, sample, send

    known = kinds()
    if kind == "list":
        click.echo("\n".join(known))
        return
    if kind != "all" and kind not in known:
        raise click.BadParameter(f"one of {', '.join(known)}, all, list", param_hint="KIND")
    config = config_at(config_file)
    names = [k for k in known if k not in ANSWERS] if kind == "all" else [kind]
    told = advice(names, config)
    if told:
        click.echo(told, err=True)
    if printed:
        try:
            for name in names:
                sys.stdout.buffer.write(sample(name, config).raw)
        except CannotSend as error:
            raise Stop(f"{name}: {error}", UNAVAILABLE) from error
        return
    to = _door(door, config.smtp.listen)
    refused = False
    for name in names:
        try:
            one = sample(name, config)
            reply = send(one, to)
        except CannotSend as error:
            raise Stop(f"{name}: {error}", UNAVAILABLE) from error
        click.echo(f"{name}: to {one.recipient}: {reply}  {one.message_id}")
        refused = refused or not reply.startswith("250")
    if refused:
        raise SystemExit(FAULT)


def _door(named: str | None, configured: "Listen | None") -> "Listen":
    from pydantic_core import PydanticCustomError

    from gateway.config.values import read_listen

    try:
        door = read_listen(named) if named else configured
    except PydanticCustomError as error:
        raise click.BadParameter(error.message(), param_hint="--door") from None
    if door is None:
        raise Stop("[smtp] listen is not set: name a door with --door HOST:PORT", FAULT)
    if door.port == 0:
        raise Stop("[smtp] listen has port 0: name the true one with --door HOST:PORT", FAULT)
    return door
