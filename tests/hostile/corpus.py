"""The corpus of hostile mails, sent through the real daemon by `test_hostile_mails`.

All are small in source and large or odd on the wire. `refused` says that a border door must answer
5xx; everything else must be kept and decided. Sender addresses are of example domains.
"""

from collections.abc import Iterator

from hostile.bodies import bodies, structures
from hostile.building import Hostile
from hostile.headers import headers, line_ends
from hostile.injections import injections


def corpus() -> Iterator[Hostile]:
    """Give every hostile mail."""
    yield from headers()
    yield from line_ends()
    yield from bodies()
    yield from structures()
    yield from injections()
