"""The daily digests of a run: for each unit one at most on a working day, and none at another time.

Whose working day it is comes from the plain numbers of the world, not from the program's calendars.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from simulation.world import UNITS, Unit
from sqlalchemy import select

from router.unit_digest import STEP
from store.engine import open_store
from store.tables import outbox

DAY_MIN = 24 * 60
Digest = tuple[str, datetime]


def digests(place: Path) -> list[Digest]:
    """To whom a digest went, and when."""
    (path,) = place.rglob("tickets.db")
    store = open_store(f"sqlite:///{path}")
    query = select(outbox.c.recipient, outbox.c.date).where(outbox.c.kind == STEP)
    with store.reading() as conn:
        found = [(address, at.astimezone(UTC)) for address, at in conn.execute(query)]
    store.close()
    return found


def wrong_digests(found: list[Digest], phase: int) -> list[tuple[str, date | None]]:
    """Those units and days that got several, and those that got one while nobody worked."""
    units = {unit.address: unit for unit in UNITS}
    days = Counter((who, working_day(units[who], at, phase)) for who, at in found if who in units)
    return [key for key, number in days.items() if number > 1 or key[1] is None]


def working_day(unit: Unit, at: datetime, phase: int) -> date | None:
    """The day whose work goes on at a moment, None when nobody works."""
    local = at.astimezone(ZoneInfo(unit.zone))
    minute, today = local.hour * 60 + local.minute, local.date()
    for days, first, last in unit.shifts:
        for day, passed in ((today, minute), (today - timedelta(days=1), minute + DAY_MIN)):
            works = day.weekday() in days and day not in unit.holidays[phase]
            if works and first <= passed < last:
                return day
    return None
