"""A relay that writes into a maildir: for trying out, for tests, and for a program that polls.

A file appears in new/ only when it is whole and on the disk. Its name comes from the mail itself,
so a mail that is sent again takes the place of its first copy instead of standing beside it.
The envelope is shown as Return-Path and Delivered-To; line ends are LF, as mailboxes have them.
"""

import asyncio
import itertools
import os
import re
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

from gateway.outbound.errors import RelayDown

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]+>)", re.MULTILINE | re.IGNORECASE)
_DATE = re.compile(rb"^Date:\s*([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_WRITES = itertools.count()


class Maildir:
    """The maildir at `folder`; it is made when the first mail comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, mail: bytes, mail_from: str, rcpt: str) -> str:
        """Write one mail; raises RelayDown when the disk does not take it."""
        try:
            return await asyncio.to_thread(self._write, mail, mail_from, rcpt)
        except OSError as error:
            raise RelayDown("Mail cannot be sent at the moment.", str(error)) from error

    async def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, mail: bytes, mail_from: str, rcpt: str) -> str:
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        name = file_name(mail, rcpt)
        envelope = f"Return-Path: <{mail_from}>\nDelivered-To: {rcpt}\n".encode("ascii")
        temporary = self.folder / "tmp" / f"{name}.{os.getpid()}.{next(_WRITES)}"
        try:
            with os.fdopen(os.open(temporary, _NEW_FILE, 0o600), "wb") as file:
                file.write(envelope + mail.replace(b"\r\n", b"\n"))
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self.folder / "new" / name)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(self.folder / "new")
        return f"written as {name}"


def file_name(mail: bytes, rcpt: str) -> str:
    """Return the name of a mail's file: its date in seconds, then a digest of its identity."""
    head = mail.partition(b"\r\n\r\n")[0]
    found = _MESSAGE_ID.search(head)
    identity = sha256((found[1] if found else mail) + b"\0" + rcpt.encode()).hexdigest()
    return f"{_seconds(head)}.{identity[:32]}.ticketgate"


def _seconds(head: bytes) -> int:
    found = _DATE.search(head)
    try:
        date = parsedate_to_datetime(found[1].decode("ascii")) if found else None
    except ValueError:
        date = None
    if date is None:
        return 0
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; without this a power cut may take the name back."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
