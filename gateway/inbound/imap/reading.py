"""Reading a folder: what is new is handed to the journal, and only then moved out of the folder.

Rule: first commit, then move; what stayed behind is found by the next connection. A kill between
them costs a look at what the journal remembers, never a mail or a second ticket. A mail that cannot
be had holds up no other: it is tried alone, ATTEMPTS times, and then parked. A folder out of which
nothing can be moved is read all the same. Only the list of UIDs grows with the folder.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import structlog

from gateway.config.imap import Imap, mailbox_name
from gateway.inbound.imap.beginning import Beginning, begin
from gateway.inbound.imap.connection import Lost
from gateway.inbound.imap.fetching import Answer, fetch, list_sizes
from gateway.inbound.imap.filing import Filing
from gateway.inbound.imap.folder import Folder, TooBig
from gateway.inbound.imap.handing import Handing
from gateway.inbound.imap.lease import Lease
from gateway.inbound.imap.plan import BATCH_BYTES, batches, plan
from gateway.inbound.imap.trouble import Progress
from gateway.inbound.imap.unfinished import Unfinished
from store import mailboxes
from store.engine import Store
from store.mailboxes import ATTEMPTS, Cursor
from store.origins import Origin

CHUNK = 500  # mails that are looked up and whose sizes are asked for at once

log = structlog.get_logger("imap")


@dataclass(frozen=True, slots=True)
class Way:
    """What a reader works with: its mailbox, the way to the journal, and the folders behind."""

    section: Imap
    store: Store
    lease: Lease
    hand: Handing
    filing: Filing
    progress: Progress
    stopping: Callable[[], bool]
    now: Callable[[], datetime]


class Reader:
    """Reads one folder again and again, over all its connections.

    `took` is called whenever mails are on disk. `step_at` is when it made its last step.
    """

    def __init__(self, way: Way, took: Callable[[], None]) -> None:
        self._way = way
        self._took = took
        self.step_at = monotonic()
        self._name = mailbox_name(way.section)
        self._begun = Beginning(Cursor(0, 0), None, 0)
        self._cursor = self._begun.cursor
        self._unfinished = Unfinished(way.section.poll.total_seconds())
        self._late: list[int] = []  # to be read alone, after the others
        self._counted: Counter[str] = Counter()
        self.parked = 0  # since the start

    def visit(self, folder: Folder, *, whole: bool) -> None:
        """Deal with what lies in the folder; `whole`: look below the cursor too.

        Raises Lost, and Deferred when mails cannot be kept now; call it again later then.
        """
        way = self._way
        way.lease.require()
        self._begun = begin(way.store, way.section, folder, way.now())
        self._cursor = self._begun.cursor
        if self._begun.renumbered_from:
            self._unfinished.clear()
        whole = whole or way.filing.is_due
        uids = folder.uids(0 if whole else self._cursor.uid)
        self._unfinished.begin(uids, whole=whole)
        self._late.clear()
        self._counted.clear()
        way.progress.begin(len(uids))
        way.filing.begin()
        stayed = self._read_in_order(folder, uids)
        self._read_alone(folder)
        way.lease.require()  # whoever has it by now moves them himself; two would leave two copies
        way.filing.flush(folder)
        if way.stopping():
            return
        if whole and not stayed:
            way.filing.settle()
        self._advance(uids[-1] if uids else 0)
        if self._begun.renumbered_from and uids:
            log.warning(
                "mailbox was renumbered", mailbox=self._name, before=self._begun.renumbered_from,
                now=self._cursor.uidvalidity, mails=len(uids), recognised=self._counted["again"],
                new=self._counted["kept"],
            )  # fmt: skip

    def _read_in_order(self, folder: Folder, uids: Sequence[int]) -> bool:
        """Read what is sound; return whether mails were found that should have been moved."""
        stayed = False
        for start in range(0, len(uids), CHUNK):
            stayed |= self._read_chunk(folder, uids[start : start + CHUNK])
            if self._way.stopping():
                break
        return stayed

    def _read_chunk(self, folder: Folder, chunk: Sequence[int]) -> bool:
        self.step_at = monotonic()
        way, unfinished = self._way, self._unfinished
        way.lease.require()
        rows = mailboxes.remembered(way.store, self._name, self._cursor.uidvalidity, chunk)
        made = plan(chunk, rows, before=self._begun.before)
        way.filing.done(folder, made.taken)
        way.filing.refused(folder, made.parked)
        unfinished.remember({uid: rows[uid].attempts for uid in made.failing})
        suspects = [uid for uid in made.new if unfinished.is_suspect(uid)]
        unfinished.keep_open(suspects)
        self._late += [*suspects, *(uid for uid in made.failing if unfinished.is_due(uid))]
        sound = [uid for uid in made.new if not unfinished.is_suspect(uid)]
        sizes = self._sizes(folder, sound)
        way.progress.step(len(chunk) - len(sizes))
        for batch in batches(sizes.items()):
            self._read_batch(folder, {uid: sizes[uid] for uid in batch})
            way.progress.step(len(batch))
            if way.stopping():
                return True
            self._advance(batch[-1])
        self._advance(chunk[-1])
        return bool(made.taken or made.parked)

    def _read_alone(self, folder: Folder) -> None:
        for uid in self._late:
            if self._way.stopping():
                return
            sizes = self._sizes(folder, [uid])
            if sizes:
                self._read_batch(folder, sizes)

    def _sizes(self, folder: Folder, uids: Sequence[int]) -> dict[int, int]:
        """Return the sizes of those to be read now; the others are dealt with, or have failed."""
        sizes: dict[int, int] = {}
        listed = list_sizes(folder, uids)
        for uid, one in listed.had.items():
            if not self._begun.is_ours(one.arrived_at):
                self._unfinished.close([uid])
            elif one.size > self._way.section.max_size:
                self._park(folder, uid, f"{one.size} bytes, more than max_size")
            else:
                sizes[uid] = one.size
        self._settle(folder, listed.gone, listed.refused)
        return sizes

    def _read_batch(self, folder: Folder, sizes: Mapping[int, int]) -> None:
        """Read these mails, by UID with their sizes, with one command and one transaction."""
        self.step_at = monotonic()
        way, batch = self._way, list(sizes)
        way.lease.require()
        share = way.hand.make_room(sum(sizes.values()))
        try:
            fetched = self._fetch(folder, sizes)
            if fetched is not None:
                way.lease.require()
                handed = way.hand.hand_over(self._cursor.uidvalidity, fetched.had, share)
        finally:
            way.hand.give_back(share)
        if fetched is None:  # the server does not say which of them it cannot give
            for uid in batch:
                self._read_batch(folder, {uid: sizes[uid]})
            return
        self._counted.update(kept=len(handed.kept), again=len(handed.again))
        if fetched.had:
            self._took()
        self._unfinished.close(fetched.had)
        way.filing.done(folder, fetched.had)
        self._settle(folder, fetched.gone, fetched.refused)

    def _fetch(self, folder: Folder, sizes: Mapping[int, int]) -> Answer[bytes] | None:
        most = self._way.section.max_size if len(sizes) == 1 else 2 * BATCH_BYTES
        try:
            return fetch(folder, list(sizes), most, empty_is_right=not any(sizes.values()))
        except Lost as lost:
            self._way.lease.require()  # or we were halted, and the line died of that
            if not self._way.stopping():  # else it was us who hung up
                self._blame(list(sizes), lost)
            raise

    def _settle(self, folder: Folder, gone: Sequence[int], refused: dict[int, str]) -> None:
        if gone:
            log.info("mails are gone", mailbox=self._name, count=len(gone), first_uid=gone[0])
        self._unfinished.close(gone)
        for uid, why in refused.items():
            self._fail(folder, uid, why)

    def _blame(self, batch: Sequence[int], lost: Lost) -> None:
        """Find out who broke the connection: it was fetched alone, or will be."""
        if len(batch) > 1:
            self._unfinished.suspect(batch)
        elif isinstance(lost, TooBig):
            self._park(None, batch[0], "bigger than the server had said, more than max_size")
        else:
            self._fail(None, batch[0], str(lost))

    def _fail(self, folder: Folder | None, uid: int, why: str) -> None:
        """Count an attempt; `folder` is None when the connection was lost with it."""
        attempts = self._unfinished.count(uid)
        if attempts >= ATTEMPTS:
            self._park(folder, uid, f"not to be had in {attempts} attempts: {why}")
            return
        mailboxes.remember_failure(self._way.store, self._at(uid), attempts, why, self._way.now())
        log.warning("mail not read", mailbox=self._name, uid=uid, attempts=attempts, why=why)

    def _park(self, folder: Folder | None, uid: int, why: str) -> None:
        mailboxes.remember_failure(self._way.store, self._at(uid), ATTEMPTS, why, self._way.now())
        self._way.hand.refuse(f"UID {uid} in {self._name}: {why}")
        self.parked += 1
        log.error("mail parked", mailbox=self._name, uid=uid, why=why)
        self._unfinished.close([uid])
        if folder is not None:
            self._way.filing.refused(folder, [uid])

    def _at(self, uid: int) -> Origin:
        return Origin(self._name, self._cursor.uidvalidity, uid)

    def _advance(self, uid: int) -> None:
        """Move the cursor to a UID up to which everything is dealt with, or as far as that goes."""
        uid = self._unfinished.below(uid)
        if uid > self._cursor.uid:
            self._cursor = Cursor(self._cursor.uidvalidity, uid)
            mailboxes.move_cursor(self._way.store, self._name, self._cursor, self._way.now())
