"""The colour of each ticket in a list: how near it is to its limit at this moment."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from gateway.show import as_object
from router.decision import Policy
from router.limits import colour_of
from router.timing import worked_of
from router.words import Priority, Status
from store.engine import Store
from store.ticket_listing import TicketRow
from store.timing_rows import read_timings

AT_ONCE = 200


def coloured(
    store: Store, rows: Iterable[TicketRow], policy: Policy, now: datetime
) -> Iterator[dict[str, object]]:
    """Give each row's fields by name with its colour; green while it is held.

    Raises Deferred when the store cannot be read.
    """
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        with store.reading() as conn:
            timings = read_timings(conn, [row.ticket for row in some])
        for row in some:
            worked = worked_of(timings.get(row.ticket), policy, now)
            limits = policy.limits.of(row.support_unit)
            found = colour_of(limits, Status(row.status), Priority(row.priority), worked)
            yield as_object(row) | {"colour": str(found)}
