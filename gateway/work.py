"""The `work` role: takes what waits in the inbox, hears it, decides, and writes the decisions.

A mail that fails is given back and tried alone; the store parks it after three lone failures. A
store that fails is waited for. Nothing that was accepted is ever dropped here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway.deliberate import Heard, decided, hear_mail, independent, must_wait, settle
from gateway.desk import Desk
from gateway.processes.link import Link
from parsers.errors import Deferred
from router.decision import Due
from store import inbox, journal
from store.commit import write

POLL_S = 1.0
AGAIN_S = 0.1
STORE_PAUSE_S = 2.0
SECONDS_A_MAIL = 5.0
BASE_SECONDS = 20.0
_log = structlog.get_logger("work")


@dataclass(slots=True)
class Worker:
    """One slot of the role."""

    desk: Desk
    link: Link
    slot: str
    _owed: dict[int, datetime] = field(default_factory=dict)

    def run(self) -> None:
        """Work until told to stop."""
        freed = inbox.take_back(self.desk.store, by=self.slot)
        if freed:
            _log.warning("took back claims of a former run", slot=self.slot, mails=freed)
        self.link.ready()
        while not self.link.stopping:
            try:
                pause_s = self.once()
            except Deferred as error:
                _log.error("the store does not answer; waiting", detail=error.detail)
                pause_s = STORE_PAUSE_S
            if pause_s:
                self.link.wait(pause_s)

    def once(self) -> float:
        """Work on one batch; return how long to wait before the next, 0 for not at all."""
        self._settle_debts()
        inbox.pull(self.desk.store)
        batch, parked = inbox.claim(self.desk.store, by=self.slot, now=self.desk.clock())
        if parked:
            self._tell_of_parked([one.mail for one in parked])
        if not batch:
            return 0.0 if parked else POLL_S
        self.link.busy(
            [one.mail for one in batch],
            time.monotonic() + BASE_SECONDS + SECONDS_A_MAIL * len(batch),
        )
        try:
            return self._work_on(batch)
        finally:
            self.link.idle()

    def _work_on(self, batch: Sequence[inbox.Waiting]) -> float:
        mails = [one.mail for one in batch]
        try:
            raws = journal.read_raws(self.desk.store, mails)
            envelopes = {m: journal.read_delivery(self.desk.store, m).envelope for m in mails}
            heard = [hear_mail(w.mail, envelopes[w.mail], raws[w.mail], w.content) for w in batch]
            written, wait = self._write(heard)
        except Deferred as error:
            _log.warning("gave mails back: the store is in trouble", detail=error.detail)
            self._owe(mails)
            raise
        except Exception:
            _log.exception("could not work on mails", mails=mails)
            again = self.desk.clock() + timedelta(seconds=AGAIN_S if len(mails) > 1 else POLL_S)
            inbox.give_back(self.desk.store, mails, by=self.slot, not_before=again, counted=True)
            return AGAIN_S
        if written:
            self.link.wake("courier")
        if wait:
            inbox.give_back(self.desk.store, wait, by=self.slot, not_before=self.desk.clock())
            return 0.0 if written else AGAIN_S
        return 0.0

    def _write(self, heard: Sequence[Heard]) -> tuple[int, list[int]]:
        """Decide and write in one transaction; return how many, and the mails that must wait."""
        now = self.desk.clock()
        with self.desk.store.writing() as conn:
            settled = settle(conn, heard, self.desk.known, self.desk.policy, now)
            ready = [
                done
                for one, done in zip(heard, settled, strict=True)
                if not must_wait(conn, one, done, now)
            ]
            chosen = independent(ready)
            write(
                conn,
                [decided(one, self.desk.policy, by=self.slot) for one in chosen],
                self.desk.policy,
                now,
            )
        for one in chosen:
            first = one.decisions[0]
            _log.info(
                "decided",
                mail=one.mail.mail_id,
                outcome=str(first.outcome),
                reasons=[str(reason) for reason in first.reasons],
            )
        done_ids = {one.mail.mail_id for one in chosen}
        return len(chosen), [h.mail.mail_id for h in heard if h.mail.mail_id not in done_ids]

    def _tell_of_parked(self, mails: Sequence[int]) -> None:
        _log.error("parked mails after three lone failures", mails=list(mails))
        self.desk.do(Due("parked", detail=", ".join(map(str, mails))))
        self.link.wake("courier")

    def _owe(self, mails: Sequence[int]) -> None:
        self._owed.update(dict.fromkeys(mails, self.desk.clock()))

    def _settle_debts(self) -> None:
        """Give back what could not be given back while the store was in trouble."""
        if self._owed:
            inbox.give_back(
                self.desk.store,
                list(self._owed),
                by=self.slot,
                not_before=self.desk.clock(),
                counted=False,
            )
            self._owed.clear()
