"""What `ticketgate init` writes: the example configuration and a secret of its own.

Rule: nothing that exists is touched, and a file appears whole or not at all. The secret comes
first, so that a configuration that is there always works.
"""

import os
import secrets
from importlib.resources import files
from pathlib import Path

SECRET_BYTES = 32


class AlreadyThere(Exception):  # noqa: N818 - the fact, as it is said to the operator
    """There is a configuration in this directory already; its argument is the path."""


def example() -> str:
    """Return the text of config.example.toml."""
    return files("gateway.demo").joinpath("config.toml").read_text(encoding="utf-8")


def write_demo(directory: Path) -> list[Path]:
    """Write the demo into `directory`, which is made if need be; return what was written.

    A secret that is there already stays: mails that went out may hold tokens of it.
    Raises AlreadyThere, or OSError when the directory cannot be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    config, secret = directory / "config.toml", directory / "secret"
    if config.exists():
        raise AlreadyThere(config)
    written = []
    if not secret.exists():
        _write(secret, secrets.token_urlsafe(SECRET_BYTES) + "\n", 0o600)
        written.append(secret)
    _write(config, example(), 0o644)
    return [*written, config]


def _write(path: Path, text: str, mode: int) -> None:
    """Make a file that was not there; a link refuses to take the place of another file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        raise AlreadyThere(path) from None
    finally:
        temporary.unlink(missing_ok=True)
