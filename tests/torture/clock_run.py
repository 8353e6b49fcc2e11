"""Torture of the clock: what is due is done once, whatever kills, halts and second daemons do.

In rounds: the next steps of some tickets fall due, people answer some of them, and while the clock
does the steps a daemon is struck, twice. Then all of it must be done, by the histories and by what
was received (`torture.clock_checks`).
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from postgres import database
from running import Helpdesk, until
from torture.ageing import Ageing, Window
from torture.books import Watch
from torture.checks import violations
from torture.clock_answers import Answers
from torture.clock_blows import ClockNemesis
from torture.clock_books import ClockBooks, SharedBooks
from torture.clock_checks import clock_violations
from torture.clock_store import prepare
from torture.history import History
from torture.nemesis import BACK_S
from torture.plan import Plan, Verdict
from torture.quiet import own_address, settle, stop
from torture.sink import Sink, sink

from store.engine import Store, open_store

CLOCK = "clock"
BLOWS_A_ROUND = 2  # a row that is in a courier's hand at three crashes rests for five minutes
STEPS_A_ROUND = (6, 24)  # in a big store up to a tenth of its tickets
AT_MAILS_SHARE = 0.4  # of the blows fall while mails are carried, the others while steps are done
BEHIND_S = (0.0, 0.0, 0.01, 0.05, 0.2)
BEGUN_S = 30.0  # the clock looks every five seconds
DIGESTS_S = 60.0
SQLITE, RELAY = "sqlite:///tickets.db", 'url = "maildir:outgoing"\n'
TIMES = """
[clock]
timezone = "{zone}"
hours = ["mon-sun 00:00-24:00"]

[[support_level]]
name = "default"
solution = {{ "less urgent" = "40 h", "urgent" = "40 h", "very urgent" = "40 h", \
"top priority" = "40 h" }}
"""


@dataclass
class Run:
    """One run: its daemons, its store, and what is known of it."""

    plan: Plan
    desks: Sequence[Helpdesk]
    books: ClockBooks
    store: Store
    history: History
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"clock {self.plan.seed}")
        self.ageing = Ageing(self.store, self.chance)
        self.nemesis = ClockNemesis(self.desks, self.store, self.plan.seed)
        self.watch = Watch(self.books)
        self.rounds = self.answered = 0

    def go(self) -> None:
        """Go through all rounds."""
        slots = [sorted(desk.roles()) for desk in self.desks]
        until(self.books.digests, "the daily digests are kept", DIGESTS_S)
        end = time.monotonic() + self.plan.most_s
        while self.nemesis.total < self.plan.kills and time.monotonic() < end:
            self.rounds += 1
            self._round()
        try:
            until(lambda: slots == [sorted(desk.roles()) for desk in self.desks], "roles", BACK_S)
        except AssertionError:
            self.faults.append(f"I12 not every role is back: {[d.roles() for d in self.desks]}")

    def _round(self) -> None:
        steps, mails = self.books.done(), self.books.sink.mails
        fewest, most = STEPS_A_ROUND
        most = max(most, self.plan.tickets // 10)
        windows = self.ageing.age(self.chance.randint(fewest, most))
        answers = Answers(
            self.history,
            self.books,
            self.desks,
            self.chance,
            windows=windows,
            ticks=lambda: self.books.done() > steps,
        )
        answers.start()
        for _ in range(min(BLOWS_A_ROUND, self.plan.kills - self.nemesis.total)):
            place = self.chance.randrange(len(windows) + 1)
            if self.chance.random() < AT_MAILS_SHARE:
                self._wait_for(lambda: self.books.sink.mails, mails + place)
            else:
                self._wait_for(self.books.done, steps + place)
            time.sleep(self.chance.choice(BEHIND_S))  # where in a step, is the machine's
            self.nemesis.strike()
        answers.bring_home()
        self.answered += answers.number
        self._end_of_round()

    def _wait_for(self, count: Callable[[], int], least: int) -> None:
        """Wait until so much is done, or all that is due is done and sent."""
        end = time.monotonic() + BEGUN_S
        while time.monotonic() < end and count() < least and self._is_busy():
            time.sleep(0.002)  # a step takes some milliseconds

    def _is_busy(self) -> bool:
        return self.books.due() > 0 or bool(self.books.waiting())

    def _end_of_round(self) -> None:
        end = time.monotonic() + self.plan.settle_s
        while self.books.due() and time.monotonic() < end:
            time.sleep(0.05)  # between two looks
        settle(self.books, self.watch, self.plan.settle_s, self.faults)


@contextmanager
def ended(plan: Plan, place: Path) -> Iterator[Run]:
    """Give a run that is through a plan, with its books still open; no process is left."""
    with ExitStack() as stack:
        got = stack.enter_context(sink(plan.seed))
        url = stack.enter_context(database()) if plan.on_postgresql else ""
        run = _begun(plan, place, got, url)
        stack.callback(run.store.close)
        try:
            for desk in run.desks:
                desk.start()
            run.go()
        finally:
            for desk in run.desks:
                stop(desk, run.faults)
        yield run


def torture_clock(plan: Plan, place: Path) -> Verdict:
    """Run a plan in `place` and judge it; leaves no process behind."""
    begun = time.monotonic()
    with ended(plan, place) as run:
        return judged(run, begun)


def _begun(plan: Plan, place: Path, got: Sink, url: str) -> Run:
    """Make the store and the daemons of a run; nothing is started."""
    store_url = url or f"sqlite:///{place}/tickets.db"
    changes = {
        "127.0.0.1:0": f"{own_address()}:0",
        RELAY: f'url = "smtp://127.0.0.1:{got.port}"\n' + TIMES.format(zone=_in_the_morning()),
    }
    if url:
        changes[SQLITE] = url
    folders = [place / "one", place / "two"] if url else [place]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    desks = [Helpdesk(folder, changes) for folder in folders]
    history = History(plan.seed)
    prepare(place, desks[0].config, url or store_url, history, plan.tickets)
    books = SharedBooks(place, got, url) if url else ClockBooks(place, got)
    books.begin()
    return Run(plan, desks, books, open_store(store_url), history)


def judged(run: Run, begun: float) -> Verdict:
    """Return what came of a run that began at a time of the monotonic clock."""
    figures: dict[str, object] = {
        "tickets": run.plan.tickets,
        "rounds": run.rounds,
        "steps that fell due": len(run.ageing.windows),
        **{f"  {name}": n for name, n in sorted(_kinds(run.ageing.windows).items())},
        "steps done": run.books.done(),
        "answers": run.answered,
        "seconds": round(time.monotonic() - begun, 1),
        "mails received": len(run.books.sink.got),
        "of these more than once": run.books.sink.repeats,
        "outgoing rows that rest": run.books.resting(),
    }
    faults = [*run.faults, *run.nemesis.faults, *run.watch.faults]
    faults += clock_violations(run.ageing.windows, run.books)
    faults += violations(run.history, run.books)
    outcomes = Counter(row["outcome"] for row in run.books.desk("SELECT outcome FROM inbox"))
    return Verdict(run.plan, run.history.outcomes(), run.nemesis.done, outcomes, figures, faults)


def _kinds(windows: Sequence[Window]) -> Counter[str]:
    return Counter(f"{one.what} {one.status}".strip() for one in windows)


def _in_the_morning() -> str:
    """Return a time zone in which it is about six: no day ends while a run lasts."""
    ahead = 6 - datetime.now(UTC).hour
    ahead += 24 if ahead < -12 else 0
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"  # their names have the sign the other way
