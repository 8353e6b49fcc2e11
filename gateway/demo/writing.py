"""What `ticketgate init` writes: the example configuration, its secrets, its people's keys, a site.

Rule: nothing that exists is touched, and a file or a directory appears whole or not at all. The
configuration comes last, so that one that is there always works.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from gateway.config.signingkeys import new_ed25519
from gateway.demo.people import files_of, new_people
from gateway.demo.site import site_files
from gateway.demo.words import ALARM_KEY, PEOPLE, SITE_FILES

SECRET_BYTES = 32
Files = Mapping[str, tuple[bytes, int]]  # name -> content and mode


class AlreadyThere(Exception):  # noqa: N818 - the fact, as it is said to the operator
    """There is a configuration in this directory already; its argument is the path."""


def example() -> str:
    """Return the text of config.example.toml."""
    return files("gateway.demo").joinpath("config.toml").read_text(encoding="utf-8")


def write_demo(directory: Path, now: datetime) -> list[Path]:
    """Write the demo into `directory`, which is made if need be; return what was written.

    A secret that is there already stays: mails that went out may hold tokens of it, and sites
    may believe the key. So do the people's keys, and a site's files. Raises AlreadyThere,
    UnusableKey when the key of alarms that is there is none, OSError when nothing can be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    config, secret, alarm_key = (directory / n for n in ("config.toml", "secret", ALARM_KEY))
    if config.exists():
        raise AlreadyThere(config)
    written = []
    if not secret.exists():
        _write(secret, secrets.token_urlsafe(SECRET_BYTES) + "\n", 0o600)
        written.append(secret)
    if not alarm_key.exists():
        _write(alarm_key, new_ed25519().decode("ascii"), 0o600)
        written.append(alarm_key)
    people, site = directory / PEOPLE, directory / SITE_FILES
    if not people.exists():
        _write_all(people, files_of(new_people(now), people.resolve()))
        written.append(people)
    if not site.exists():
        _write_all(site, site_files(site.resolve(), alarm_key.read_bytes()))
        written.append(site)
    _write(config, example(), 0o644)
    return [*written, config]


def _write_all(place: Path, files: Files) -> None:
    """Make a directory that was not there, with all its files."""
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        for name, (data, mode) in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode)
            path.write_bytes(data)
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
