"""Public holidays of countries and their parts, as dates, from the optional package `holidays`.

Rule: the package is imported when a country is named and not before: it costs every start a part of
a second. What it does not know is said in one sentence. Nothing is asked of any network.
"""

from collections.abc import Iterable
from datetime import date


class UnknownHolidays(Exception):  # noqa: N818 - the fact, as it is said to the operator
    """Nobody here knows the holidays of this place; its argument says why."""


def public_holidays(place: str, years: Iterable[int]) -> frozenset[date]:
    """Return the holidays of a country, or of a part of it after a slash, in these years.

    A holiday that is kept on another day, as after a Sunday, has both days. Raises UnknownHolidays.
    """
    try:
        import holidays
    except ImportError:
        told = "needs the extra `holidays`: run `make install EXTRAS=holidays`"
        raise UnknownHolidays(told) from None
    country, _, part = place.partition("/")
    try:
        known = holidays.country_holidays(country, subdiv=part or None, years=years)
    except NotImplementedError:  # what the package says of a place that it does not know
        raise UnknownHolidays(f"{place!r} is no place whose holidays are known") from None
    return frozenset(known)
