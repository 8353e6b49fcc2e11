"""A drill's report: per site when the alarm was received, answered and over, and who never did.

Times are counted from the moment when the alarm was written for sending. Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway import spreadsheet
from store.alarm_listing import AlarmRow

HEADS = ("site", "ticket", "receipt", "answer", "answered by", "over", "steps")
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Report:
    """One drill: its name, when it began, and its alarms by site."""

    name: str
    began_at: datetime
    rows: tuple[AlarmRow, ...]

    @property
    def silent(self) -> tuple[str, ...]:
        """Return the sites where nobody answered."""
        return tuple(row.site for row in self.rows if row.answered_at is None)


def report_of(name: str, rows: Sequence[AlarmRow]) -> Report | None:
    """Return the report of a drill's alarms; None when there are none."""
    paged = [row.paged_at for row in rows if row.paged_at is not None]
    if not paged:
        return None
    ordered = sorted(rows, key=lambda row: (row.site.lower(), row.ticket))
    return Report(name, min(paged), tuple(ordered))


def cells(row: AlarmRow) -> tuple[str, ...]:
    """Return the columns of `HEADS` for one alarm; a time is minutes and seconds, or `never`."""
    return (
        row.site,
        str(row.ticket),
        after(row, row.receipt_at),
        after(row, row.answered_at),
        row.answered_by,
        after(row, row.over_at),
        str(row.steps),
    )


def after(row: AlarmRow, at: datetime | None) -> str:
    """Return how long after its page something happened: `4 min 05 s`, `never`."""
    if at is None or row.paged_at is None:
        return NEVER
    minutes, seconds = divmod(int((at - row.paged_at).total_seconds()), 60)
    return f"{minutes} min {seconds:02} s"


def as_csv(report: Report) -> str:
    """Return the report for a spreadsheet: seconds after the page, empty for never."""
    heads = ("drill", "site", "ticket", "paged_at", "receipt_s", "answer_s", "answered_by",
             "over_s", "steps")  # fmt: skip
    rows = (
        (
            report.name,
            row.site,
            row.ticket,
            row.paged_at.isoformat() if row.paged_at else "",
            _seconds(row, row.receipt_at),
            _seconds(row, row.answered_at),
            row.answered_by,
            _seconds(row, row.over_at),
            row.steps,
        )
        for row in report.rows
    )
    return spreadsheet.as_csv(heads, rows)


def _seconds(row: AlarmRow, at: datetime | None) -> str:
    if at is None or row.paged_at is None:
        return ""
    return str(int((at - row.paged_at).total_seconds()))
