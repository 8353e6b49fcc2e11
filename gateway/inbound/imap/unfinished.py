"""Unfinished mails of one folder: seen, not yet dealt with, so the cursor stays below them.

Rule: a mail that cannot be had is tried ATTEMPTS times, and so spread over time that a server which
is unwell for some minutes has nothing parked. When a connection broke while several mails were
fetched, each of them is a suspect and is fetched alone from then on. Nothing here touches a server
or the store.
"""

from collections.abc import Iterable
from time import monotonic

LAST_TRY_S = 15 * 60.0


class Unfinished:
    """What a reader knows of them; over all its connections, but for one UIDVALIDITY."""

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._attempts: dict[int, int] = {}
        self._try_at: dict[int, float] = {}
        self._suspects: set[int] = set()
        self._open: set[int] = set()

    def clear(self) -> None:
        """Forget everything: UIDs mean other mails now."""
        for each in (self._attempts, self._try_at, self._suspects, self._open):
            each.clear()

    def begin(self, listed: Iterable[int], *, whole: bool) -> None:
        """Begin a look into the folder; what is not listed in the whole folder is gone."""
        self._open.clear()
        if whole and (self._suspects or self._attempts):
            there = frozenset(listed)
            self.close([*(self._suspects - there), *(self._attempts.keys() - there)])

    def suspect(self, uids: Iterable[int]) -> None:
        """One of these broke the connection."""
        self._suspects.update(uids)

    def is_suspect(self, uid: int) -> bool:
        """Whether this mail is to be fetched alone."""
        return uid in self._suspects

    def is_due(self, uid: int) -> bool:
        """Whether this mail may be tried now."""
        return monotonic() >= self._try_at.get(uid, 0.0)

    def keep_open(self, uids: Iterable[int]) -> None:
        """Keep the cursor below these."""
        self._open.update(uids)

    def remember(self, attempts: dict[int, int]) -> None:
        """Take over from the journal how often each of these was tried."""
        self._attempts.update(attempts)
        self.keep_open(attempts)

    def count(self, uid: int) -> int:
        """Count an attempt that failed; return how many that makes."""
        attempts = self._attempts[uid] = self._attempts.get(uid, 0) + 1
        wait_s = self._poll_s if attempts == 1 else max(self._poll_s, LAST_TRY_S)
        self._try_at[uid] = monotonic() + wait_s
        self._open.add(uid)
        return attempts

    def close(self, uids: Iterable[int]) -> None:
        """Forget mails that are dealt with, or gone."""
        for uid in uids:
            self._attempts.pop(uid, None)
            self._try_at.pop(uid, None)
            self._suspects.discard(uid)
            self._open.discard(uid)

    def below(self, uid: int) -> int:
        """Return the highest UID up to `uid` up to which everything is dealt with."""
        return min(uid, min(self._open, default=uid + 1) - 1)
