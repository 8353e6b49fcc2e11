"""`ticketgate-hook check-config`: the file, and whether this machine can do what it says.

Rule: everything that is wrong comes out of one run. It tries what an alarm would need (write, lock,
verify a known signature, log in at the mail server) and sends nothing.
Standard library only.
"""

import imaplib
import os
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gateway.hook.config import Config, SinkBlock
from gateway.hook.disk import make_directory, write_file
from gateway.hook.mailway import open_server
from gateway.hook.owner import user_name
from gateway.hook.poll import open_mailbox
from gateway.hook.sinks.table import SINKS
from gateway.hook.verify import by_openssl, way
from parsers.errors import Deferred, MailError

# RFC 8032, section 7.1, test 2: a key, a signature, one byte.
_KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
_CONTENT = b"\x72"

Check = Callable[[Config], str]


def checks(config: Config) -> Iterator[tuple[str, bool, str]]:
    """Yield (what was tried, whether it holds, what was found)."""
    tries: dict[str, Check] = {
        "spool": _spool,
        "signatures": _signatures,
        "mail": _mail,
        "poll": _poll,
    }
    for name, check in tries.items():
        yield (name, *_tried(check, config))
    for block in config.sinks:
        yield (f"sink {block.name}", *_tried(partial(_sink, block), config))


def _tried(check: Check, config: Config) -> tuple[bool, str]:
    try:
        return True, check(config)
    except MailError as error:
        return False, error.detail
    except Exception as error:
        return False, str(error) or repr(error)


def _spool(config: Config) -> str:
    make_directory(config.directory)
    probe = config.directory / "probe"
    write_file(probe, b"probe")
    probe.unlink()
    found = config.directory.stat()
    if found.st_mode & 0o077:
        raise OSError(f"{config.directory} is open to others: chmod 700 it")
    return f"{config.directory} can be written by user {user_name(os.geteuid())}"


def _signatures(config: Config) -> str:
    """Verify a known signature, and refuse it over another text; say by which ways."""
    check = way(config.openssl, config.directory)
    held = check(_KEY, _SIGNATURE, _CONTENT), check(_KEY, _SIGNATURE, _CONTENT + b"!")
    if held != (True, False):
        raise ValueError("a known signature is not judged rightly")
    try:
        by_openssl(config.openssl, config.directory, _KEY, _SIGNATURE, _CONTENT)
        found = [str(config.openssl), "version"]
        said = subprocess.run(found, capture_output=True, text=True, timeout=15, check=True).stdout
    except (Deferred, OSError, subprocess.SubprocessError):
        return "verified by python3-cryptography; openssl is not there or too old"
    return f"verified, {' '.join(said.split()[:2])} is there"


def _mail(config: Config) -> str:
    if config.mail.host:
        try:
            with open_server(config.mail) as server:
                code, said = server.mail(config.mail.sender)
                if code != 250:
                    raise ValueError(f"{config.mail.sender} may not send: {said!r}")
        except smtplib.SMTPException as error:
            raise ValueError(f"{config.mail.host}: {error!r}") from error
        return f"{config.mail.host} takes mail from {config.mail.sender}"
    return f"by {_program(config.mail.sendmail)}"


def _poll(config: Config) -> str:
    way = config.poll
    if way is None:
        return "no poll: the mail server pipes"
    if way.maildir is not None:
        for name in ("new", "cur"):
            if not os.access(way.maildir / name, os.R_OK | os.W_OK | os.X_OK):
                raise OSError(f"{way.maildir / name} cannot be read and written")
        return f"{way.maildir} can be read"
    try:
        open_mailbox(way).logout()
    except imaplib.IMAP4.error as error:
        raise ValueError(f"{way.host}: {error}") from error
    return f"{way.host} opens {way.folder}"


def _sink(block: SinkBlock, config: Config) -> str:
    SINKS[block.kind].make(block.settings, config.sites[0])
    return "its settings can be used; `ticketgate-hook test` shows whether it answers"


def _program(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise OSError(f"{path} is no program that can be run")
    return path
