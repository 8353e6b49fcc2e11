"""A ticket that lives without a store: things happen to it, and the clock ticks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from router.calendars import Calendar, Calendars
from router.decide import decide
from router.decision import Decision, Due, Facts, Outgoing, Policy
from router.limits import Limits, LimitTable
from router.ticket import Period, Ticket, TicketEvent, Timing
from router.ticking import TICK
from router.timing import timed
from router.words import Outcome, Priority
from tests.router.replies import PEOPLE, WORLD, about
from tests.router.test_decision_table import POLICY
from tests.router.weeks import OFFICE

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOURS = Calendar(UTC, OFFICE)
RULES = replace(POLICY, calendars=Calendars(HOURS))


def at(text: str) -> datetime:
    """The time "MONTH-DAY HOUR:MINUTE" of 2026."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def with_solution(hours: Mapping[Priority, Any], rules: Policy = RULES) -> Policy:
    """The rules with limits for solutions, all else as it was."""
    return replace(rules, limits=LimitTable(Limits(rules.limits.default.response, hours)))


@dataclass
class Life:
    """One ticket. `mails` are those of the last tick, `periods` all that was measured."""

    policy: Policy = RULES
    now: datetime = MONDAY
    ticket: Ticket = field(default_factory=about)
    asked: Mapping[int, TicketEvent] = field(default_factory=dict)
    stories: Mapping[int, tuple[TicketEvent, ...]] = field(default_factory=dict)
    mails: list[Outgoing] = field(default_factory=list)
    events: list[TicketEvent] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turn()

    def turn(self, when: str = "", **changed: Any) -> Timing | None:
        """Let something happen to the ticket; return its clock."""
        self.now = at(when) if when else self.now
        ticket = replace(self.ticket, **changed)
        self._is(timed(Decision(Outcome.COMMAND, (), ticket=ticket), self.policy, self.now))
        return self.ticket.timing

    def tick(self, when: str = "") -> list[str]:
        """Let the clock tick once; return whom it tells what, with the status after it."""
        self.now = at(when) if when else self.now
        self.mails = []
        timing = self.ticket.timing
        if timing is None or timing.due_at is None or timing.due_at > self.now:
            return []
        facts = Facts(WORLD, PEOPLE, listed=(self.ticket,), asked=self.asked, stories=self.stories)
        for one in decide(Due(TICK), facts, self.policy, self.now):
            self._is(one)
        return [f"{one.kind} -> {one.recipient}" for one in self.mails]

    @property
    def due(self) -> str:
        """When the next step is due, "never" for none."""
        due_at = self.ticket.timing.due_at if self.ticket.timing else None
        return f"{due_at:%m-%d %H:%M}" if due_at else "never"

    @property
    def why(self) -> str:
        """What the last mail said of why it came."""
        return str(self.mails[-1].values["why"])

    def _is(self, decision: Decision) -> None:
        self.ticket = decision.ticket or self.ticket
        people = {(p.role, p.address): p for p in (*self.ticket.participants, *decision.joins)}
        self.ticket = replace(self.ticket, participants=tuple(people.values()))
        self.mails += decision.outgoing
        self.events += decision.events
        self.periods += decision.periods
