"""The lease of one mailbox: which of several daemons on one database may read it now.

Rule: take it before connecting, renew it while reading, give it back when stepping aside. A daemon
that could not renew it in time stops by its own clock, and the journal refuses what it hands in all
the same (`store.leases`). Where a store serves one daemon only, the lease is always ours.
"""

from time import monotonic

import structlog

from parsers.errors import MailError
from store import leases
from store.engine import Store
from store.leases import LeaseLost, Term

LEASE_S = 30.0
RENEW_S = 10.0
LOOK_S = 5.0  # between two looks whether it is free

log = structlog.get_logger("imap")


class Lease:
    """Used from the mailbox's thread and, for `renew`, from another."""

    def __init__(self, store: Store, mailbox: str, holder: str) -> None:
        self._store = store
        self._mailbox = mailbox
        self._holder = holder
        self._until = float("-inf")
        self._term: Term | None = None
        self.is_anothers = False

    @property
    def term(self) -> Term | None:
        """Return what proves in the journal that the mailbox is ours; None when it is not."""
        return self._term

    def take(self) -> bool:
        """Take it if it is free, or ours; raises Deferred when the store does not answer."""
        asked_at = monotonic()
        self._term = leases.take(self._store, self._mailbox, self._holder, LEASE_S)
        self._until = asked_at + LEASE_S
        is_anothers = self._term is None
        if is_anothers and not self.is_anothers:
            holder = leases.holder(self._store, self._mailbox)
            log.info("mailbox is read by another daemon", mailbox=self._mailbox, holder=holder)
        elif self.is_anothers and not is_anothers:
            log.info("mailbox is taken over", mailbox=self._mailbox)
        self.is_anothers = is_anothers
        return not is_anothers

    def renew(self) -> None:
        """Renew it if it is ours. A store that does not answer may be asked again."""
        term, asked_at = self._term, monotonic()
        if term is None:
            return
        try:
            if leases.renew(self._store, term, LEASE_S):
                self._until = asked_at + LEASE_S
            elif self._term is term:
                self._term = None
        except MailError as error:
            log.warning("lease not renewed", mailbox=self._mailbox, detail=error.detail)

    def require(self) -> None:
        """Raise LeaseLost unless the mailbox is ours."""
        if self._term is None or (self._store.shared and monotonic() >= self._until):
            raise LeaseLost("The helpdesk is busy.", "another daemon may read the mailbox by now")

    def release(self) -> None:
        """Give it back, so that another daemon need not wait."""
        term, self._term = self._term, None
        if term is not None:
            try:
                leases.release(self._store, term)
            except MailError as error:
                log.warning("lease not released", mailbox=self._mailbox, detail=error.detail)
