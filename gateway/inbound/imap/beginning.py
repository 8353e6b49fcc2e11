"""Beginning a look into a folder: how far it was read, and whether its UIDs still mean the same.

Rule: a folder is another one when its UIDVALIDITY is another, and also when its UIDNEXT went back,
which happens when a server was restored from a backup or numbers anew without saying so. Then a
*generation* above the 32 bits of UIDVALIDITY tells the rows in the journal apart, everything is
read again, and what was taken before is recognised by its bytes.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.config.imap import Imap, mailbox_name
from gateway.inbound.imap.folder import Folder, Selected
from store import mailboxes
from store.engine import Store
from store.mailboxes import Cursor, Mark

GENERATION = 1 << 32  # UIDVALIDITY has 32 bits

log = structlog.get_logger("imap")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where to go on. `renumbered_from` is the number of the folder before, 0 if it is the same."""

    cursor: Cursor
    mark: Mark | None
    renumbered_from: int

    @property
    def _marked(self) -> bool:
        return self.mark is not None and self.mark.cursor.uidvalidity == self.cursor.uidvalidity

    @property
    def before(self) -> int:
        """Return the UID up to which mails were there before we began."""
        return self.mark.cursor.uid if self.mark is not None and self._marked else 0

    def is_ours(self, arrived_at: datetime | None) -> bool:
        """Whether a mail came after we began, in a folder that was renumbered since then."""
        if self.mark is None or self._marked:
            return True
        return arrived_at is None or arrived_at >= self.mark.at


def begin(store: Store, section: Imap, folder: Folder, now: datetime) -> Beginning:
    """Find the cursor, or write the first one; raises Deferred when the store cannot."""
    name, selected = mailbox_name(section), folder.selected
    cursor = mailboxes.read_cursor(store, name)
    if cursor is None:
        cursor = _first(store, section, folder, now)
        log.info("mailbox is new", mailbox=name, mails=selected.exists, above=cursor.uid)
    number = _number(cursor, selected)
    before = cursor.uidvalidity
    if number != before:
        cursor = Cursor(number, 0)
        mailboxes.move_cursor(store, name, cursor, now)
    mark = mailboxes.read_mark(store, name)
    return Beginning(cursor, mark, before if number != before else 0)


def _first(store: Store, section: Imap, folder: Folder, now: datetime) -> Cursor:
    name, selected = mailbox_name(section), folder.selected
    cursor = Cursor(selected.uidvalidity, 0)
    if section.since == "now":
        last = selected.uidnext - 1 if selected.uidnext else max(folder.uids(), default=0)
        cursor = Cursor(selected.uidvalidity, last)
        mailboxes.mark_beginning(store, name, cursor, now)
    mailboxes.move_cursor(store, name, cursor, now)
    return cursor


def _number(cursor: Cursor, selected: Selected) -> int:
    """Return what stands for UIDVALIDITY in the journal: the server's, with the generation."""
    if cursor.uidvalidity % GENERATION != selected.uidvalidity:
        return selected.uidvalidity
    went_back = 0 < selected.uidnext <= cursor.uid
    return cursor.uidvalidity + (GENERATION if went_back else 0)
