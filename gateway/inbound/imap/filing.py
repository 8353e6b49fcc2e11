"""Filing away: mails that are on our disk, or that we cannot take, leave the folder.

Rule: a move that the server refuses stops nothing, nor does one that breaks the connection again
and again. It is told, and tried again after a minute and then ever more seldom, up to an hour; the
mails stay where they are and the journal knows them. Many are moved at once, because a server may
write anew the list of a whole folder for each command that removes something from it.
"""

from collections.abc import Iterable, Sequence

from gateway.inbound.imap.connection import Lost
from gateway.inbound.imap.folder import Folder
from gateway.inbound.imap.trouble import Troubles
from parsers.errors import Refused

AT_ONCE = 2000
FIRST_S, MOST_S = 60.0, 3600.0


class Filing:
    """The two folders that mails of one mailbox are moved to."""

    def __init__(self, done: str, refused: str, troubles: Troubles) -> None:
        self._done = done
        self._refused = refused
        self._troubles = troubles
        self._waiting: list[int] = []  # on our disk, to be moved

    @property
    def is_due(self) -> bool:
        """Whether a move failed and is to be tried again now."""
        return any(self._troubles.is_due(_what(target)) for target in (self._done, self._refused))

    def begin(self) -> None:
        """Forget what was to be moved: it is found again, by another connection."""
        self._waiting.clear()

    def done(self, folder: Folder, uids: Iterable[int]) -> None:
        """Move mails that are on our disk, soon."""
        self._waiting += uids
        if len(self._waiting) >= AT_ONCE:
            self.flush(folder)

    def flush(self, folder: Folder) -> None:
        """Move what waits for it."""
        uids = sorted(self._waiting)
        self._waiting.clear()
        self._move(folder, uids, self._done)

    def refused(self, folder: Folder, uids: Sequence[int]) -> None:
        """Move mails that we cannot take."""
        self._move(folder, uids, self._refused)

    def settle(self) -> None:
        """Forget a trouble with moving after a look at the whole folder found nothing to move."""
        for target in (self._done, self._refused):
            if self._troubles.is_due(_what(target)):
                self._troubles.end(_what(target))

    def _move(self, folder: Folder, uids: Sequence[int], target: str) -> None:
        what = _what(target)
        if not uids or not self._troubles.may_try(what):
            return
        try:
            folder.file_away(uids, target)
        except Refused as no:
            self._failed(target, no.detail)
        except Lost as lost:
            self._failed(target, str(lost))
            raise
        else:
            self._troubles.end(what)

    def _failed(self, target: str, why: str) -> None:
        told = f"mails cannot be moved to {target}: {why}"
        self._troubles.begin(_what(target), told, FIRST_S, MOST_S)


def _what(target: str) -> str:
    return f"moving to {target}"
