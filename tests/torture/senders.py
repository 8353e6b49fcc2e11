"""Senders: several mail servers that hand mails over and try again until they hear 250 or 5xx.

Like a real one, a sender that does not know what became of a mail sends the very same bytes again.
Every wait has an end; what never got through is left as it is and counted.
"""

import random
import threading
from collections.abc import Callable

from torture.history import NOBODY, OK, REFUSED, History, Letter
from torture.wire import hand_over

PAUSE_S = (0.05, 0.1, 0.3, 0.6)  # then always the last
SIZES = (*[300] * 12, *[2_000] * 4, *[20_000] * 3, 300_000)
KINDS = ("new", "new", "new", "site", "reply", "reply", "reply", "alarm")
MOST_QUOTAS = 50
BREATH_S = 0.05
NOBODY_SHARE = 0.03
TWICE_SHARE = 0.05
SHUTS_EARLY_SHARE = 0.04  # the sender itself goes away without reading the answer

Door = Callable[[], tuple[str, int]]


class Sender(threading.Thread):
    """One sending mail server.

    It writes until `enough` is set, but at least `quota` mails and at most MOST_QUOTAS times that.
    `late` lets it write no more, `stop` lets it give up what it has in hand.
    """

    def __init__(self, name: str, seed: str, history: History, door: Door, quota: int) -> None:
        super().__init__(name=name, daemon=True)
        self.enough = threading.Event()
        self.late = threading.Event()
        self.stop = threading.Event()
        self._chance = random.Random(seed)
        self._history = history
        self._door = door
        self._quota = quota

    def run(self) -> None:
        """Send mail after mail, each until its end."""
        for turn in range(MOST_QUOTAS * self._quota):
            if self.late.is_set() or (turn >= self._quota and self.enough.is_set()):
                return
            self.late.wait(self._chance.uniform(0, BREATH_S))
            letter = self._write()
            bring_home(letter, self._door, self.stop, self._chance)
            if letter.twice and not self.stop.is_set():
                bring_home(letter, self._door, self.stop, self._chance)

    def _write(self) -> Letter:
        chance = self._chance
        if chance.random() < NOBODY_SHARE:
            return self._history.write("nobody", 300)
        kind, size = chance.choice(KINDS), chance.choice(SIZES)
        if kind != "reply":
            return self._history.write(kind, size, twice=chance.random() < TWICE_SHARE)
        known = [one for one in self._history.letters() if _may_be_answered(one)]
        if not known:
            return self._history.write("new", size)
        return self._history.write("reply", size, chance.choice(known[-50:]))


def bring_home(letter: Letter, door: Door, stop: threading.Event, chance: random.Random) -> None:
    """Hand a letter over until it is taken or refused, or `stop` is set."""
    for turn in range(10_000):
        if stop.is_set():
            return
        leaves = turn == 0 and chance.random() < SHUTS_EARLY_SHARE
        attempt = hand_over(door(), letter.raw, letter.person, letter.to, leaves_early=leaves)
        letter.attempts.append(attempt)
        if attempt.how in {OK, REFUSED}:
            return
        stop.wait(PAUSE_S[min(turn, len(PAUSE_S) - 1)])


def _may_be_answered(one: Letter) -> bool:
    return one.kind in {"new", "site"} and one.count(OK) > 0


def expected_refusal(letter: Letter) -> bool:
    """Whether a 5xx is the right answer."""
    return letter.to == NOBODY
