"""A report as it is shown: two tables of 80 columns for people, rows for spreadsheets and programs.

Rule: people read hours of working time with one decimal, programs read seconds. A name that is too
long for its column stands on a line of its own; nothing is cut.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from gateway import spreadsheet
from gateway.report_times import Days
from gateway.show import cell
from router.words import Measure
from store.engine import Store
from store.listing import reads
from store.reporting import DUPLICATE, LEFT_OUT, ReportRow, Times, report_rows

NONE = "(none)"
TOTAL = "total"
NAME_WIDTH = 24
_COUNTS = ("opened", "solved", "unsolved", "duplicate", "reopened")
_COUNT_WIDTHS = (7, 7, 9, 10, 9, 8)  # of _COUNTS, and of what was waited
_TIMES = ("number", "median", "90 %", "late")
_WIDTHS = (6, 6, 6, 5)  # of _TIMES


@dataclass(frozen=True, slots=True)
class Report:
    """The rows by `by`, and all of them together."""

    by: str
    days: Days
    rows: tuple[ReportRow, ...]
    total: ReportRow


def make_report(store: Store, by: str, days: Days) -> Report:
    """Read the report; a month without tickets is a row of zeros. Raises Deferred."""
    with reads(store.reading) as conn:
        total = report_rows(conn, days.since, days.until)[0]
        if by != "month":
            return Report(by, days, tuple(report_rows(conn, days.since, days.until, by)), total)
        rows = []
        for name, month in days.months():
            (row,) = report_rows(conn, month.since, month.until)
            rows.append(ReportRow(name, row.opened, row.left_out, row.measured))
    return Report(by, days, tuple(rows), total)


def is_empty(report: Report) -> bool:
    """Whether nothing happened in the days of a report."""
    total = report.total
    answered = total.times(Measure.RESPONSE).number
    return not any((*_counts(total), answered, *total.left_out.values()))


def as_text(report: Report) -> Iterator[str]:
    """Give the lines for people."""
    days = report.days
    yield f"{days.first} to {days.last} ({days.zone}), by {report.by}; times in working hours"
    if days.until_now:
        yield "until now: the last of these days is not over yet"
    yield ""
    yield _line((report.by, *_COUNTS, "waited"), _COUNT_WIDTHS)
    rows = (*report.rows, report.total)
    for row in rows:
        cells = [*map(str, _counts(row)), _hours(_waited(row))]
        yield from _named(_name(report, row), cells, _COUNT_WIDTHS)
    yield ""
    yield f"{'':{NAME_WIDTH}} {'response':<26}  solution"
    yield _line((report.by, *_TIMES, *_TIMES), _WIDTHS * 2)
    for row in rows:
        cells = [*_told(row.times(Measure.RESPONSE)), *_told(row.times(Measure.SOLUTION))]
        yield from _named(_name(report, row), cells, _WIDTHS * 2)
    yield ""
    left_out = report.total.left_out
    said = ", ".join(f"{left_out[one]} {one}" for one in LEFT_OUT if one in left_out)
    yield f"left out of those opened: {said or 'none'}"


def as_objects(report: Report) -> Iterator[dict[str, object]]:
    """Give an object for each row, and the total as the last; times are seconds or null."""
    for row in (*report.rows, report.total):
        yield {
            "by": report.by,
            "name": None if row is report.total else row.name,
            "from": str(report.days.first),
            "to": str(report.days.last),
            **dict(zip(_COUNTS, _counts(row), strict=True)),
            **_object("response", row.times(Measure.RESPONSE)),
            **_object("solution", row.times(Measure.SOLUTION)),
            "left_out": dict(row.left_out),
        }


def as_csv(report: Report) -> str:
    """Return the rows for a spreadsheet, without the total; empty for a time that is not there."""
    flat = [_flat(one) for one in as_objects(report)]
    rows = (tuple("" if value is None else value for value in one.values()) for one in flat[:-1])
    return spreadsheet.as_csv(tuple(flat[-1]), rows)


def _flat(one: dict[str, object]) -> dict[str, object]:
    left_out = cast("Mapping[str, int]", one.pop("left_out"))
    words = {reason: f"left_out_{reason.split()[-1].lower()}" for reason in LEFT_OUT}
    return one | {word: left_out.get(reason, 0) for reason, word in words.items()}


def _object(name: str, times: Times) -> dict[str, object]:
    return {
        f"{name}_number": times.number,
        f"{name}_median_s": times.median_s,
        f"{name}_p90_s": times.most_s,
        f"{name}_within_limit": times.number - times.late,
        f"{name}_late": times.late,
        f"{name}_waited_s": times.waited_s,
    }


def _name(report: Report, row: ReportRow) -> str:
    return TOTAL if row is report.total else cell(row.name) or NONE


def _counts(row: ReportRow) -> tuple[int, ...]:
    ended = (Measure.SOLUTION, Measure.UNSOLVED, DUPLICATE, Measure.REOPENING)
    return row.opened, *(row.times(one).number for one in ended)


def _waited(row: ReportRow) -> int:
    return row.times(Measure.SOLUTION).waited_s


def _told(times: Times) -> list[str]:
    return [str(times.number), _hours(times.median_s), _hours(times.most_s), str(times.late)]


def _hours(seconds: int | None) -> str:
    return "-" if seconds is None else f"{seconds / 3600:.1f}"


def _named(name: str, cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    if len(name) > NAME_WIDTH:
        yield name
        name = ""
    yield _line((name, *cells), widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    two_groups = len(widths) == 2 * len(_TIMES)
    gaps = ("  " if two_groups and at == len(_TIMES) else " " for at in range(len(widths)))
    rest = (f"{gap}{text:>{w}}" for gap, text, w in zip(gaps, cells[1:], widths, strict=True))
    return f"{cells[0]:<{NAME_WIDTH}}{''.join(rest)}"
