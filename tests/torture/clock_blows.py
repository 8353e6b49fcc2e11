"""Blows against who keeps the clock: killed, stopped, or halted for longer than its lease."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from running import Helpdesk, until
from sqlalchemy import text
from torture.nemesis import BACK_S, Nemesis

from gateway.clock_lead import NAME
from gateway.processes.naming import daemon_name, daemon_of
from store import leases
from store.engine import Store

COURIER, SUPERVISOR, KEEPER = "courier", "supervisor", "keeper"
# How, and whom: as a pack of cards, dealt to its end before it is shuffled again.
BLOWS = (
    ("kill", COURIER),
    ("kill", COURIER),
    ("kill", SUPERVISOR),
    ("stop", COURIER),
    ("term", SUPERVISOR),
)
HALTS = (("halt", KEEPER), ("halt", KEEPER))  # where there is another daemon
LOOK_S = 0.2
# What 30 seconds do to the lease, and the server to one who says nothing in the middle.
_OVER = text("UPDATE lease SET until = '1970-01-01T00:00:00.000000Z' WHERE holder = :holder")
_CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    " AND state_change < clock_timestamp() - interval '1 second'"
)


class ClockNemesis:
    """Trouble for who keeps the clock of these daemons' store. `done` counts it by name."""

    def __init__(self, desks: Sequence[Helpdesk], store: Store, seed: int) -> None:
        self._desks, self._store = desks, store
        self._chance = random.Random(f"blows {seed}")
        self._each = [Nemesis(desk, "mixed", seed) for desk in desks]
        self._halts: Counter[str] = Counter()
        self._missed: list[str] = []
        self._cards: list[tuple[str, str]] = []

    @property
    def done(self) -> Counter[str]:
        """Return how often each thing was done."""
        return sum((one.done for one in self._each), Counter(self._halts))

    @property
    def total(self) -> int:
        """Return how many blows have fallen."""
        return self.done.total()

    @property
    def faults(self) -> list[str]:
        """Return what daemons did wrong when they were struck."""
        return [*self._missed, *(fault for one in self._each for fault in one.faults)]

    def strike(self) -> None:
        """Do one bad thing, and see to it that the daemon is back or coming back."""
        if not self._cards:
            self._cards = [*BLOWS, *(HALTS if len(self._desks) > 1 else ())]
            self._chance.shuffle(self._cards)
        how, whom = self._cards.pop()
        keeper = self._keeper()
        if how == "halt":
            self._halt(self._desks[keeper])
        elif whom == COURIER:
            self._each[keeper].strike_role(how, COURIER)
        else:
            self._each[keeper].strike_supervisor(how)

    def _keeper(self) -> int:
        """Return which daemon keeps the clock."""
        if len(self._desks) == 1:
            return 0
        holder = daemon_of(leases.holder(self._store, NAME))
        names = [daemon_name(self._store, desk.config) for desk in self._desks]
        return names.index(holder) if holder in names else 0

    def _halt(self, desk: Helpdesk) -> None:
        """Halt a whole daemon until another keeps the clock, then let it go on."""
        assert desk.process is not None
        self._halts["halt keeper beyond its lease"] += 1
        holder = leases.holder(self._store, NAME)
        until(lambda: "courier-0" in desk.roles(), "its courier is there", BACK_S)
        pids = [desk.process.pid, *desk.roles().values()]
        _send_each(pids, signal.SIGSTOP)
        try:
            until(lambda: self._another_keeps(holder), "another keeps the clock", BACK_S)
        except AssertionError as error:
            self._missed.append(f"C3 {error}")
        finally:
            _send_each(pids, signal.SIGCONT)

    def _another_keeps(self, holder: str) -> bool:
        with self._store.writing() as conn:
            conn.execute(_OVER, {"holder": holder})
            conn.execute(_CUT)
        time.sleep(LOOK_S)
        return leases.holder(self._store, NAME) != holder


def _send_each(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
