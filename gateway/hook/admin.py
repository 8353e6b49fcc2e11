"""What the local admin is told: by the log always, by mail once an hour for a kind of trouble.

Rule: strangers can cause refusals at will, so a mail says only that there are some and where to
look; the number of mails is bounded by the hour.
Standard library only.
"""

import time
from datetime import datetime
from pathlib import Path

from gateway.hook.disk import files_in, make_directory
from gateway.hook.letters import Letter
from gateway.hook.log import LOG
from gateway.hook.outbox import Outbox
from parsers.alarm_text import ascii_line

TOLD = ".told"
_KEEP_S = 7_200


class Admin:
    """The person at `address`; "" for a site that looks into its log."""

    def __init__(self, directory: Path, outbox: Outbox, address: str) -> None:
        self.directory = directory / "told"
        self.outbox = outbox
        self.address = address
        make_directory(self.directory)

    def tell(self, kind: str, text: str, now: datetime) -> None:
        """Say it aloud. Never raises: what is told about must go on."""
        LOG.error("%s: %s", kind, text)
        if not self.address:
            return
        try:
            if self._is_first(f"{kind.replace(' ', '-')}.{now:%Y%m%d%H}"):
                self.outbox.put(self._letter(kind, text, now))
        except OSError as error:
            LOG.error("the admin cannot be told: %s", error)

    def _is_first(self, name: str) -> bool:
        for old in files_in(self.directory, TOLD):
            if time.time() - old.stat().st_mtime > _KEEP_S:
                old.unlink(missing_ok=True)
        try:
            (self.directory / f"{name}{TOLD}").touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _letter(self, kind: str, text: str, now: datetime) -> Letter:
        return Letter(
            name=f"admin: {kind} {now:%Y%m%d%H}",
            to=self.address,
            subject=ascii_line(f"ticketgate-hook: {kind}", 100),
            text=f"{text}\n\nMore of the same within this hour stands in the log only.\n"
            "To see how the hook stands: ticketgate-hook status\n",
            automatic="auto-generated",
            queued_at=now,
            next_try=now,
        )
