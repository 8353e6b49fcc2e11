"""Tickets with a history that is written down, in a real store: opened, changed, each at its time.

Nothing is decided here: a change is what a decision would leave, and the clock is set as always.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from parsers.alarm import Mode
from router.calendars import ALWAYS, Calendar, Calendars
from router.decision import Decision, Policy
from router.limits import LEVELS, Limits, LimitTable
from router.lines.noting import REMIND
from router.relations import ABOVE
from router.ticket import Change, Paging, Relation, Ticket, TicketEvent, TicketKind, Tie
from router.timing import timed
from router.words import EventKind, Outcome, Priority, Reason, Status
from store.commit import Decided, write
from store.engine import Store
from store.rows import read_tickets
from store.tables import reminder
from tests.router.test_decision_table import POLICY
from tests.router.weeks import OFFICE

HOURS = Calendar(UTC, OFFICE)
RULES = replace(
    POLICY,
    calendars=Calendars(HOURS, {"ngi_us": ALWAYS}),
    limits=LimitTable(
        Limits(
            LEVELS["default"].response,
            dict.fromkeys(Priority, LEVELS["default"].response[Priority.URGENT] * 2 / 5),
        )
    ),
)
FIELDS = {"site": "notified_site", "unit": "support_unit"}
WORDS: Mapping[str, Any] = {
    "status": Status,
    "priority": Priority,
    "held": Reason,
    "kind": TicketKind,
    "wanted": TicketKind,
}


def at(text: str) -> datetime:
    """The time "MONTH-DAY HOUR:MINUTE" of 2026, in UTC."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


class Ledger:
    """Writes into `store` by the rules of `policy`."""

    def __init__(self, store: Store, policy: Policy = RULES) -> None:
        self.store = store
        self.policy = policy
        self._conn: Connection | None = None

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Write all of a block in one transaction, because that is faster."""
        with self.store.writing() as self._conn:
            yield
        self._conn = None

    def opened(self, when: datetime, **fields: Any) -> int:
        """Open a ticket; return its number."""
        fields = _words(fields)
        status = Status.NEW if fields.get("support_unit", "TPM") == "TPM" else Status.ASSIGNED
        new = Ticket(
            0, 0, TicketKind.USER, TicketKind.USER, status, None, Priority.URGENT, "Lost",
            "anne@physics.example", "TPM", when, when,
        )  # fmt: skip
        for mode, drill in ((Mode.EXERCISE, "spring"), (Mode.ACTUAL, "")):
            if fields.pop("exercise" if drill else "alarm", ""):
                alarm, far = TicketKind.ALARM, Paging(mode, paged_at=when, drill=drill)
                fields |= {"kind": alarm, "wanted": alarm, "paging": far}
        event = TicketEvent(EventKind.OPENED, "anne@physics.example", when)
        return self._written(replace(new, **fields), when, event)

    def turn(self, number: int, when: datetime, **changed: Any) -> None:
        """Let a ticket change, with an entry in its history."""
        with self._writing() as conn:
            old = read_tickets(conn, [number])[number]
        changed = _words(changed)
        discarded = changed.pop("discarded", "")
        text = changed.pop("text", "")
        if discarded:
            changed |= {"held": None, "status": Status.UNSOLVED}
        new = replace(old, updated_at=when, **changed)
        changes = tuple(
            Change(name, str(getattr(old, name)), str(getattr(new, name))) for name in changed
        )
        kind = EventKind.DISCARDED if discarded else EventKind.COMMENT
        event = TicketEvent(kind, "tina@firstline.example", when, text, changes=changes)
        self._written(new, when, event)

    def remind(self, number: int, when: datetime) -> None:
        """Keep what a supporter asks for by the line "Remind on"."""
        with self._writing() as conn:
            row = {"ticket": number, "step": REMIND, "detail": f"{when:%Y-%m-%d} tina@f.example"}
            conn.execute(insert(reminder).values(due_at=when, **row))

    def relate(self, number: int, what: Tie, other: int) -> None:
        """Say what another ticket is to a ticket, as a line of a supporter does."""
        with self._writing() as conn:
            made = Decision(
                Outcome.COMMAND,
                (),
                ticket=read_tickets(conn, [number])[number],
                ties=(Relation(what, other),),
            )
            write(conn, [Decided((made,))], self.policy, at("01-01 00:00"))

    def play(self, text: str) -> None:
        """Let happen what lines say: `TICKET  MONTH-DAY HOUR:MINUTE  open | FIELD = VALUE, ...`.

        What another ticket is to a ticket is said like a field, such as `master = A`.
        """
        numbers: dict[str, int] = {}
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            name, day, hour, said = line.split(None, 3)
            fields = dict(_field(one) for one in said.removeprefix("open").split(",") if one)
            ties = {Tie(word): fields.pop(word) for word in ABOVE if word in fields}
            if said.startswith("open"):
                numbers[name] = self.opened(at(f"{day} {hour}"), **fields)
            else:
                self.turn(numbers[name], at(f"{day} {hour}"), **fields)
            for what, other in ties.items():
                self.relate(numbers[name], what, numbers[other])

    def _written(self, ticket: Ticket, when: datetime, event: TicketEvent) -> int:
        made = Decision(Outcome.COMMAND, (), ticket=ticket, events=(event,))
        with self._writing() as conn:
            decided = Decided((timed(made, self.policy, when),))
            return write(conn, [decided], self.policy, when)[0][0]

    def _writing(self) -> AbstractContextManager[Connection]:
        return nullcontext(self._conn) if self._conn is not None else self.store.writing()


def _words(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Texts of words as the words."""
    known = ((name, WORDS.get(name)) for name in fields)
    return {
        name: word(fields[name]) if word and fields[name] is not None else fields[name]
        for name, word in known
    }


def _field(text: str) -> tuple[str, str]:
    name, _, value = (part.strip() for part in text.partition("="))
    return FIELDS.get(name, name), value
