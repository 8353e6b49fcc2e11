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


def batches(sizes: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Split (UID, bytes) into batches; a big mail is a batch of its own."""
    batch: list[int] = []
    total = 0
    for uid, size in sizes:
        if batch and (len(batch) == BATCH_MAILS or total + size > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    if batch:
        yield batch
