"""How tickets hang together: what each relation means, which tickets may have it, and limits.

Rule: a ticket is below one other at most (its slave, its child, its duplicate, or merged into it),
and what has slaves or children is below none. So relations never run in a circle, and what one
ticket does to others ends with those. Cross references order nothing. Source: EGI-STAFF
(docs/sources.md); what follows from each: `router.following`.
"""

from collections.abc import Mapping
from dataclasses import replace

from parsers.alarm import AlarmStatus
from router.alarming import alarm_status
from router.decision import Facts
from router.ticket import Relation, Ticket, Tie
from router.transitions import Actor
from router.words import FINAL, OPEN, Status

MOST = 15  # slaves, children, or duplicates of one ticket
MOST_CROSS = 40  # cross references of one ticket
OPPOSITE: Mapping[Tie, Tie] = {
    Tie.MASTER: Tie.SLAVE,
    Tie.SLAVE: Tie.MASTER,
    Tie.PARENT: Tie.CHILD,
    Tie.CHILD: Tie.PARENT,
    Tie.ORIGINAL: Tie.COPY,
    Tie.COPY: Tie.ORIGINAL,
    Tie.SURVIVOR: Tie.MERGED,
    Tie.MERGED: Tie.SURVIVOR,
    Tie.CROSS: Tie.CROSS,
}
ABOVE = (Tie.MASTER, Tie.PARENT, Tie.ORIGINAL, Tie.SURVIVOR)
WAITING = (Tie.SLAVE, Tie.CHILD)  # those below that are still worked on
COPIES = (Tie.COPY, Tie.MERGED)
CLOSES = frozenset({Tie.ORIGINAL, Tie.SURVIVOR})  # with such a relation a ticket is done
# Whose ticket stops being worked on: an alarm that nobody has answered must not.
_STOPS = frozenset({Tie.MASTER, Tie.ORIGINAL, Tie.SURVIVOR})
_ORDER = list(Tie)
SUPPORTER = frozenset({Actor.SUPPORTER})
WORKERS = frozenset({Actor.SUPPORTER, Actor.TEAM})
# Who may say so, and has to be it for both tickets.
RIGHTS: Mapping[Tie, frozenset[Actor]] = {
    **dict.fromkeys(Tie, SUPPORTER),
    Tie.CROSS: WORKERS,
}


def others(ticket: Ticket, *what: Tie) -> tuple[int, ...]:
    """Return the numbers of the tickets that are this to a ticket."""
    return tuple(one.ticket for one in ticket.relations if one.what in what)


def above(ticket: Ticket) -> Relation | None:
    """Return the one ticket that this one is below, None when there is none."""
    return next((one for one in ticket.relations if one.what in ABOVE), None)


def between(ticket: Ticket, other: int) -> Relation | None:
    """Return how a ticket hangs together with another one, None when it does not.

    A cross reference comes last: it may stand beside what says more.
    """
    return next((one for one in ticket.relations if one.ticket == other), None)


def tied(ticket: Ticket, *relations: Relation) -> Ticket:
    """Return the ticket with more relations."""
    return replace(ticket, relations=in_order((*ticket.relations, *relations)))


def untied(ticket: Ticket, relation: Relation) -> Ticket:
    """Return the ticket without a relation."""
    left = tuple(one for one in ticket.relations if one != relation)
    return replace(ticket, relations=left)


def in_order(relations: tuple[Relation, ...]) -> tuple[Relation, ...]:
    """Return relations once each, in the order in which they are shown."""
    return tuple(sorted(set(relations), key=lambda one: (_ORDER.index(one.what), one.ticket)))


def open_children(ticket: Ticket, facts: Facts) -> tuple[int, ...]:
    """Return the children that keep a ticket from being solved."""
    children = (facts.ticket(number) for number in others(ticket, Tie.CHILD))
    return tuple(one.number for one in children if one is not None and one.status in OPEN)


def may_wait(ticket: Ticket) -> bool:
    """Whether a parent can be set on hold; that would answer an alarm that nobody has seen."""
    return ticket.status is not Status.ON_HOLD and alarm_status(ticket) is not AlarmStatus.FIRING


def why_not(ticket: Ticket, what: Tie, other: Ticket) -> str:
    """Return why `other` cannot become this to a ticket, and what could; "" when it can.

    Whoever asks may steer both.
    """
    number = other.number
    if number == ticket.number:
        return "a ticket has no relation to itself; please name another one."
    there = between(ticket, number)
    if there is not None and there.what is what:
        return f"{_is(there)} already."
    if there is not None and there.what is not Tie.CROSS:
        return f'{_is(there)}; "Unlink: #{number}" ends that.'
    wrong = _other_is_wrong(what, other) or _own_is_wrong(ticket, what) or _too_many(what, other)
    return wrong or (_too_many(what, ticket) if what is Tie.CROSS else "")


def _other_is_wrong(what: Tie, other: Ticket) -> str:
    number = other.number
    if other.held:
        return f"#{number} is held; first line has to let it go."
    over = above(other)
    if over is not None and over.what in CLOSES:
        return f"#{number} is itself {_below(over)}; please name #{over.ticket}."
    if what in {Tie.CROSS, Tie.ORIGINAL}:
        if other.status in FINAL:
            return f"#{number} is {other.status}, for good; it takes one that may be reopened."
    elif other.status not in OPEN:
        return f"#{number} is {other.status}; it takes an open ticket."
    if over is not None and what in {Tie.MASTER, Tie.PARENT}:
        return f"#{number} is itself {_below(over)}; please name #{over.ticket}, or end that."
    if what is Tie.PARENT and alarm_status(other) is AlarmStatus.FIRING:
        return f"nobody has answered the alarm of #{number}, so it cannot wait for another ticket."
    return ""


def _own_is_wrong(ticket: Ticket, what: Tie) -> str:
    if what is Tie.CROSS:
        return ""
    if ticket.status not in OPEN:
        return 'please reopen it first, with "Status: reopened".'
    over = above(ticket)
    if over is not None:
        end = f'"Unlink: #{over.ticket}" ends that'
        return f"it is {_below(over)} already, and a ticket has one at most; {end}."
    below = others(ticket, *WAITING)
    if below:
        names = ", ".join(f"#{one}" for one in below)
        return f'tickets wait for it already ({names}); "Unlink: #N" ends that.'
    if what in _STOPS and alarm_status(ticket) is AlarmStatus.FIRING:
        return "nobody has answered its alarm, so it cannot wait for another ticket."
    return ""


def _too_many(what: Tie, other: Ticket) -> str:
    opposite = OPPOSITE[what]
    alike = COPIES if opposite in COPIES else (opposite,)
    most = MOST_CROSS if what is Tie.CROSS else MOST
    if len(others(other, *alike)) < most:
        return ""
    return f"#{other.number} has {most} {_PLURAL[opposite]}, and more are not possible."


_PLURAL: Mapping[Tie, str] = {
    Tie.SLAVE: "slaves",
    Tie.CHILD: "children",
    Tie.COPY: "duplicates",
    Tie.MERGED: "duplicates",
    Tie.CROSS: "cross references",
}


def _below(over: Relation) -> str:
    """Say what a ticket is to the one above it."""
    words = {Tie.MASTER: "a slave of", Tie.PARENT: "a child of", Tie.ORIGINAL: "a duplicate of"}
    return f"{words.get(over.what, over.what)} #{over.ticket}"


def _is(there: Relation) -> str:
    if there.what in ABOVE:
        return f"it is {_below(there)}"
    if there.what is Tie.MERGED:
        return f"#{there.ticket} was merged into it"
    return f"#{there.ticket} is its {there.what}"
