"""Which steps of the clock should have been done when: the rules of docs/clock.md, told again.

Written from the rules and not from the program, over the minutes of `minutes`. A step is done by
the first look that is not before its time and lies in the working hours of who is told.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.minutes import Hours, hours
from simulation.records import Look, Records, Seen
from simulation.world import BY_NAME, FIRST_LINE, HELPDESK, WORDS

UNTAKEN = ("new", "assigned", "reopened")
CLOSED = ("solved", "unsolved")
FINAL = ("verified", "closed")
WAITING, IN_PROGRESS = "waiting for reply", "in progress"
LATE = timedelta(hours=1)
NOTHING = timedelta()
# (who, percent of the limit, working days after the step before)
RESPONSE = (("unit", 75, 0), ("unit", 100, 0), ("unit", 0, 5), (FIRST_LINE, 0, 10))
SOLUTION = (("unit", 75, 0), ("unit", 100, 0), (FIRST_LINE, 0, 10))
ASKED = (("submitter", 0, 5), ("submitter", 0, 5), (FIRST_LINE, 0, 5))
ENDED = (("close", 0, 10),)


@dataclass(frozen=True, slots=True, order=True)
class Expected:
    """A step that the look at `place` had to do; `step` counts from 1."""

    place: int
    at: datetime
    ticket: int
    who: str
    step: int
    since: int
    due_at: datetime


def steps_of(status: str) -> Sequence[tuple[str, int, int]]:
    """Return the steps of a status, none for one that nothing is waited for in."""
    if status in UNTAKEN:
        return RESPONSE
    if status in CLOSED:
        return ENDED
    return {IN_PROGRESS: SOLUTION, WAITING: ASKED}.get(status, ())


class Life:
    """What is expected of one ticket."""

    def __init__(self, ticket: int, records: Records) -> None:
        self.ticket, self.records = ticket, records
        self.phase = 0
        self.now: Seen | None = None
        self.done = 0
        self.since = self.base = records.end
        self.begun_place = 0
        self.taken: datetime | None = None
        self.untimed: list[tuple[datetime, datetime]] = []  # in which the submitter was waited for

    def follow(self) -> Iterator[Expected]:
        """Give all that had to be done, in order."""
        records = self.records
        turns: list[tuple[int, Seen | Look]] = [
            (one.place, one) for one in records.seen[self.ticket] if not one.by_clock
        ]
        turns += [(one.place, one) for one in records.turns]
        turns.sort(key=lambda turn: turn[0])
        for number, (place, turn) in enumerate(turns):
            if isinstance(turn, Look):
                self.phase = turn.phase
                if turn.was_wrong and self.now is not None:
                    self._set_back(turn.at)
            else:
                self._becomes(turn)
            ends = turns[number + 1][0] if number + 1 < len(turns) else records.looks[-1].place + 1
            yield from self._until(place, ends)

    def _set_back(self, at: datetime) -> None:
        """Let nothing have happened later than now: the machine's clock was ahead then."""
        self.since, self.base = min(self.since, at), min(self.base, at)
        self.taken = min(self.taken, at) if self.taken is not None else None

    def _until(self, place: int, ends: int) -> Iterator[Expected]:
        """Give what the looks between two changes had to do."""
        while self._is_timed() and (due := self._due()) is not None:
            when, who = due
            look = self._look(place, ends, when, self._hours_of(who))
            if look is None:
                return
            place = look.place
            who, last = self._together(look.at)
            if who == "close":
                self.now = Seen(place, look.at, "closed", *_rest(self.now))
            yield Expected(place, look.at, self.ticket, who, self.done, self.begun_place, last)
            self.base = last if look.at - last <= LATE else look.at

    def _is_timed(self) -> bool:
        """Whether steps may fall due: not while it is held, nor while its clock is years off."""
        return self.now is not None and not self.now.held and self.base < self.records.end + LATE

    def _together(self, at: datetime) -> tuple[str, datetime]:
        """Do the steps that are due together, those of one reader; return who, and the last's."""
        first, last = "", at
        while (due := self._due()) is not None and due[0] <= at and first in {"", due[1]}:
            last, first = due
            self.base = last
            self.done += 1
        return first, last

    def _becomes(self, new: Seen) -> None:
        old, self.now = self.now, new
        if old is None or old.held or new.unit != old.unit:
            self._comes(new)
        elif new.status == old.status:
            return
        elif new.status == "reopened":
            self._comes(new)
        elif new.status in UNTAKEN and old.status in UNTAKEN:
            return  # nobody has answered yet
        else:
            if old.status == WAITING:
                self.untimed.append((self.since, new.at))
            self._begins(new)
            if new.status in UNTAKEN:
                self.taken = None
            elif self.taken is None:
                self.taken = new.at
        if new.status == IN_PROGRESS:
            done = self._worked(new.at)
            for _, percent, _ in SOLUTION:
                if percent and self._limit() and done * 100 >= self._limit() * percent:
                    self.done += 1

    def _comes(self, new: Seen) -> None:
        """Let a ticket come to its unit, or come back to it."""
        self.taken = None if new.status in UNTAKEN else new.at
        self.untimed = []
        self._begins(new)

    def _begins(self, new: Seen) -> None:
        self.since = self.base = new.at
        self.begun_place = new.place
        self.done = 0

    def _due(self) -> tuple[datetime, str] | None:
        assert self.now is not None
        steps = steps_of(self.now.status)
        if self.done >= len(steps):
            return None
        who, percent, days = steps[self.done]
        mine = self.now.status in UNTAKEN or self.now.status == IN_PROGRESS
        count = self._hours(self.now.unit if mine else HELPDESK)
        if days:
            when = count.days_after(self.base, days)
        elif not self._limit():
            return None
        else:
            share = self._limit() * percent / 100
            before = NOTHING if self.now.status in UNTAKEN else self._worked(self.since)
            when = count.after(self.since, max(NOTHING, share - before))
        return self._hours_of(who).opens(when), who

    def _limit(self) -> timedelta:
        assert self.now is not None
        unit = BY_NAME[self.now.unit]
        limits = unit.response_h if self.now.status in UNTAKEN else unit.solution_h
        return timedelta(hours=limits[WORDS.index(self.now.priority)]) if limits else NOTHING

    def _worked(self, at: datetime) -> timedelta:
        """Return the work since the ticket was taken, without the time of waiting."""
        assert self.now is not None
        count = self._hours(self.now.unit)
        taken = self.taken or at
        waited = [count.between(a, b) for a, b in self.untimed if a >= taken]
        return max(NOTHING, count.between(taken, at) - sum(waited, NOTHING))

    def _hours_of(self, who: str) -> Hours:
        assert self.now is not None
        names = {"unit": self.now.unit, FIRST_LINE: FIRST_LINE}
        return self._hours(names.get(who, HELPDESK))

    def _hours(self, name: str) -> Hours:
        return hours(BY_NAME[name], self.phase, self.records.end)

    def _look(self, place: int, ends: int, when: datetime, open_: Hours) -> Look | None:
        """Return the first look after `place` and before `ends` at which a step can be done."""
        looks = self.records.looks
        for number in range(bisect_right(looks, place, key=lambda one: one.place), len(looks)):
            one = looks[number]
            if one.place >= ends:
                return None
            if not one.stands and one.at >= when and open_.is_open(one.at):
                return one
        return None


def _rest(seen: Seen) -> tuple[str, str, bool, str]:
    return seen.unit, seen.priority, seen.held, seen.submitter
