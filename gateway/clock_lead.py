"""Who keeps the clock of tickets: one of the daemons on a store, by a lease.

Rule: every transaction of a step requires the term, so one that stood still for longer than its
lease writes nothing any more. Used by one thread at a time.
"""

from time import monotonic

import structlog

from store import leases
from store.engine import Store
from store.leases import LeaseLost, Term

NAME = "clock"
LEASE_S = 30.0
RENEW_S = 5.0
_log = structlog.get_logger("clock")


class Lead:
    """The lease of the clock, taken by `holder` when it is free."""

    def __init__(self, store: Store, holder: str) -> None:
        self._store = store
        self._holder = holder
        self._term: Term | None = None
        self._renewed = float("-inf")

    def take(self) -> bool:
        """Renew it, or take it if it is free; raises Deferred when the store does not answer."""
        begun = monotonic()
        before = self._term
        if before is None or not leases.renew(self._store, before, LEASE_S):
            self._term = leases.take(self._store, NAME, self._holder, LEASE_S)
        self._renewed = begun
        if before is None and self._term is not None:
            _log.info("keeps the clock of tickets")
        elif before is not None and self._term is None:
            keeper = leases.holder(self._store, NAME)
            _log.info("another daemon keeps the clock of tickets", keeper=keeper)
        return self._term is not None

    @property
    def terms(self) -> tuple[Term, ...]:
        """Return what a transaction has to require, renewed in time.

        Raises LeaseLost when another daemon has it by now.
        """
        if monotonic() - self._renewed > RENEW_S and not self.take():
            raise LeaseLost("The helpdesk is busy.", "another daemon keeps the clock by now")
        if self._term is None:
            raise LeaseLost("The helpdesk is busy.", "another daemon keeps the clock")
        return (self._term,)

    def release(self) -> None:
        """Give it back, so that another daemon need not wait."""
        term, self._term = self._term, None
        if term is not None:
            leases.release(self._store, term)
