"""What every command begins with, its configuration and the store, and how a failure ends.

A failure is one sentence on standard error and an exit code, never a traceback. Heavy imports stand
inside the functions: `--help` needs none of them.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gateway.config.load import Config, Fault
    from gateway.config.sections import Store as StoreSection
    from store.engine import Store

FAULT = 1  # in the configuration or the input
NOT_FOUND = 3
UNAVAILABLE = 75  # EX_TEMPFAIL of sysexits.h: worth trying again
MAX_INPUT_BYTES = 256_000_000


class Stop(click.ClickException):
    """The end of a command that failed: a sentence for people, a code for scripts."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc] # click reads the exception's own, too

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence to standard error."""
        click.echo(self.message, file=file, err=True)


CONFIG = click.option(
    "--config",
    "config_file",
    envvar="TICKETGATE_CONFIG",
    show_envvar=True,
    default=Path("config.toml"),
    show_default=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, all rows.")
LIMIT = click.option("--limit", type=click.IntRange(min=1), help="Rows at most [default: 50].")
TABLE_ROWS = 50


class TicketNumber(click.ParamType[int]):
    """A ticket's number, as it is or as mails write it: `100001`, `#100001`."""

    name = "ticket"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number; what is none ends the command."""
        text = str(value).removeprefix("#")
        if not (text.isascii() and text.isdigit() and int(text)):
            self.fail(f"{value!r} is no number of a ticket, such as 100001", param, ctx)
        return int(text)


def rows_at_most(limit: int | None, *, as_json: bool) -> int | None:
    """Return the limit in force: a table for people is short, JSON is whole."""
    return limit if limit is not None or as_json else TABLE_ROWS


def config_at(path: Path, *, quiet: bool = True) -> "Config":
    """Return the configuration; with faults, say all of them and stop.

    Warnings are said too unless `quiet`.
    """
    from gateway.config.load import examine

    config, faults = examine(path)
    if config is None:
        raise Stop(spelt(faults), FAULT)
    if faults and not quiet:
        click.echo(spelt(faults), err=True)
    return config


def spelt(faults: "tuple[Fault, ...]") -> str:
    """Return faults, one a line."""
    return "\n".join(str(fault) for fault in faults)


@contextmanager
def failures() -> Iterator[None]:
    """Turn what the lower floors raise for people into the end of the command."""
    from parsers.errors import Deferred, MailError

    try:
        yield
    except Deferred as error:
        detail = f" ({error.detail})" if error.detail != error.public else ""
        raise Stop(error.public + detail, UNAVAILABLE) from error
    except MailError as error:
        raise Stop(error.public, FAULT) from error


@contextmanager
def store_of(config: "Config") -> "Iterator[Store]":
    """Give the store of this configuration; it must have been made by `serve`."""
    with store_at(config.store) as store:
        yield store


@contextmanager
def store_at(section: "StoreSection") -> "Iterator[Store]":
    """Give the store that a section [store] names; it must have been made by `serve`."""
    from store.visit import visit

    with failures(), visit(section.url, section.secret) as store:
        yield store


def stopped_store(url: str, password: str | None, stack: ExitStack) -> "Store":
    """Open a store that nobody serves, for as long as the stack lasts."""
    from gateway.processes.supervisor import StoreInUse, sole_daemon
    from store.engine import open_store

    try:
        store = open_store(url, password)
    except ValueError as error:
        raise Stop(str(error), FAULT) from error
    stack.callback(store.close)
    if store.serve_path is not None:
        try:
            stack.enter_context(sole_daemon(store.serve_path))
        except StoreInUse as error:
            raise Stop(f"{error}; stop it first", UNAVAILABLE) from error
        except OSError as error:
            raise Stop(f"{url}: {error.strerror or error}", FAULT) from error
    return store


def read_input(name: str) -> bytes:
    """Return the bytes of a file, or of standard input for `-`."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MAX_INPUT_BYTES)
        with Path(name).open("rb") as file:
            return file.read(MAX_INPUT_BYTES)
    except OSError as error:
        raise Stop(f"{name}: cannot be read: {error.strerror or error}", FAULT) from error
