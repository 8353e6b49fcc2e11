"""The writer: one thread that puts accepted mails and refusals on disk.

Rule: no timer. While one commit syncs, the next group gathers, so a quiet door commits at once and
a busy one commits many mails with one sync. Alarms are taken first. A mail that cannot be written
does not take its neighbours down; a store that cannot write makes the writer unhealthy, and the
writer itself tries again until it can. It never looks into a mail and never waits for a peer.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

import structlog

from gateway.inbound.room import Share
from gateway.outage import Outage
from parsers.errors import Deferred
from router.addresses import LANE_ALARM
from store.engine import Store
from store.journal import NewDelivery, keep
from store.journal_counters import try_writing
from store.leases import LeaseLost
from store.refusals import Refusal, refusal_names, refuse

GROUP_MAILS = 64
GROUP_BYTES = 8 * 1024 * 1024
REFUSALS_AT_ONCE = 200
REFUSALS_WAITING = 1000
FAILURES_UNTIL_UNHEALTHY = 3
RETRY_FIRST_S = 0.25
RETRY_MOST_S = 4.0
CANNOT_STORE = "The helpdesk cannot store mail at the moment."

log = structlog.get_logger("intake")


@dataclass(eq=False, slots=True)
class Waiting:
    """A mail that waits to be on disk, and the door that waits for it.

    `done` and `share` belong to the event loop; the writer does not touch them. `since` is of the
    monotonic clock. `begun` turns true when its transaction runs; `withdrawn` when nobody wants it
    any more, which counts only before that.
    """

    delivery: NewDelivery
    done: asyncio.Future[int]
    share: Share
    since: float
    begun: bool = False
    withdrawn: bool = False


Outcome = int | Deferred  # a delivery id, or why there is none
Settle = Callable[[Sequence[tuple[Waiting, Outcome]]], None]


class Writer:
    """The thread and what waits for it.

    `settle` gets each group with its outcomes, `wake` is called after each commit of mails; both
    in the writer's thread. A thread that died is started again when there is work.
    """

    def __init__(self, store: Store, settle: Settle, wake: Callable[[], None]) -> None:
        self._store = store
        self._settle = settle
        self._wake = wake
        self._turn = threading.Condition()
        self._alarms: deque[Waiting] = deque()
        self._mails: deque[Waiting] = deque()
        self._refusals: deque[Refusal] = deque()
        self._unlisted: Counter[str] = Counter()
        self._group: list[Waiting] = []
        self._failures = 0
        self._outage = Outage(log)
        self._closing = False
        self._dead = False
        self._thread = self._new_thread()

    @property
    def failing(self) -> bool:
        """Whether the last writes in a row have failed."""
        return self._failures >= FAILURES_UNTIL_UNHEALTHY

    def put(self, some: Iterable[Waiting]) -> None:
        """Hand over mails; they will be settled."""
        with self._turn:
            self._ensure_thread()
            for one in some:
                (self._alarms if one.delivery.lane == LANE_ALARM else self._mails).append(one)
            self._turn.notify()

    def put_refusal(self, refusal: Refusal, *, listed: bool) -> None:
        """Hand over a refusal; one that is not `listed`, or too many, is only counted."""
        with self._turn:
            self._ensure_thread()
            if listed and len(self._refusals) < REFUSALS_WAITING:
                self._refusals.append(refusal)
            else:
                self._unlisted.update((*refusal_names(refusal), "refusals_only_counted"))
            self._turn.notify()

    def close(self, timeout_s: float) -> None:
        """Write what waits and end the thread; what is not written by then stays unsettled."""
        with self._turn:
            self._closing = True
            self._turn.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="journal-writer", daemon=True)

    def _ensure_thread(self) -> None:
        if self._thread.ident is None:
            self._thread.start()
        elif self._dead:
            self._dead = False
            log.error("writer restarted")
            self._thread = self._new_thread()
            self._thread.start()

    def _run(self) -> None:
        try:
            while self._step():
                pass
        finally:  # whatever ended this thread, nobody waits for it in vain
            self._finish([(w, Deferred(CANNOT_STORE, "the writer ended")) for w in self._group])
            with self._turn:
                self._dead = not self._closing
                if self._alarms or self._mails:
                    self._ensure_thread()

    def _step(self) -> bool:
        """Write one group of mails, or refusals, or try whether the store is back."""
        with self._turn:
            retry_s = min(RETRY_FIRST_S * 2 ** min(self._failures, 8), RETRY_MOST_S)
            self._turn.wait_for(self._has_work, timeout=retry_s if self._failures else None)
            withdrawn = self._gather()
            if self._closing and not self._group and (self._failures or not self._has_refusals()):
                return False
        if withdrawn:
            self._settle([(w, Deferred(CANNOT_STORE, "withdrawn")) for w in withdrawn])
        if self._group:
            self._write_group()
        else:
            self._write_refusals()
        return True

    def _has_work(self) -> bool:
        if self._alarms or self._mails or self._closing:
            return True
        return not self._failures and self._has_refusals()

    def _has_refusals(self) -> bool:
        return bool(self._refusals or self._unlisted)

    def _gather(self) -> list[Waiting]:
        """Take the next group; return those that nobody waits for any more."""
        withdrawn: list[Waiting] = []
        size = 0
        while (queue := self._alarms or self._mails) and len(self._group) < GROUP_MAILS:
            if queue[0].withdrawn:
                withdrawn.append(queue.popleft())
                continue
            size += len(queue[0].delivery.raw)
            if self._group and size > GROUP_BYTES:
                break
            self._group.append(queue.popleft())
        return withdrawn

    def _write_group(self) -> None:
        begun_at = monotonic()
        outcomes = self._keep(self._group)
        kept = sum(1 for _, outcome in outcomes if not isinstance(outcome, Deferred))
        lost = sum(1 for _, outcome in outcomes if isinstance(outcome, LeaseLost))
        if kept or not lost:  # a mailbox that is another daemon's now says nothing of the store
            self._failures = 0 if kept else self._failures + 1
        if kept:
            self._outage.is_over()
        self._finish(outcomes)
        log.debug("group", mails=len(outcomes), kept=kept, seconds=monotonic() - begun_at)
        if kept:
            self._wake()

    def _finish(self, outcomes: list[tuple[Waiting, Outcome]]) -> None:
        self._group = []
        if outcomes:
            self._settle(outcomes)

    def _keep(self, group: list[Waiting]) -> list[tuple[Waiting, Outcome]]:
        try:
            ids = keep(self._store, [w.delivery for w in group], lambda: _begin(group))
            return list(zip(group, ids, strict=True))
        except Exception as error:
            log.warning("group not kept", mails=len(group), error=_said(error))
            if len(group) == 1:
                return [(group[0], _deferred(error))]
        return self._keep_one_by_one(group)

    def _keep_one_by_one(self, group: list[Waiting]) -> list[tuple[Waiting, Outcome]]:
        """Keep the smallest first: what is full for a big mail may have room for a small one."""
        outcomes: list[tuple[Waiting, Outcome]] = []
        refusal: Deferred | None = None
        for waiting in sorted(group, key=lambda w: len(w.delivery.raw)):
            outcome: Outcome
            try:
                outcome = refusal or keep(self._store, [waiting.delivery])[0]
            except LeaseLost as error:  # this one only
                outcome = error
            except Deferred as error:
                outcome = refusal = error
            except Exception as error:
                digest = waiting.delivery.sha256
                log.error("mail not kept", sha256=digest, error=_said(error))  # noqa: TRY400 - see _said
                outcome = _deferred(error)
            outcomes.append((waiting, outcome))
        return outcomes

    def _write_refusals(self) -> None:
        """Write refusals; without any, this is the trial that ends a failure."""
        with self._turn:
            some = [self._refusals[i] for i in range(min(len(self._refusals), REFUSALS_AT_ONCE))]
            counts = dict(self._unlisted)
        try:
            if some or counts:
                refuse(self._store, some, counts)
            else:
                try_writing(self._store)
        except Deferred as error:
            self._failures += 1
            self._outage.goes_on(_said(error))
            return
        except Exception as error:
            log.error("refusals not written", count=len(some), error=_said(error))  # noqa: TRY400 - see _said
        self._failures = 0
        self._outage.is_over()
        with self._turn:
            for _ in some:
                self._refusals.popleft()
            self._unlisted.subtract(counts)
            self._unlisted = +self._unlisted


def _begin(group: Sequence[Waiting]) -> None:
    for waiting in group:
        waiting.begun = True


def _said(error: Exception) -> str:
    """Return an error for the log; a traceback or str() would show the statement's parameters."""
    return error.detail if isinstance(error, Deferred) else repr(error)[:300]


def _deferred(error: Exception) -> Deferred:
    return error if isinstance(error, Deferred) else Deferred(CANNOT_STORE, _said(error))
