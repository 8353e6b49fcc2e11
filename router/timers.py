"""The timed processes: what happens to a ticket that stays as it is, step by step.

Rule: a status has one process, and its steps are done in their order, each once. When a step falls
due is a share of the unit's limit, or working time since the step before. No step closes a ticket
that a person has not ended: the last one of an open ticket asks a person to look.
Sources: EGI-WAITING, EGI-PT-WAITING, EGI-STAFF, EGI-QOS (docs/sources.md); docs/clock.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from router.words import Status


class Process(StrEnum):
    """What is waited for."""

    RESPONSE = "response"
    SOLUTION = "solution"
    WAITING = "waiting"
    SOLVED = "solved"


class Whom(StrEnum):
    """Who is told by a step, at their working hours. The last one tells nobody and closes."""

    UNIT = "unit"
    SUBMITTER = "submitter"
    FIRST_LINE = "first-line"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """One row: exactly one of `percent` (of the limit), `days` and `time` (of work) is set."""

    whom: Whom
    percent: int = 0
    days: int = 0
    time: timedelta = timedelta()


PROCESS_OF: Mapping[Status, Process] = {
    Status.NEW: Process.RESPONSE,
    Status.ASSIGNED: Process.RESPONSE,
    Status.REOPENED: Process.RESPONSE,
    Status.IN_PROGRESS: Process.SOLUTION,
    Status.WAITING: Process.WAITING,
    Status.SOLVED: Process.SOLVED,
    Status.UNSOLVED: Process.SOLVED,
}  # on hold has its reason, and a day to be reminded of

BY_THE_UNITS_CALENDAR = frozenset({Process.RESPONSE, Process.SOLUTION})  # others: [clock]

Steps = Mapping[Process, tuple[Step, ...]]
STEPS: Steps = {
    Process.RESPONSE: (
        Step(Whom.UNIT, percent=75),
        Step(Whom.UNIT, percent=100),
        Step(Whom.UNIT, days=5),
        Step(Whom.FIRST_LINE, days=10),
    ),
    Process.SOLUTION: (
        Step(Whom.UNIT, percent=75),
        Step(Whom.UNIT, percent=100),
        Step(Whom.FIRST_LINE, days=10),
    ),
    Process.WAITING: (
        Step(Whom.SUBMITTER, days=5),
        Step(Whom.SUBMITTER, days=5),
        Step(Whom.FIRST_LINE, days=5),
    ),
    Process.SOLVED: (Step(Whom.CLOSE, days=10),),
}
