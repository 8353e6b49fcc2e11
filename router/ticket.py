"""The ticket as values: what a decision reads and what it leaves behind.

A ticket with number 0 has not been numbered yet; the store numbers it when it writes the decision.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parsers.alarm import Mode
from router.words import EventKind, Measure, Notify, Priority, Reason, Role, Status


class TicketKind(StrEnum):
    """The kinds of ticket; what each allows is a row of `router.kinds.KINDS`."""

    USER = "USER"
    TEAM = "TEAM"
    ALARM = "ALARM"


class Tie(StrEnum):
    """What another ticket is to this one. What each means and allows: `router.relations`."""

    MASTER = "master"
    SLAVE = "slave"
    PARENT = "parent"
    CHILD = "child"
    ORIGINAL = "duplicate of"
    COPY = "duplicate"
    SURVIVOR = "merged into"
    MERGED = "merged"
    CROSS = "cross reference"


@dataclass(frozen=True, slots=True)
class Relation:
    """Another ticket, by its number, and what it is to this one.

    In a decision 0 stands for every ticket of the same request that says so, too: those that one
    mail opens have no number yet.
    """

    what: Tie
    ticket: int


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody, or a list, who takes part in a ticket. `row` is 0 until the store has written it.

    `verified` is false for a stranger who joined by a reference alone.
    """

    role: Role
    address: str
    name: str = ""
    mode: Notify = Notify.ON_EVERY_CHANGE
    verified: bool = True
    row: int = 0


@dataclass(frozen=True, slots=True)
class Paging:
    """How far an alarm has come. Times are None for what has not happened.

    `round` rises each time the alarm is raised anew, with event `since`; `steps` counts what was
    done in this round after the first page. `receipt_at` and `unreachable_at` are the hook's words,
    `answered_at` a person's, `recovered_at` that of the site's monitoring. `raised_by` is who
    raised it when that was not the submitter. `drill` names the drill that it belongs to.
    """

    mode: Mode = Mode.ACTUAL
    round: int = 1
    since: int = 0
    steps: int = 0
    raised_by: str = ""
    paged_at: datetime | None = None
    receipt_at: datetime | None = None
    unreachable_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str = ""
    recovered_at: datetime | None = None
    over_at: datetime | None = None
    drill: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """How far the clock of a ticket that is not held has come (`router.timing`).

    It is that of `status` and `unit`, so a ticket that has moved on is seen by comparing.
    `unit_since` is when the ticket came to its unit, or was opened again; `taken_at` when somebody
    took it there; `waited` the working time since it came in which its submitter was waited for,
    `waited_before` how much of that was before it was taken.
    `status_since` is when the process of the status began, `base` when its last step was due,
    `steps` how many were done. `due_at` is when the next one is, None for never; `due_for` who is
    told then: a unit's name, a submitter's address, "" for nobody. `priority` is the first one.
    """

    status: Status
    unit: str
    priority: Priority
    unit_since: datetime
    status_since: datetime
    base: datetime
    taken_at: datetime | None = None
    waited: timedelta = timedelta()
    waited_before: timedelta = timedelta()
    steps: int = 0
    due_at: datetime | None = None
    due_for: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """Something that was measured when it ended, for reports: a response, a solution, and so on.

    `working` is working time of `unit`, without the `waited` in it; `late` tells that it took
    longer than the limit of the ticket's first priority.
    """

    measure: Measure
    unit: str
    started_at: datetime
    ended_at: datetime
    working: timedelta = timedelta()
    waited: timedelta = timedelta()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket's state. `version` rises by one with every write; empty strings mean "not set".

    `kind` is what the ticket is, `wanted` what the mail asked for: a held alarm request is a USER
    ticket that wants ALARM. `held` is the reason that keeps it back, None when nothing does; while
    it is held, `notified_site` and `wanted_unit` say where it would go. `paging` is an alarm's.
    `timing` is None while it is held, and for one that an older version wrote.
    `assigned_to` is the address of the person who has it. `solution` is the text of the last one;
    `escalation` the level that its submitter has raised it to, 0 to 3. `vo_specific` says that the
    issue is one of that VO alone. `relations` are in the order of `Tie`, then of the numbers.
    """

    number: int
    version: int
    kind: TicketKind
    wanted: TicketKind
    status: Status
    held: Reason | None
    priority: Priority
    subject: str
    submitter: str
    support_unit: str
    opened_at: datetime
    updated_at: datetime
    vo: str = ""
    notified_site: str = ""
    affected_site: str = ""
    type_of_issue: str = ""
    mou_area: str = ""
    category: str = "Incident"
    wanted_unit: str = ""
    assigned_to: str = ""
    solution: str = ""
    escalation: int = 0
    vo_specific: bool = False
    last_event: int = 0
    participants: tuple[Participant, ...] = ()
    paging: Paging | None = None
    timing: Timing | None = None
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One entry of a ticket's history. The store numbers it, without gaps inside the ticket.

    `by` is the author as shown, "ticketgate" for ourselves. `text` is the whole text, however
    long; cuts are made in notices, never here. `notes` are sentences for whoever reads the entry,
    `refusals` those for its writer and for supporters alone; see `router.noted`.
    """

    kind: EventKind
    by: str
    at: datetime
    text: str = ""
    internal: bool = False
    verified: bool = True
    changes: tuple[Change, ...] = ()
    reasons: tuple[Reason, ...] = ()
    attachments: tuple[tuple[str, int], ...] = ()  # file name and bytes, in the mail's order
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a ticket's history, to be moved: its number, and the mail behind it (0: none).

    `moved_to` is the ticket that it was moved to before, 0 when it was not.
    """

    number: int
    event: TicketEvent
    mail: int = 0
    message_id: str = ""
    moved_to: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """The first event of this decision is what stood in another ticket's history."""

    ticket: int
    entry: int
    mail: int = 0
