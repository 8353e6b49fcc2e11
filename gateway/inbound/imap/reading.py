"""Reading a folder: what is new is handed to the journal, and only then moved out of the folder.

Rule: commit, then move, then the cursor. A kill between any two of them costs a look at what the
journal remembers, never a mail and never a second ticket. A mail that cannot be had holds up no
other: it is tried alone, ATTEMPTS times, and then parked. A folder out of which nothing can be
moved is read all the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import structlog

from gateway.config.imap import Imap, mailbox_name
from gateway.inbound.imap.connection import Lost
from gateway.inbound.imap.filing import Filing
from gateway.inbound.imap.folder import Folder, Listed, TooBig
from gateway.inbound.imap.handing import Handing
from gateway.inbound.imap.plan import BATCH_BYTES, Plan, batches, plan
from gateway.inbound.imap.trouble import Progress
from parsers.errors import Refused
from store import mailboxes
from store.engine import Store
from store.journal import Origin
from store.mailboxes import ATTEMPTS, Cursor, Mark

CHUNK = 500  # mails whose sizes are asked for at once

log = structlog.get_logger("imap")


@dataclass(frozen=True, slots=True)
class Way:
    """What a reader works with: its mailbox, the way to the journal, and the folders behind."""

    section: Imap
    store: Store
    hand: Handing
    filing: Filing
    progress: Progress
    stopping: Callable[[], bool]
    now: Callable[[], datetime]


class Reader:
    """Reads one folder again and again, over all its connections."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._name = mailbox_name(way.section)
        self._cursor = Cursor(0, 0)
        self._mark: Mark | None = None
        self._attempts: dict[int, int] = {}  # of mails that failed
        self._try_at: dict[int, float] = {}
        self._suspects: set[int] = set()  # one of them broke the connection; they are read alone
        self._open: set[int] = set()  # seen, not yet dealt with: the cursor stays below
        self._counted: Counter[str] = Counter()
        self.parked = 0  # since the start

    def visit(self, folder: Folder, *, whole: bool) -> None:
        """Deal with what lies in the folder; `whole`: look below the cursor too.

        Raises Lost, and Deferred when mails cannot be kept now; call it again later then.
        """
        way, uidvalidity = self._way, folder.selected.uidvalidity
        renumbered_from = self._begin(folder)
        whole = whole or way.filing.is_due
        uids = folder.uids(0 if whole else self._cursor.uid)
        rows = mailboxes.remembered(way.store, self._name, uidvalidity, uids)
        made = plan(uids, rows, before=self._before(uidvalidity))
        self._attempts = {uid: rows[uid].attempts for uid in made.failing}
        self._file_what_stayed(folder, made, whole=whole)
        self._read_all(folder, made)
        if not way.stopping():
            self._advance(made.highest)
            if renumbered_from:
                log.warning(
                    "mailbox was renumbered", mailbox=self._name, before=renumbered_from,
                    now=uidvalidity, mails=len(uids), recognised=self._counted["again"],
                    new=self._counted["kept"],
                )  # fmt: skip

    def _begin(self, folder: Folder) -> int:
        """Find the cursor; return the UIDVALIDITY before when the server has changed it, else 0."""
        way, selected = self._way, folder.selected
        cursor = mailboxes.read_cursor(way.store, self._name)
        if cursor is None:
            cursor = Cursor(selected.uidvalidity, 0)
            if way.section.since == "now":
                last = selected.uidnext - 1 if selected.uidnext else max(folder.uids(), default=0)
                cursor = Cursor(selected.uidvalidity, last)
                mailboxes.mark_beginning(way.store, self._name, cursor, way.now())
            mailboxes.move_cursor(way.store, self._name, cursor, way.now())
            log.info("mailbox is new", mailbox=self._name, mails=selected.exists, above=cursor.uid)
        renumbered = cursor.uidvalidity != selected.uidvalidity
        if renumbered:
            self._try_at.clear()
            self._suspects.clear()
            mailboxes.move_cursor(way.store, self._name, Cursor(selected.uidvalidity, 0), way.now())
        self._cursor = cursor if not renumbered else Cursor(selected.uidvalidity, 0)
        self._mark = mailboxes.read_mark(way.store, self._name)
        self._counted.clear()
        return cursor.uidvalidity if renumbered else 0

    def _before(self, uidvalidity: int) -> int:
        """Return the UID up to which mails were there before we began."""
        same = self._mark is not None and self._mark.cursor.uidvalidity == uidvalidity
        return self._mark.cursor.uid if same and self._mark else 0

    def _file_what_stayed(self, folder: Folder, made: Plan, *, whole: bool) -> None:
        filing = self._way.filing
        filing.done(folder, made.taken)
        filing.refused(folder, made.parked)
        if whole and not made.taken and not made.parked:
            filing.settle()

    def _read_all(self, folder: Folder, made: Plan) -> None:
        suspects = [uid for uid in made.new if uid in self._suspects]
        sound = [uid for uid in made.new if uid not in self._suspects]
        again = [uid for uid in made.failing if monotonic() >= self._try_at.get(uid, 0.0)]
        self._open = {*suspects, *made.failing}
        self._way.progress.begin(len(made.new))
        for uids in (sound, suspects, again):
            for start in range(0, len(uids), CHUNK):
                chunk = uids[start : start + CHUNK]
                self._read_chunk(folder, chunk, alone=uids is not sound)
                if self._way.stopping():
                    return
                if uids is sound:
                    self._advance(chunk[-1])

    def _read_chunk(self, folder: Folder, chunk: Sequence[int], *, alone: bool) -> None:
        """Read these mails; those that are gone, or older than we began, count as dealt with."""
        listed = self._sizes(folder, chunk)
        sizes: dict[int, int] = {}
        for uid in chunk:
            if uid in listed and self._is_ours(listed[uid]):
                if listed[uid].size > self._way.section.max_size:
                    self._park(folder, uid, f"{listed[uid].size} bytes, more than max_size")
                else:
                    sizes[uid] = listed[uid].size
            elif uid not in self._attempts:
                self._close([uid])
        self._way.progress.step(len(chunk) - len(sizes))
        for batch in batches(sizes.items(), chunk if alone else ()):
            self._read_batch(folder, batch, sum(sizes[uid] for uid in batch))
            self._way.progress.step(len(batch))
            if self._way.stopping():
                return
            if not alone:
                self._advance(batch[-1])

    def _sizes(self, folder: Folder, uids: Sequence[int]) -> dict[int, Listed]:
        try:
            return folder.sizes(uids)
        except Refused as no:
            if len(uids) == 1:
                self._fail(folder, uids[0], no.detail)
                return {}
        found: dict[int, Listed] = {}
        for uid in uids:
            found |= self._sizes(folder, [uid])
        return found

    def _is_ours(self, listed: Listed) -> bool:
        """Whether a mail came after we began, in a folder that was renumbered since then."""
        mark = self._mark
        if mark is None or mark.cursor.uidvalidity == self._cursor.uidvalidity:
            return True
        return listed.arrived_at is None or listed.arrived_at >= mark.at

    def _read_batch(self, folder: Folder, batch: Sequence[int], size: int) -> None:
        share = self._way.hand.make_room(size)
        try:
            bodies = self._fetch(folder, batch)
            if bodies is None:
                return
            handed = self._way.hand.hand_over(folder.selected.uidvalidity, bodies, share)
        finally:
            self._way.hand.give_back(share)
        self._counted.update(kept=len(handed.kept), again=len(handed.again))
        self._close(bodies)
        self._way.filing.done(folder, list(bodies))

    def _fetch(self, folder: Folder, batch: Sequence[int]) -> dict[int, bytes] | None:
        """Return the bytes of a batch; None when it was read in another way, or failed."""
        most = self._way.section.max_size if len(batch) == 1 else 2 * BATCH_BYTES
        try:
            bodies = folder.bodies(batch, most)
        except Refused as no:
            if len(batch) == 1:
                self._fail(folder, batch[0], no.detail)
            else:
                for uid in batch:
                    self._read_batch(folder, [uid], most // len(batch))
            return None
        except Lost as lost:
            if len(batch) > 1:
                self._suspects.update(batch)
            elif isinstance(lost, TooBig):
                self._park(None, batch[0], "bigger than the server had said, more than max_size")
            else:
                self._fail(None, batch[0], str(lost))
            raise
        missing = [uid for uid in batch if uid not in bodies]
        there = folder.still_there(missing) if missing else set()
        for uid in missing:
            if uid in there:
                self._fail(folder, uid, "the server returned nothing")
            else:
                log.info("mail is gone", mailbox=self._name, uid=uid)
                self._close([uid])
        return bodies

    def _fail(self, folder: Folder | None, uid: int, why: str) -> None:
        """Count an attempt; `folder` is None when the connection was lost with it."""
        attempts = self._attempts[uid] = self._attempts.get(uid, 0) + 1
        self._open.add(uid)
        if attempts >= ATTEMPTS:
            self._park(folder, uid, f"not to be had in {attempts} attempts: {why}")
            return
        origin = Origin(self._name, self._cursor.uidvalidity, uid)
        mailboxes.remember_failure(self._way.store, origin, attempts, why, self._way.now())
        self._try_at[uid] = monotonic() + self._way.section.poll.total_seconds()
        log.warning("mail not read", mailbox=self._name, uid=uid, attempts=attempts, why=why)

    def _park(self, folder: Folder | None, uid: int, why: str) -> None:
        origin = Origin(self._name, self._cursor.uidvalidity, uid)
        mailboxes.remember_failure(self._way.store, origin, ATTEMPTS, why, self._way.now())
        self._way.hand.refuse(f"UID {uid} in {self._name}: {why}")
        self.parked += 1
        log.error("mail parked", mailbox=self._name, uid=uid, why=why)
        self._close([uid])
        if folder is not None:
            self._way.filing.refused(folder, [uid])

    def _close(self, uids: Iterable[int]) -> None:
        self._open.difference_update(uids)
        self._suspects.difference_update(uids)

    def _advance(self, uid: int) -> None:
        """Move the cursor to a UID up to which everything is dealt with, or as far as that goes."""
        uid = min(uid, min(self._open, default=uid + 1) - 1)
        if uid > self._cursor.uid:
            self._cursor = Cursor(self._cursor.uidvalidity, uid)
            mailboxes.move_cursor(self._way.store, self._name, self._cursor, self._way.now())
