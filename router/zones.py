"""What clocks of a time zone show, and when: across hours that do not exist or come twice.

Rule: both ways keep the order of time. A zone is a value: nothing is read here.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_NO_TIME = timedelta()
_SECOND = timedelta(seconds=1)


def first_instant(zone: tzinfo, day: date, into_day: timedelta) -> datetime:
    """Return the first moment at which clocks show that time, or jump over it, in UTC."""
    wall = datetime.combine(day, time()) + into_day
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    # PEP 495: where the time does not exist, the "second" one lies before the jump
    return first if first <= second else _jump(zone, second, first)


def shown(zone: tzinfo, at: datetime) -> datetime:
    """Return what clocks show at `at`, naive. An hour's second coming is shown as its end.

    So what comes later is never shown as earlier.
    """
    local = at.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    first = local.replace(fold=0)
    turned = _jump(zone, first.astimezone(UTC), at)
    return turned.replace(tzinfo=None) + (first.utcoffset() or _NO_TIME)


def _jump(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return when clocks change between two instants of which one lies on each side, in UTC."""
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    new = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after
