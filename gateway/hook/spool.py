"""The spool: mails as they came, on disk before anything else is tried; and the quarantine.

Rule: `keep` returns when the mail lasts. A mail leaves `new` only after what follows from it lasts
somewhere else. The quarantine is bounded in number and age, for it fills with what strangers send.
Standard library only.
"""

import os
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from gateway.hook.disk import files_in, make_directory, sweep, sync_directory, write_file
from gateway.hook.judge import Reason

MAIL = ".eml"
WHY = ".why"
_NAME = re.compile(r"([0-9]{18,20})\..*")


def keep(directory: Path, raw: bytes) -> Path:
    """Put a mail into the spool below `directory` and return its file; raises OSError."""
    new = directory / "new"
    make_directory(new)
    path = new / f"{time.time_ns():020}.{os.getpid()}.{token_hex(4)}{MAIL}"
    write_file(path, raw)
    return path


def arrived_at(path: Path) -> datetime:
    """Return when a mail was spooled, from its name."""
    found = _NAME.fullmatch(path.name)
    stamp_s = int(found[1]) / 1e9 if found else path.stat().st_mtime
    return datetime.fromtimestamp(stamp_s, UTC)


class Spool:
    """The spool and the quarantine below the hook's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.new = directory / "new"
        self.quarantine = directory / "quarantine"
        make_directory(self.new)
        make_directory(self.quarantine)

    def waiting(self) -> Sequence[Path]:
        """Return the mails that nobody has judged, the oldest first."""
        return files_in(self.new, MAIL)

    def done(self, path: Path) -> None:
        """Forget a mail of which everything lasts elsewhere."""
        path.unlink(missing_ok=True)

    def set_aside(self, path: Path, reason: Reason, detail: str) -> Path:
        """Move a mail into the quarantine, with the reason beside it."""
        kept = self.quarantine / path.name
        write_file(kept.with_suffix(WHY), f"{reason}\n{detail}\n".encode("utf-8", "replace"))
        path.rename(kept)
        sync_directory(self.quarantine)
        return kept

    def set_aside_mails(self) -> Sequence[tuple[Path, str]]:
        """Return the mails in quarantine, the oldest first, each with its reason."""
        found = []
        for path in files_in(self.quarantine, MAIL):
            try:
                why = path.with_suffix(WHY).read_text("utf-8", "replace")
            except OSError:
                why = ""
            found.append((path, why.partition("\n")[0]))
        return found

    def prune(self, now: datetime, mails: int, days: int) -> int:
        """Drop what is older than `days` and what is too many, the oldest first; return how many.

        Also what a killed process left half written.
        """
        kept = files_in(self.quarantine, MAIL)
        old = [path for path in kept if now - arrived_at(path) > timedelta(days=days)]
        gone = [*old, *[path for path in kept if path not in old][: -mails or None]]
        for path in gone:
            path.unlink(missing_ok=True)
            path.with_suffix(WHY).unlink(missing_ok=True)
        for directory in (self.new, self.quarantine):
            sweep(directory)
        return len(gone)
