"""By which calendars, limits and steps clocks are counted, as one word to compare.

Rule: the same rules give the same word in every process and on every machine, whatever the order
in which a mapping or a set was made; another time anywhere in them gives another one.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, timedelta, tzinfo
from hashlib import sha256
from json import dumps

from router.decision import Policy

RULES = 1  # of router.timing itself: another number lets every clock be set anew


def counted_by(policy: Policy) -> str:
    """Return the digest of everything that decides when a step falls due, 64 hexadecimal digits."""
    said = [RULES, *map(_plain, (policy.calendars, policy.limits, policy.steps, policy.first_line))]
    return sha256(dumps(said, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    """Return a value as lists, texts and numbers, in an order of their own."""
    if is_dataclass(value):
        return [_plain(getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(str(each) for each in value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (str, date, tzinfo)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no plain form here")
