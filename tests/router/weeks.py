"""Weeks that the tests of working time share, in the hours of their zone."""

from router.calendars import DAY_MIN, Span, Week


def span(start: str, end: str) -> Span:
    """The span from one time of the day to another, "24:00" and beyond too."""
    (begin_h, begin_min), (end_h, end_min) = (map(int, one.split(":")) for one in (start, end))
    return Span(60 * begin_h + begin_min, 60 * end_h + end_min)


def sundays(start: str, end: str) -> Week:
    """A week that works on Sundays only."""
    return ((),) * 6 + ((span(start, end),),)


def saturdays(start: str, end: str) -> Week:
    """A week that works on Saturdays only."""
    return ((),) * 5 + ((span(start, end),), ())


OFFICE: Week = ((span("9:00", "17:00"),),) * 5 + ((), ())
SHORT_FRIDAY: Week = ((span("9:00", "17:00"),),) * 4 + ((span("9:00", "13:00"),), (), ())
LUNCH: Week = ((span("9:00", "12:30"), span("13:30", "17:00")),) * 5 + ((), ())
NIGHT: Week = ((span("22:00", "30:00"),),) * 5 + ((), ())
EVERY_NIGHT: Week = ((span("22:00", "30:00"),),) * 7
ALL: Week = ((Span(0, DAY_MIN),),) * 7
