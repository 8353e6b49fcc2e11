"""The outbox: answers and messages to the local admin, kept until the mail system has them.

Rule: a letter is on disk before it counts as given, and leaves the disk after it was handed over; a
kill in between sends it twice with the same Message-ID. What nobody takes for five days is moved to
`unsent` and said aloud.
Standard library only.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from gateway.hook.config import MailWay
from gateway.hook.disk import claimed, files_in, make_directory, sweep, write_file
from gateway.hook.letters import Letter, message, read_letter, write_letter
from gateway.hook.log import LOG
from gateway.hook.mailway import send
from parsers.errors import Deferred, Malformed

LETTER = ".letter.json"
MAX_LETTERS = 2_000  # far more than a site has alarms: a runaway must not fill the disk


class Outbox:
    """The letters below the hook's directory."""

    def __init__(self, directory: Path, way: MailWay) -> None:
        self.directory = directory / "outbox"
        self.unsent = directory / "unsent"
        self.way = way
        make_directory(self.directory)
        make_directory(self.unsent)

    def put(self, letter: Letter) -> None:
        """Keep a letter until it is sent; the same name is the same letter. Raises OSError."""
        path = self.directory / f"{letter.file_name}{LETTER}"
        if path.exists():
            return
        if len(files_in(self.directory, LETTER)) >= MAX_LETTERS:
            LOG.error("the outbox is full: %s is not sent", letter.name)
            return
        write_file(path, write_letter(letter))

    def letters(self) -> Sequence[Letter]:
        """Return the letters that wait, in no order that means anything."""
        found = []
        for path in files_in(self.directory, LETTER):
            try:
                found.append(read_letter(path.read_bytes()))
            except (OSError, Malformed):
                continue
        return found

    def send_due(self, now: datetime, end_s: float) -> int:
        """Send what is due, until the monotonic time `end_s`; return how many were taken."""
        taken = 0
        for path in files_in(self.directory, LETTER):
            if time.monotonic() >= end_s:
                break
            with claimed(path) as ours:
                taken += ours and self._send(path, now)
        sweep(self.directory)
        return taken

    def prune(self, now: datetime, weeks: int) -> None:
        """Drop what was given up `weeks` ago."""
        for path in files_in(self.unsent, LETTER):
            if now.timestamp() - path.stat().st_mtime > weeks * 7 * 86_400:
                path.unlink(missing_ok=True)

    def _send(self, path: Path, now: datetime) -> bool:
        try:
            letter = read_letter(path.read_bytes())
            if not letter.is_due(now):
                return False
            if letter.is_too_old(now):
                LOG.error(
                    "given up after %s: %s (%s)", letter.attempts, letter.name, letter.trouble
                )
                path.rename(self.unsent / path.name)
                return False
            send(self.way, letter.to, message(letter, self.way.sender))
        except Deferred as error:
            trouble = error.detail.replace(letter.to, "(the reply address)")
            LOG.warning("a mail waits: %s: %s", letter.name, trouble)
            write_file(path, write_letter(letter.failed(now, trouble)))
            return False
        except OSError as error:
            LOG.error("%s: %s", path.name, error)
            return False
        except Exception:  # an address, a letter: whatever it is, the next one may be good
            LOG.exception("a mail cannot be sent: %s", path.name)
            path.rename(self.unsent / path.name)
            return False
        path.unlink()
        LOG.info("sent: %s", letter.name)
        return True
