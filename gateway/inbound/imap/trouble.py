"""Trouble of a mailbox: what is wrong since when, how loudly to say it, and when to try again.

Rule: one line in the log when it begins, one an hour while it lasts, one when it is over; never a
storm: what comes and goes is told some times an hour, and counted after that. Waiting grows with
each failure and has jitter, so that many mailboxes do not come back in step. Nothing here touches a
server. Other threads may ask for what is described.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog

TELL_AGAIN = timedelta(hours=1)
TOLD_AN_HOUR = 5  # beginnings of the same trouble
TELL_PROGRESS_S = 10.0

log = structlog.get_logger("imap")


@dataclass(slots=True)
class _Case:
    why: str
    since: datetime
    told_at: datetime
    failures: int
    in_a_row: int  # since mails were taken
    again_at: float  # of the monotonic clock
    told: bool


class Troubles:
    """The present troubles of one mailbox, each under the name of what fails."""

    def __init__(self, mailbox: str, now: Callable[[], datetime]) -> None:
        self._mailbox = mailbox
        self._now = now
        self._cases: dict[str, _Case] = {}
        self._told: dict[str, list[datetime]] = {}  # when it was said that it begins
        self._untold: Counter[str] = Counter()

    def begin(self, what: str, why: str, first_s: float, most_s: float) -> float:
        """Note that something failed (again); return how many seconds to wait.

        That is `first_s` after the first failure in a row, and doubles up to `most_s`.
        """
        now = self._now()
        case = self._cases.get(what)
        if case is None:
            told = self._tell(what, why, now)
            case = self._cases[what] = _Case(why, now, now, 0, 0, 0.0, told)
        elif now - case.told_at >= TELL_AGAIN:
            case.told_at = now
            log.error(
                "mailbox still fails", mailbox=self._mailbox, at=what, why=why,
                since=str(case.since), failures=case.failures,
            )  # fmt: skip
        case.why = why
        wait_s = min(most_s, first_s * 2.0 ** min(case.in_a_row, 30))
        wait_s *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        case.failures += 1
        case.in_a_row += 1
        case.again_at = monotonic() + wait_s
        return wait_s

    def _tell(self, what: str, why: str, now: datetime) -> bool:
        recent = [at for at in self._told.get(what, ()) if now - at < TELL_AGAIN]
        self._told[what] = recent
        if len(recent) >= TOLD_AN_HOUR:
            self._untold[what] += 1
            return False
        recent.append(now)
        untold = {"times_untold": self._untold.pop(what)} if self._untold[what] else {}
        log.warning("mailbox fails", mailbox=self._mailbox, at=what, why=why, **untold)
        return True

    def ease(self, *whats: str) -> None:
        """Note that mails were taken meanwhile: the next failure is waited for as if the first."""
        for what in whats:
            if what in self._cases:
                self._cases[what].in_a_row = 0

    def end(self, what: str) -> None:
        """Note that something works (again)."""
        case = self._cases.pop(what, None)
        if case is not None and case.told:
            log.info("mailbox works again", mailbox=self._mailbox, at=what, failures=case.failures)

    def forget(self, what: str) -> None:
        """Drop a trouble without a word: it is no longer ours to tell."""
        self._cases.pop(what, None)

    def may_try(self, what: str) -> bool:
        """Whether it is well, or its time to be tried again has come."""
        case = self._cases.get(what)
        return case is None or monotonic() >= case.again_at

    def is_due(self, what: str) -> bool:
        """Whether it has failed and its time to be tried again has come."""
        return what in self._cases and self.may_try(what)

    def described(self) -> str:
        """Return all of them in one line, "" when all is well."""
        return "; ".join(
            f"{case.why} (since {case.since:%Y-%m-%d %H:%M} UTC)"
            for case in tuple(self._cases.values())
        )


class Progress:
    """How far a long reading is: told in the log and to whoever asks."""

    def __init__(self, mailbox: str) -> None:
        self._mailbox = mailbox
        self._total = self._done = 0
        self._begun_at = self._told_at = 0.0

    def begin(self, total: int) -> None:
        """Begin to look at so many mails."""
        self._total, self._done = total, 0
        self._begun_at = self._told_at = monotonic()

    def step(self, mails: int) -> None:
        """Count mails that have been dealt with; tell now and then."""
        self._done += mails
        if monotonic() - self._told_at >= TELL_PROGRESS_S:
            self._told_at = monotonic()
            log.info("mailbox is read", mailbox=self._mailbox, read=self._done, of=self._total)

    def described(self) -> str:
        """Return where a long reading is, "" for a short one."""
        if self._done >= self._total or monotonic() - self._begun_at < TELL_PROGRESS_S:
            return ""
        return f"read {self._done:,} of {self._total:,}"
