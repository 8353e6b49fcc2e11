"""Answers to a ticket that was merged into another: they belong to the one that survives.

Rule: every clue leads on, but the address that only an alarm mail named: what a site says is about
that one alarm. A reply address stands for the same person in the survivor, if they take part there.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from router.decision import Clue
from router.people import same_address
from router.relations import others
from router.ticket import Ticket, Tie
from router.tokens import TokenClass
from router.words import Reason

MOST_STEPS = 50  # a survivor may be merged itself; relations never run in a circle


def survivor_of(ticket: Ticket) -> int:
    """Return the ticket that this one was merged into, 0 for none."""
    return next(iter(others(ticket, Tie.SURVIVOR)), 0)


def led_on(
    found: Sequence[tuple[Clue, Ticket]], read: Callable[[int], Ticket | None]
) -> list[tuple[Clue, Ticket]]:
    """Return clues and tickets, each of a merged ticket with the one that survives."""
    return [_led(clue, ticket, read) for clue, ticket in found]


def _led(clue: Clue, ticket: Ticket, read: Callable[[int], Ticket | None]) -> tuple[Clue, Ticket]:
    stays = clue.token_class is TokenClass.SITE or clue.reason is Reason.BOUNCED
    here = ticket
    for _ in range(0 if stays else MOST_STEPS):
        number = survivor_of(here)
        there = read(number) if number else None
        if there is None:
            break
        here = there
    if here is ticket:
        return clue, ticket
    holder = next((one for one in ticket.participants if one.row == clue.token_row), None)
    same = (
        one
        for one in here.participants
        if holder is not None and clue.token_row and same_address(one.address, holder.address)
    )
    row = next((one.row for one in same), 0)
    address = holder.address if holder is not None and clue.token_row else ""
    return replace(clue, token_row=row, led_from=ticket.number, holder=address), here
