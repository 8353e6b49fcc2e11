"""Ageing: what some tickets' clocks, wishes and digests wait for falls due now, as if time passed.

All times of a clock move back together, in one transaction and with a new version of the ticket.
Each is written down as a window: the step that has to be done, once, before anything else happens.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from simulation.expected import FINAL, steps_of
from simulation.world import FIRST_LINE
from sqlalchemy import Connection, RowMapping, select, update
from torture.clock_store import LISTS

from gateway.now import utc_now
from store.clock_tables import timing
from store.engine import Store
from store.tables import reminder, ticket

TIMES = ("unit_since", "status_since", "base", "taken_at", "due_at")
CLOSE, REMIND, DIGEST = "close", "remind", "unit-digest"
A_DAY = timedelta(days=1)
WISHES_AT_ONCE = 2


@dataclass(frozen=True)
class Window:
    """A step that fell due: of `ticket`, 0 for a unit's digest, after its `event` of that number.

    `what` is who has to be told, or one of the three words above; `reader` his address, or "".
    """

    ticket: int
    what: str
    reader: str
    event: int = 0
    status: str = ""
    submitter: str = ""


class Ageing:
    """Lets steps fall due in a store, by chance, and keeps what has to come of it."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self._store = store
        self._chance = chance
        self.windows: list[Window] = []

    def age(self, most: int, digests: int = 1) -> list[Window]:
        """Let the next step of up to `most` tickets fall due; return the windows.

        Besides them some wishes to be reminded, and the digests of so many units.
        """
        now = utc_now()
        with self._store.writing() as conn:
            found = [
                *self._clocks(conn, most, now),
                *self._wishes(conn, now),
                *self._digests(conn, digests, now),
            ]
        self.windows += found
        return found

    def _clocks(self, conn: Connection, most: int, now: datetime) -> Iterable[Window]:
        query = (
            select(ticket, *(timing.c[name] for name in (*TIMES, "steps")))
            .join(timing, timing.c.ticket == ticket.c.number)
            .where(timing.c.due_at > now, ticket.c.status.not_in(FINAL))
            .order_by(ticket.c.number)
        )
        rows = conn.execute(query).mappings().all()
        for row in self._some_of_each(rows, most):
            back = row["due_at"] - now
            moved = {name: row[name] - back for name in TIMES if row[name] is not None}
            number = row["number"]
            conn.execute(update(timing).where(timing.c.ticket == number).values(moved))
            _touch(conn, number)
            what, _, _ = steps_of(row["status"])[row["steps"]]
            readers = {
                "unit": LISTS.get(row["support_unit"], ""),
                "submitter": row["submitter"].lower(),
                FIRST_LINE: LISTS[FIRST_LINE],
            }
            yield Window(
                number, what, readers.get(what, ""), row["last_event"], row["status"],
                row["submitter"],
            )  # fmt: skip

    def _wishes(self, conn: Connection, now: datetime) -> Iterable[Window]:
        columns = (reminder, ticket.c.last_event, ticket.c.status, ticket.c.submitter)
        query = select(*columns).join(ticket, ticket.c.number == reminder.c.ticket)
        query = query.where(reminder.c.step == REMIND, reminder.c.done_at.is_(None))
        rows = conn.execute(query.order_by(reminder.c.id)).mappings().all()
        for row in self._some(rows, WISHES_AT_ONCE):
            conn.execute(update(reminder).where(reminder.c.id == row["id"]).values(due_at=now))
            reader = row["detail"].partition(" ")[2].lower()
            yield Window(
                row["ticket"], REMIND, reader, row["last_event"], row["status"], row["submitter"]
            )

    def _digests(self, conn: Connection, most: int, now: datetime) -> Iterable[Window]:
        query = select(reminder).where(reminder.c.step == DIGEST, reminder.c.done_at.is_(None))
        rows = conn.execute(query.order_by(reminder.c.id)).mappings().all()
        known = [row for row in rows if _unit(row["detail"]) in LISTS]
        for row in self._some(known, most):
            unit = _unit(row["detail"])
            old = {"due_at": now, "detail": f"{(now - A_DAY).isoformat()} {unit}"}
            conn.execute(update(reminder).where(reminder.c.id == row["id"]).values(old))
            yield Window(0, DIGEST, LISTS[unit])

    def _some_of_each(self, rows: Sequence[RowMapping], most: int) -> list[RowMapping]:
        """Return the rows of some submitters, all that each has, until they are enough."""
        people = sorted({row["submitter"] for row in rows})
        self._chance.shuffle(people)
        each = [[row for row in rows if row["submitter"] == person] for person in people]
        return list(chain.from_iterable(each))[:most]

    def _some(self, rows: Sequence[RowMapping], most: int) -> list[RowMapping]:
        return self._chance.sample(rows, min(most, len(rows)))


def _touch(conn: Connection, number: int) -> None:
    """Give a ticket a new version, or who is just deciding on it would write over its clock."""
    newer = update(ticket).where(ticket.c.number == number)
    conn.execute(newer.values(version=ticket.c.version + 1))


def _unit(detail: str) -> str:
    return detail.partition(" ")[2]
