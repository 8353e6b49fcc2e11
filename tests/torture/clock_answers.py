"""Submitters who answer while the clock ticks: who was asked, and whose tickets are solved."""

import random
import threading
import time
from collections.abc import Callable, Sequence

from running import Helpdesk
from torture.ageing import Window
from torture.clock_books import ClockBooks
from torture.history import History, Letter
from torture.senders import bring_home

ANSWERED_SHARE = 0.5
AT_ONCE_SHARE = 0.5  # of the rounds: all of them as soon as the clock has begun
SPREAD_S = 6.0  # the clock looks every five seconds
HOME_S = 90.0
WORDS = {
    "waiting for reply": ("It is version 3.\r\n\r\n",),
    "solved": ("Reopen: yes\r\n\r\nIt is broken again.\r\n\r\n", "Verify: yes\r\n\r\n"),
}


class Answers(threading.Thread):
    """Answers to some of the tickets of which a step has just fallen due."""

    def __init__(
        self,
        history: History,
        books: ClockBooks,
        desks: Sequence[Helpdesk],
        chance: random.Random,
        *,
        windows: Sequence[Window],
        ticks: Callable[[], bool],
    ) -> None:
        super().__init__(name="answers", daemon=True)
        self._desks = desks
        self._chance = random.Random(chance.random())  # one of its own: it is another thread
        self._ticks = ticks
        self._give_up = threading.Event()
        self._letters = self._written(history, books, windows)
        self.number = len(self._letters)

    def run(self) -> None:
        """Send them one after another, some before the clock looks and some while it ticks."""
        at_once = self._chance.random() < AT_ONCE_SHARE
        end = time.monotonic() + 2 * SPREAD_S
        while at_once and not self._ticks() and time.monotonic() < end:
            self._give_up.wait(0.01)  # between two looks
        for letter in self._letters:
            if not at_once:
                self._give_up.wait(self._chance.uniform(0, 2 * SPREAD_S / len(self._letters)))
            bring_home(letter, self._door, self._give_up, self._chance)

    def bring_home(self) -> None:
        """Wait until all are taken."""
        self.join(HOME_S)
        self._give_up.set()
        self.join(HOME_S)

    def _door(self) -> tuple[str, int]:
        return self._chance.choice(self._desks).smtp

    def _written(
        self, history: History, books: ClockBooks, windows: Sequence[Window]
    ) -> list[Letter]:
        opened = _opened(history, books)
        asked = [
            one
            for one in windows
            if one.status in WORDS
            and one.ticket in opened
            and self._chance.random() < ANSWERED_SHARE
        ]
        tokens = _tokens(books, asked)
        return [
            history.write(
                "reply",
                200,
                opened[one.ticket],
                person=one.submitter,
                to=f"reply+{tokens[one.ticket]}@helpdesk.example",
                lines=self._chance.choice(WORDS[one.status]),
            )
            for one in asked
        ]


def _opened(history: History, books: ClockBooks) -> dict[int, Letter]:
    """Return the letter that opened each ticket, as far as its sender knows what became of it."""
    letters = {each.kept_as: one for one in history.letters() for each in one.attempts}
    return {
        ticket: letters[mail]
        for mail, (ticket, number) in books.threads().items()
        if number == 1 and mail in letters
    }


def _tokens(books: ClockBooks, windows: Sequence[Window]) -> dict[int, str]:
    """Return the newest token that each ticket's submitter was sent."""
    submitters = {(one.ticket, one.submitter) for one in windows}
    rows = books.desk(
        "SELECT ticket, recipient, reply_token FROM outbox WHERE reply_token <> '' ORDER BY id"
    )
    return {
        row["ticket"]: row["reply_token"]
        for row in rows
        if (row["ticket"], row["recipient"]) in submitters
    }
