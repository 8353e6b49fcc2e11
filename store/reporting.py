"""Reading what a report says: how many tickets were opened, and what was measured, by one column.

Rule: the database chooses and adds up, whatever there is; here comes one row for each name. What is
left out of reports is counted with its reason. A percentile is the nearest rank: the shortest time
that at least so many of a hundred did not exceed, so it is always a time that was measured. Reads
only; what the numbers mean is written in docs/desk.md.
Sources: EGI-REPORTS (docs/sources.md).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    select,
)

from parsers.alarm import Mode
from router.relations import CLOSES
from router.words import EventKind, Measure, Status
from store.alarm_tables import paging
from store.clock_tables import period
from store.relation_tables import relation
from store.tables import event, ticket

MEDIAN, MOST = 50, 90  # percentiles
TEST = "Test"
LEFT_OUT = ("held", "discarded", "exercise", "category Test")  # the first that fits counts
BY = ("unit", "site", "vo", "kind")
DUPLICATE = "duplicate"  # an unsolved one that waits under another ticket, or was merged into it
_COUNTED = ""
_UNDER = tuple(str(one) for one in sorted(CLOSES))
_own = period.alias("own")  # what was measured of one ticket


@dataclass(frozen=True, slots=True)
class Times:
    """Times of one measure: how many, the percentiles in seconds of working time, how many late.

    The percentiles are None when there are none. `waited_s` was left out of them, all together.
    """

    number: int = 0
    median_s: int | None = None
    most_s: int | None = None
    late: int = 0
    waited_s: int = 0


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What happened to the tickets of one name, "" for none; `left_out` counts by reason."""

    name: str
    opened: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    measured: Mapping[str, Times] = field(default_factory=dict)

    def times(self, measure: str) -> Times:
        """Return the times of a Measure or of DUPLICATE, or none of them."""
        return self.measured.get(measure, Times())


def report_rows(
    conn: Connection, since: datetime, until: datetime, by: str = ""
) -> list[ReportRow]:
    """Return a row for each name of `by` (one of BY) with anything in [since, until), by name.

    Without `by` it is one row for all of them, also when there is nothing.
    """
    opened: dict[str, dict[str, int]] = defaultdict(dict)
    for name, reason, number in conn.execute(_opened(since, until, by)):
        opened[name][reason] = number
    measured: dict[str, dict[str, Times]] = defaultdict(dict)
    for name, measure, *numbers in conn.execute(_measured(since, until, by)):
        measured[name][measure] = Times(*numbers)
    names = sorted({*opened, *measured} if by else {""}, key=str.lower)
    return [_row(name, opened.get(name, {}), measured.get(name, {})) for name in names]


def _row(name: str, opened: Mapping[str, int], measured: Mapping[str, Times]) -> ReportRow:
    left_out = {reason: opened[reason] for reason in LEFT_OUT if reason in opened}
    return ReportRow(name, opened.get(_COUNTED, 0), left_out, measured)


def _opened(since: datetime, until: datetime, by: str) -> Any:
    """Count the tickets that were opened, by name and by why they are left out."""
    name = _first_unit() if by == "unit" else _name(by)
    found = (
        select(name.label("name"), _left_out().label("reason"))
        .where(ticket.c.opened_at >= since, ticket.c.opened_at < until)
        .subquery()
    )
    columns = (found.c.name, found.c.reason)
    return select(*columns, func.count()).group_by(*columns)


def _measured(since: datetime, until: datetime, by: str) -> Any:
    """Add up what has ended, by name and measure, with its percentiles."""
    name = period.c.unit if by == "unit" else _name(by)
    ended = (
        select(
            name.label("name"),
            case((_is_duplicate(), DUPLICATE), else_=period.c.measure).label("measure"),
            period.c.working_s,
            period.c.waited_s,
            period.c.late,
        )
        .join(ticket, ticket.c.number == period.c.ticket)
        .where(
            period.c.ended_at >= since,
            period.c.ended_at < until,
            _counts(),
        )
        .subquery()
    )
    columns = (ended.c.name, ended.c.measure)
    found = select(
        *ended.c,
        func.row_number().over(partition_by=columns, order_by=ended.c.working_s).label("rank"),
        func.count().over(partition_by=columns).label("number"),
    ).subquery()
    columns = (found.c.name, found.c.measure)
    return select(
        *columns,
        func.count(),
        _percentile(found, MEDIAN),
        _percentile(found, MOST),
        func.count(case((found.c.late, 1))),
        func.sum(found.c.waited_s),
    ).group_by(*columns)


def _percentile(found: Any, percent: int) -> ColumnElement[int]:
    reached = found.c.rank * 100 >= found.c.number * percent
    return func.min(case((reached, found.c.working_s)))


def _is_duplicate() -> ColumnElement[bool]:
    """Whether what ended as unsolved was no problem of its own: a duplicate, or merged.

    Such a ticket stands for itself again when it is reopened, so it is always the last of its ends.
    """
    under = and_(relation.c.ticket == period.c.ticket, relation.c.what.in_(_UNDER))
    later = and_(_own.c.ticket == period.c.ticket, _own.c.id > period.c.id)
    ended_again = and_(later, _own.c.measure == str(Measure.UNSOLVED))
    is_unsolved = period.c.measure == str(Measure.UNSOLVED)
    return and_(is_unsolved, exists().where(under), ~exists().where(ended_again))


def _name(by: str) -> ColumnElement[str]:
    """Return the column that a ticket is counted under, as the ticket has it."""
    columns = {"site": ticket.c.notified_site, "vo": ticket.c.vo, "kind": ticket.c.kind}
    return columns.get(by, literal(""))


def _first_unit() -> ColumnElement[str]:
    """Return the unit at which a ticket was opened, which never changes afterwards.

    It is that of the first response; one without any is still where it came first.
    """
    first = (
        select(_own.c.unit)
        .where(_own.c.ticket == ticket.c.number, _own.c.measure == str(Measure.RESPONSE))
        .order_by(_own.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(first, ticket.c.support_unit)


def _left_out() -> ColumnElement[str]:
    """Return why a ticket counts in no report, "" for one that does."""
    reasons = zip((_held(), _discarded(), _exercise(), _test()), LEFT_OUT, strict=True)
    return case(*reasons, else_=_COUNTED)


def _counts() -> ColumnElement[bool]:
    """Whether what was measured of a ticket counts; of a discarded one nothing was.

    The same conditions, said so that PostgreSQL can guess how many fulfil them.
    """
    return and_(*(not_(one) for one in (_held(), _exercise(), _test())))


def _held() -> ColumnElement[bool]:
    return ticket.c.held.is_not(None)


def _exercise() -> ColumnElement[bool]:
    of_ticket = paging.c.ticket == ticket.c.number
    return exists().where(and_(of_ticket, paging.c.mode != str(Mode.ACTUAL)))


def _test() -> ColumnElement[bool]:
    return ticket.c.category == TEST


def _discarded() -> ColumnElement[bool]:
    """Whether a held ticket was put aside, and nothing was done with it since."""
    put_aside = and_(event.c.ticket == ticket.c.number, event.c.kind == str(EventKind.DISCARDED))
    return and_(
        ticket.c.status.in_((str(Status.UNSOLVED), str(Status.CLOSED))),
        ~exists().where(_own.c.ticket == ticket.c.number),
        exists().where(put_aside),
    )
