"""What to do with the mails that lie in a folder: pure, from what the journal remembers.

A mail that is taken goes to the done folder, one that is parked to the refused folder, one that
fails is tried again later and alone, and one that nobody remembers is new. New mails come in
ascending order and in batches that bound memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from store.mailboxes import Remembered

BATCH_MAILS = 64
BATCH_BYTES = 2 * 1024 * 1024


@dataclass(slots=True)
class Plan:
    """UIDs, each list ascending."""

    new: list[int] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    parked: list[int] = field(default_factory=list)

    @property
    def highest(self) -> int:
        """Return the highest UID in it, 0 when it is empty."""
        lists = (self.new, self.failing, self.taken, self.parked)
        return max((uids[-1] for uids in lists if uids), default=0)


def plan(uids: Sequence[int], rows: Mapping[int, Remembered], *, before: int = 0) -> Plan:
    """Sort the mails of a folder. Those up to `before` without a row are not ours to take."""
    made = Plan()
    for uid in uids:
        row = rows.get(uid)
        if row is None:
            if uid > before:
                made.new.append(uid)
        elif row.taken:
            made.taken.append(uid)
        elif row.parked:
            made.parked.append(uid)
        else:
            made.failing.append(uid)
    return made


def batches(sizes: Iterable[tuple[int, int]], alone: Iterable[int]) -> Iterator[list[int]]:
    """Split (UID, bytes) into batches; a big mail, or one of `alone`, is a batch of its own."""
    lone = frozenset(alone)
    batch: list[int] = []
    total = 0
    for uid, size in sizes:
        full = len(batch) == BATCH_MAILS or total + size > BATCH_BYTES
        if batch and (full or uid in lone):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
        if uid in lone:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
