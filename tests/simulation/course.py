"""The course of the years: when tickets come, and what happens to the daemon meanwhile.

Everything follows from a seed. Time goes from one look of the clock to the next; people act in
between. A daemon that is down does nothing, and nobody reaches it.
"""

import heapq
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from simulation.desks import SECOND, Helpdesk
from simulation.expected import WAITING
from simulation.lives import MOST_ACTS, go_on, idle, open_one
from simulation.records import Records
from simulation.world import BEGIN, PHASES

LOOK = timedelta(minutes=30)
DOWN = timedelta(days=3)
RESTARTS_A_MONTH, DOWNTIMES_A_YEAR = 4, 6
JUMPS_A_YEAR, SLIPS_A_YEAR = 16, 8
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONTH, YEAR = timedelta(days=30), timedelta(days=365)
# Days on which clocks change, a year ends, or there is a 29 February: tickets come there too.
SPECIAL = (
    "2027-03-12", "2027-03-13", "2027-03-26", "2027-03-27", "2027-04-02", "2027-04-03",
    "2027-09-03", "2027-10-01", "2027-10-29", "2027-11-05", "2027-12-30", "2027-12-31",
    "2028-02-25", "2028-02-28", "2028-02-29", "2028-03-10", "2028-03-24", "2028-03-31",
    "2028-10-27", "2028-12-29", "2028-12-31",
)  # fmt: skip


class Course:
    """One run of some tickets until `end`."""

    def __init__(self, place: Path, seed: int, tickets: int, end: datetime) -> None:
        self.rng = Random(seed)
        self.end = end
        self.desk = Helpdesk(place, BEGIN, Records(end))
        self.counts: Counter[str] = Counter()
        self.acts: Counter[int] = Counter()
        self._turn = self.jumps = 0
        self._events: list[tuple[datetime, int, str, int]] = []
        rng, span = self.rng, end - BEGIN
        special = [datetime.fromisoformat(f"{day}T00:00+00:00") for day in SPECIAL]
        for _ in range(tickets):
            at = BEGIN + span * rng.random()
            if rng.random() < 0.2:
                at = rng.choice(special) + timedelta(days=rng.random())
            self._plan(at, "open")
        for _ in range(round(RESTARTS_A_MONTH * (span / MONTH))):
            self._plan(BEGIN + span * rng.random(), "restart")
        for _ in range(round(DOWNTIMES_A_YEAR * (span / YEAR))):
            self._plan(BEGIN + span * rng.random(), "downtime")
        for _ in range(round(JUMPS_A_YEAR * (span / YEAR))):
            self._plan(BEGIN + span * rng.random(), "jump")
        for _ in range(round(SLIPS_A_YEAR * (span / YEAR))):
            self._plan(BEGIN + span * rng.random(), "slip")
        for phase, day in enumerate(PHASES):
            if phase:
                at = datetime.fromisoformat(f"{day}T00:00+00:00")
                self._plan(at + timedelta(days=rng.random()), "configuration", phase)
        self._plan(BEGIN, "look")

    def run(self) -> None:
        """Let time go by until the end."""
        self.desk.begin(0)
        while self._events:
            at, _, what, number = heapq.heappop(self._events)
            if at >= self.end:
                return
            self.desk.true = max(self.desk.true + SECOND, at)
            getattr(self, f"_{what}")(number)

    def _plan(self, at: datetime, what: str, number: int = 0) -> None:
        self._turn += 1
        heapq.heappush(self._events, (at.replace(microsecond=0), self._turn, what, number))

    def _look(self, _: int) -> None:
        how = self.rng.choices(("first", "second", "at once", "killed"), (66, 30, 2, 2))[0]
        self.desk.look(how)
        self._plan(self.desk.true + LOOK + timedelta(seconds=self.rng.randint(-600, 600)), "look")

    def _open(self, _: int) -> None:
        known = set(self.desk.records.seen)
        open_one(self.desk, self.rng)
        self._new(known)

    def _act(self, number: int) -> None:
        known = set(self.desk.records.seen)
        is_far = abs(self.desk.now - self.desk.true) > DAY  # who is waited for then, waits for long
        if is_far and known and self.desk.records.seen[number][-1].status == WAITING:
            self._plan(self.desk.true + DAY, "act", number)
            return
        self.acts[number] += 1
        if go_on(self.desk, number, self.rng) and self.acts[number] < MOST_ACTS:
            self._plan(self.desk.true + idle(self.rng), "act", number)
        self.counts["acts"] += 1
        self._new(known)

    def _new(self, known: set[int]) -> None:
        """Give a life to every ticket that has come: a mail to one that has ended opens another."""
        for number in sorted(set(self.desk.records.seen) - known):
            self._plan(self.desk.true + idle(self.rng), "act", number)

    def _restart(self, _: int) -> None:
        self.counts["restarts"] += 1
        self._down(timedelta(seconds=self.rng.randint(1, 600)), boots=self.rng.random() < 0.3)

    def _downtime(self, _: int) -> None:
        self.counts["downtimes of three days"] += 1
        self._down(DOWN, boots=self.rng.random() < 0.5)

    def _configuration(self, phase: int) -> None:
        self.counts["new configurations"] += 1
        self._down(timedelta(seconds=self.rng.randint(1, 600)), phase=phase)

    def _down(self, span: timedelta, phase: int | None = None, *, boots: bool = False) -> None:
        """Stop the daemons for a while; a machine is started anew only with its clock right."""
        self.desk.stop()
        self.desk.true += span
        if boots and not self.desk.stands:
            self.desk.boot()
        self.desk.begin(self.desk.phase if phase is None else phase)

    def _slip(self, _: int) -> None:
        """Set the wall clock by some minutes, as a time server does: nothing stands still."""
        if not self.desk.stands:
            self.counts["slips of the wall clock"] += 1
            self.desk.ahead += MINUTE * self.rng.choice((-12, -5, 5, 12))

    def _jump(self, _: int) -> None:
        """Let the wall clock be wrong for a while, or be said to be right then."""
        desk, rng = self.desk, self.rng
        if desk.stands:
            return
        desk.look()  # the jump is seen against this look
        far = rng.choice((20 * MINUTE, 2 * HOUR, 3 * DAY, 10 * YEAR, -20 * MINUTE, -2 * HOUR))
        self.counts["jumps ahead" if far > timedelta() else "jumps back"] += 1
        self.jumps += 1
        desk.jump(far)
        self._plan(desk.true + SECOND, "seen")
        wrong_for = rng.choice((5 * MINUTE, HOUR, DAY))
        is_right = abs(far) <= 2 * HOUR and rng.random() < 0.4
        self._plan(desk.true + 10 * SECOND + wrong_for, "resume" if is_right else "right")

    def _seen(self, _: int) -> None:
        self.desk.look()

    def _resume(self, _: int) -> None:
        self.desk.resume()

    def _right(self, _: int) -> None:
        self.desk.set_right()
