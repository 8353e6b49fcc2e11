"""Reading the queues of support units: what is open, however many tickets there were before.

Rule: what has ended is never read: an index finds the open ones of a unit. Rows come as they are
read, so memory does not grow with a queue. Reads only; order and colours are the caller's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from parsers.alarm import Mode
from router.decision import Policy
from router.lines.noting import REMIND
from router.queued import Queued, Standing, Tally
from router.queues import stand
from router.ticket import Relation, TicketKind, Tie, Timing
from router.words import OPEN, Priority, Status
from store.alarm_tables import paging
from store.clock_tables import timing
from store.engine import Store
from store.listing import reads
from store.relation_tables import relation
from store.tables import event, reminder, ticket

ROWS_AT_ONCE = 500
REASON_CHARS = 100
_OPEN = tuple(str(one) for one in sorted(OPEN))
_TEXTS = ("submitter", "vo", "subject", "assigned_to", "escalation", "opened_at", "updated_at")
_TIMES = ("unit", "unit_since", "status_since", "base", "taken_at", "steps", "due_at", "due_for")
_COLUMNS = (
    *(ticket.c[name] for name in _TEXTS),
    *(ticket.c[name] for name in ("number", "kind", "wanted", "status", "held", "priority")),
    ticket.c.support_unit,
    ticket.c.notified_site,
    *(timing.c[name].label(f"timing_{name}") for name in _TIMES),
    timing.c.status.label("timing_status"),
    timing.c.priority.label("timing_priority"),
    timing.c.waited_s,
    timing.c.waited_before_s,
    paging.c.ticket.label("alarm"),
)


def units_with_tickets(conn: Connection) -> Iterator[str]:
    """Give the name of each unit that has or had tickets, by one search for each."""
    last = ""
    while True:
        query = select(func.min(ticket.c.support_unit)).where(ticket.c.support_unit > last)
        found = conn.execute(query).scalar()
        if found is None:
            return
        last = found
        yield found


def queued(conn: Connection, unit: str) -> Iterator[Queued]:
    """Give the open tickets of a unit, in no order; the connection is in use meanwhile."""
    firing = and_(
        paging.c.ticket == ticket.c.number,
        paging.c.over_at.is_(None),
        paging.c.mode == str(Mode.ACTUAL),
    )
    query = (
        select(*_COLUMNS)
        .select_from(ticket)
        .outerjoin(timing, timing.c.ticket == ticket.c.number)
        .outerjoin(paging, firing)
        .where(ticket.c.support_unit == unit, ticket.c.status.in_(_OPEN))
    )
    streaming = conn.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE)
    for row in streaming.execute(query).mappings():
        yield _queued(row)


def tallies(store: Store, policy: Policy, now: datetime) -> Iterator[Tally]:
    """Give the queue of each unit that has or had tickets, in numbers; raises Deferred."""
    with reads(store.reading) as conn:
        units = list(units_with_tickets(conn))
    for unit in units:
        tally = Tally(unit)
        with reads(store.reading) as conn:
            for _ in stand(queued(conn, unit), policy, now, tally):
                pass
        yield tally


def with_more(conn: Connection, page: Sequence[Standing]) -> list[Standing]:
    """Return tickets of a queue with what is only looked up for those that are shown."""
    numbers = [one.ticket.number for one in page]
    days, awaited = _reminders_of(conn, numbers), awaited_by(conn, numbers)
    on_hold = [one.ticket.number for one in page if one.ticket.status is Status.ON_HOLD]
    reasons = _reasons_of_hold(conn, on_hold) if on_hold else {}
    return [
        replace(
            one,
            ticket=replace(
                one.ticket,
                remind_at=days.get(one.ticket.number),
                awaits=awaited.get(one.ticket.number, ()),
                on_hold=reasons.get(one.ticket.number, ""),
            ),
        )
        for one in page
    ]


def _reminders_of(conn: Connection, numbers: Iterable[int]) -> dict[int, datetime]:
    """Return when supporters wanted to be reminded of these tickets, the first time of each."""
    query = select(reminder.c.ticket, func.min(reminder.c.due_at, type_=reminder.c.due_at.type))
    wanted = and_(reminder.c.done_at.is_(None), reminder.c.step == REMIND)
    of = reminder.c.ticket.in_(list(numbers))
    return dict(conn.execute(query.where(wanted, of).group_by(reminder.c.ticket)).all())


def awaited_by(conn: Connection, numbers: Collection[int]) -> dict[int, tuple[Relation, ...]]:
    """Return what each of these tickets waits for: its master or its children that are open."""
    found: dict[int, list[Relation]] = defaultdict(list)
    for mine, word, theirs, what in (
        (relation.c.ticket, Tie.MASTER, relation.c.other, Tie.MASTER),
        (relation.c.other, Tie.PARENT, relation.c.ticket, Tie.CHILD),
    ):
        query = select(mine, theirs).join(ticket, ticket.c.number == theirs)
        is_open = ticket.c.status.in_(_OPEN)
        query = query.where(mine.in_(numbers), relation.c.what == str(word), is_open)
        for number, other in conn.execute(query.order_by(theirs)):
            found[number].append(Relation(what, other))
    return {number: tuple(there) for number, there in found.items()}


def _reasons_of_hold(conn: Connection, numbers: Collection[int]) -> dict[int, str]:
    """Return why these tickets are on hold, as words: a line of what was written then, or by whom.

    A greeting, which ends with a comma, is no reason.
    """
    found: dict[int, str] = {}
    columns = (event.c.ticket, event.c.changes, event.c.text, event.c.by)
    query = select(*columns).where(event.c.ticket.in_(list(numbers)))
    for number, changes, said, by in conn.execute(query.order_by(event.c.number)):
        if any((name, new) == ("status", Status.ON_HOLD) for name, _, new in changes):
            lines = (line.strip() for line in said.splitlines())
            line = next((one for one in lines if one and not one.endswith(",")), "")
            words = f"on hold: {line[:REASON_CHARS]}" if line else f"what {by} put it on hold for"
            found[number] = words
    return found


def _queued(row: Any) -> Queued:
    return Queued(
        **{name: row[name] for name in _TEXTS},
        number=row["number"],
        kind=TicketKind(row["kind"]),
        wanted=TicketKind(row["wanted"]),
        status=Status(row["status"]),
        priority=Priority(row["priority"]),
        held=row["held"] or "",
        unit=row["support_unit"],
        site=row["notified_site"],
        is_firing=row["alarm"] is not None,
        timing=_timing(row) if row["timing_status"] is not None else None,
    )


def _timing(row: Any) -> Timing:
    return Timing(
        **{name: row[f"timing_{name}"] for name in _TIMES},
        status=Status(row["timing_status"]),
        priority=Priority(row["timing_priority"]),
        waited=timedelta(seconds=row["waited_s"]),
        waited_before=timedelta(seconds=row["waited_before_s"]),
    )
