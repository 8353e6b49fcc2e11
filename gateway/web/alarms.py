"""The operator's pages of alarms: /alarms, /drills, /drills/NAME and its table, /drills/NAME.csv.

Rule: as for the other operator's pages (gateway.web.watching): the store is read once in a while,
whoever asks, and a drill is read only when there is one of that name. They show and change nothing;
what came by mail is text and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.drills import HEADS, Report, after, as_csv, cells, report_of
from gateway.web.headers import content_disposition
from gateway.web.page import Link, grid, links, page, paragraph
from gateway.web.watching import Remembered
from store.alarm_listing import AlarmRow, DrillRow

LAST_S = 2.0
ALARMS_AT_MOST = 500
_CSV = ".csv"
_ALARM_HEADS = ("Ticket", "Site", "VO", "Status", "Paged (UTC)", "Receipt", "Answer", "Answered by",
                "Recovered", "Steps", "Related", "Subject")  # fmt: skip
_DRILL_HEADS = ("Drill", "Began (UTC)", "Alarms", "Answered", "Over")
_TO_ALARMS, _TO_DRILLS = Link(("alarms",), "Alarms"), Link(("drills",), "Drills")

_T = TypeVar("_T")
_log = structlog.get_logger("web")


@dataclass(frozen=True, slots=True)
class Paged:
    """What the pages show, from the store; all may block and raise."""

    alarms: Callable[[], Sequence[AlarmRow]]
    drills: Callable[[], Sequence[DrillRow]]
    drill: Callable[[str], Sequence[AlarmRow]]


def alarm_pages(paged: Paged) -> list[Route]:
    """Return the routes."""
    open_alarms = Remembered(paged.alarms, LAST_S)
    known = Remembered(paged.drills, LAST_S)
    by_name: dict[str, Remembered[Sequence[AlarmRow]]] = {}  # of drills that there are

    async def alarms(_request: Request) -> Response:
        return _html(_alarms(await _read(open_alarms)))

    async def drills(_request: Request) -> Response:
        return _html(_drills(await _read(known)))

    async def drill(request: Request) -> Response:
        asked: str = request.path_params["name"]
        names = {one.name for one in await _read(known)}
        name = asked if asked in names else asked.removesuffix(_CSV)
        if name not in names:
            raise HTTPException(404)
        rows = by_name.setdefault(name, Remembered(lambda: paged.drill(name), LAST_S))
        report = report_of(name, await _read(rows))
        if report is None:
            raise HTTPException(404)
        return _html(_drill(report)) if name == asked else _csv(report)

    pages = {"/alarms": alarms, "/drills": drills, "/drills/{name}": drill}
    return [Route(path, one) for path, one in pages.items()]


async def _read(remembered: Remembered[_T]) -> _T:
    try:
        return await remembered.get()
    except Exception as error:
        _log.warning("alarms not available", reason=f"{type(error).__name__}: {error}")
        raise HTTPException(503) from error


def _alarms(rows: Sequence[AlarmRow]) -> bytes:
    said = "No alarm is open. Exercises are among the drills."
    if rows:
        said = "Not over yet, the newest first. Times count from the moment of the page."
    if len(rows) >= ALARMS_AT_MOST:
        said += f" Only the newest {ALARMS_AT_MOST} are shown."
    lines = [
        (
            row.ticket,
            row.site,
            row.vo,
            row.status,
            _time(row.paged_at),
            after(row, row.receipt_at),
            after(row, row.answered_at),
            row.answered_by,
            after(row, row.recovered_at),
            row.steps,
            row.related,
            row.subject,
        )
        for row in rows
    ]
    table = [grid("Open alarms", _ALARM_HEADS, lines)] if lines else []
    return page("Open alarms", links(_TO_DRILLS), paragraph(said), *table, wide=True)


def _drills(rows: Sequence[DrillRow]) -> bytes:
    lines = [
        (
            Link(("drills", row.name), row.name),
            _time(row.began_at),
            row.alarms,
            row.answered,
            row.over,
        )
        for row in rows
    ]
    told = grid("Drills", _DRILL_HEADS, lines) if lines else paragraph("None so far.")
    return page("Drills", links(_TO_ALARMS), told, wide=True)


def _drill(report: Report) -> bytes:
    silent = ", ".join(report.silent)
    began = f"Began {_time(report.began_at)} UTC, at {len(report.rows)} sites."
    return page(
        f"Drill {report.name}",
        links(_TO_ALARMS, _TO_DRILLS, Link(("drills", report.name + _CSV), "The table as CSV")),
        paragraph(f"{began} Times count from the moment of the page."),
        paragraph(f"Nobody answered at: {silent}." if silent else "Every site answered."),
        grid("Sites", tuple(map(str.capitalize, HEADS)), map(cells, report.rows)),
        wide=True,
    )


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at is not None else "not yet"


def _csv(report: Report) -> Response:
    headers = {"Content-Disposition": content_disposition(report.name + _CSV)}
    return Response(as_csv(report), 200, headers, media_type="text/csv")


def _html(body: bytes) -> Response:
    return Response(body, media_type="text/html; charset=utf-8")
