"""The configuration of the hook as values.

`read_config` says all that is wrong at once, each with its key, and takes no key that it does not
know: a slip in a name would silence a pager. What a key means stands in docs/hook.md; what it may
be, in `config_keys`. It reads one file and touches nothing else.
Standard library only.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.hook.owner import user_name

DEFAULT_FILE = Path("/etc/ticketgate-hook.toml")
DEFAULT_DIRECTORY = Path("/var/spool/ticketgate-hook")
_DIRECTORY_LINE = re.compile(r'(?m)^directory[ \t]*=[ \t]*["\'](/[^"\']+)["\']')


class ConfigFaults(Exception):  # noqa: N818 - the plural says that all of them are in it
    """The file cannot be used. `faults` are lines `KEY: what is wrong`."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Helpdesk:
    """A helpdesk that may raise alarms here: its pinned keys, and how long it may be silent."""

    domain: str
    keys: Mapping[str, bytes]
    silent_hours: int


@dataclass(frozen=True, slots=True)
class SinkBlock:
    """One sink as configured. `settings` are the keys of its kind.

    Only sinks with `receipt` count for the receipt; `fallback` ones are told when those fail.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]
    receipt: bool
    fallback: bool
    resync: bool


@dataclass(frozen=True, slots=True)
class MailWay:
    """How answers leave: a sendmail program, or a server when `host` is given."""

    sender: str
    sendmail: Path
    host: str
    port: int
    tls: str
    user: str
    password_file: Path | None
    ca_file: Path | None
    timeout_s: int


@dataclass(frozen=True, slots=True)
class PollWay:
    """Where alarms are fetched without a pipe: a maildir, or a mailbox on a server."""

    maildir: Path | None
    host: str
    port: int
    user: str
    password_file: Path | None
    folder: str
    move_to: str
    ca_file: Path | None
    timeout_s: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Times and numbers."""

    deadline_s: int
    fallback_after_minutes: int
    poll_every_s: int
    resync_every_s: int
    quarantine_mails: int
    quarantine_days: int
    keep_weeks: int


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file."""

    sites: tuple[str, ...]
    directory: Path
    admin: str
    openssl: Path
    helpdesks: Mapping[str, Helpdesk]
    sinks: tuple[SinkBlock, ...]
    mail: MailWay
    poll: PollWay | None
    limits: Limits

    @property
    def keys(self) -> Mapping[str, Mapping[str, bytes]]:
        """The pinned keys, by helpdesk and name."""
        return {domain: one.keys for domain, one in self.helpdesks.items()}


def spool_directory(file: Path) -> Path:
    """Return where mails are spooled, from a file that may be broken in any other place.

    A slip in the file must not cost an alarm: the mail is spooled and waits for the repair.
    """
    try:
        found = _DIRECTORY_LINE.search(file.read_text("utf-8", "replace"))
    except OSError:
        found = None
    return Path(found[1]) if found else DEFAULT_DIRECTORY


def read_document(file: Path) -> Mapping[str, Any]:
    """Return the file as TOML; raises ConfigFaults."""
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ConfigFaults(
            [f"{file} cannot be read by user {user_name(os.geteuid())}: {error.strerror}"]
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigFaults([f"{file} is no TOML: {error}"]) from error
