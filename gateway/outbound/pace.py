"""When to try again: for one row, and for a relay that takes nothing.

A row waits longer after each attempt. A relay that is down must not use up the attempts of every
row: its gate closes, and one mail at a time is sent as a probe until one is taken.
Times are given in; nothing here sleeps or reads a clock.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from router.addresses import LANE_ALARM

ROW_WAITS_S = (60, 120, 300, 900, 1_800, 3_600, 7_200, 14_400)  # then always the last
ALARM_WAITS_S = (15, 30, 60, 120, 300)
GATE_WAITS_S = (5, 10, 30, 60, 120, 300)
JITTER = 0.2  # up to a fifth more, so that rows of one event do not come back as one crowd
STRIKES = 3  # temporary refusals in a row, of different mails, that close the gate


def row_wait(attempts: int, lane: int, chance: float) -> timedelta:
    """Return how long a row waits after its attempt number `attempts`; `chance` is in [0, 1)."""
    waits = ALARM_WAITS_S if lane == LANE_ALARM else ROW_WAITS_S
    seconds = waits[min(max(attempts, 1), len(waits)) - 1]
    return timedelta(seconds=seconds * (1 + JITTER * chance))


class Gate:
    """What is known about one relay: open, or closed until `opens_at` after `failures` failures.

    After `opens_at` one mail may go as a probe; the courier sees to it that it is one.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._strikes = 0
        self.failures = 0
        self.opens_at: datetime | None = None

    @property
    def closed(self) -> bool:
        """Whether the last thing known is that the relay takes nothing."""
        return self.opens_at is not None

    def may_probe(self) -> bool:
        """Whether one mail may be tried at a closed gate now."""
        return self.opens_at is not None and self.opens_at <= self._now()

    def took(self) -> None:
        """Note that the relay took a mail, or at least judged one."""
        self._strikes = self.failures = 0
        self.opens_at = None

    def strike(self) -> None:
        """Note a temporary refusal that may be about the mail or about the relay."""
        self._strikes += 1
        if self._strikes >= STRIKES or self.closed:
            self.down()

    def down(self) -> None:
        """Note that the relay takes nothing, and wait longer than the last time.

        Mails that were on their way together and fail together count once.
        """
        if self.opens_at is not None and self._now() < self.opens_at:
            return
        wait = GATE_WAITS_S[min(self.failures, len(GATE_WAITS_S) - 1)]
        self.failures += 1
        self.opens_at = self._now() + timedelta(seconds=wait)
