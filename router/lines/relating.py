"""The lines `Master:`, `Parent:`, `Duplicate of:`, `Merge into:`, `Cross reference:`, `Unlink:`.

They say what another ticket is to this one; what may be said, and by whom: `router.relations`. Here
is what happens to this ticket, the rest is for `router.following`. Whether a ticket exists is told
only to somebody who may steer it.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from parsers.alarm import AlarmStatus
from parsers.block import Field
from router.acting import actors_of
from router.alarming import alarm_status
from router.lines import status as steps
from router.lines.contradicting import ends, wanted_status
from router.relations import (
    CLOSES,
    RIGHTS,
    between,
    open_children,
    others,
    tied,
    untied,
    why_not,
)
from router.steering import Steering
from router.ticket import Relation, Ticket, Tie
from router.transitions import Actor
from router.words import CLOSED, Status

# Key of a line -> what it makes of the named ticket.
NAMES = {
    "master": Tie.MASTER,
    "parent": Tie.PARENT,
    "duplicate_of": Tie.ORIGINAL,
    "merge_into": Tie.SURVIVOR,
    "cross_reference": Tie.CROSS,
}
MOST_NAMED = 15  # tickets in one line
_NUMBER = re.compile(r"#?(\d{1,10})")
_SEPARATORS = re.compile(r"[,;\s]+")


def numbers_in(value: str) -> tuple[int, ...]:
    """Return the ticket numbers that a line names, at most 15; empty when it says anything else."""
    words = [word for word in _SEPARATORS.split(value.strip()) if word]
    found = [_NUMBER.fullmatch(word) for word in words]
    if not found or len(found) > MOST_NAMED or None in found:
        return ()
    return tuple(dict.fromkeys(int(one[1]) for one in found if one is not None))


def relate(what: Tie) -> Callable[[Steering, Field], Steering]:
    """Return what follows a line that names the ticket, or for a cross reference those, to be."""

    def follow(steering: Steering, line: Field) -> Steering:
        if ends(line) and what is not Tie.CROSS:
            return _none(steering, line, what)
        named = numbers_in(line.value)
        if not named or (len(named) > 1 and what is not Tie.CROSS):
            return steering.refused(line.line, _takes(what))
        for number in named:
            steering = _begin(steering, line, what, number)
        return steering

    return follow


def unlink(steering: Steering, line: Field) -> Steering:
    """End what there is between this ticket and those named, from whichever side."""
    named = numbers_in(line.value)
    if not named:
        return steering.refused(line.line, _takes(Tie.CROSS))
    for number in named:
        there = between(steering.ticket, number)
        if there is None:
            now = ", ".join(f"{one.what} #{one.ticket}" for one in steering.ticket.relations)
            why = f"#{number} has no relation to this ticket; there is: {now or 'none'}."
            steering = steering.refused(line.line, why)
        while there is not None:
            if not RIGHTS[there.what] & steering.actors:
                why = f"#{number} is its {there.what}; that is for: {Actor.SUPPORTER}."
                steering = steering.refused(line.line, why, right=True)
                break
            steering = end(steering, there)
            there = between(steering.ticket, number)
    return steering


def status(steering: Steering, line: Field) -> Steering:
    """Follow a line that names a status, as far as the tickets that this one waits for allow it."""
    wanted = wanted_status(line)
    if wanted == Status.UNSOLVED and any(one.what in CLOSES for one in steering.ties):
        return steering  # the relation has made it so
    children = open_children(steering.ticket, steering.facts)
    if children and wanted in CLOSED:
        names = ", ".join(f"#{one}" for one in children)
        why = f'its children are open: {names}. Solve them first, or write "Unlink: #N".'
        return steering.refused(line.line, why)
    before = steering.ticket.status
    steering = steps.status(steering, line)
    if steering.ticket.status is Status.REOPENED and before is not Status.REOPENED:
        fires = alarm_status(steering.ticket) is AlarmStatus.FIRING
        for one in steering.ticket.relations:
            if one.what in CLOSES or (fires and one.what is Tie.MASTER):
                steering = end(steering, one)  # it stands for itself again
    return steering


def end(steering: Steering, there: Relation) -> Steering:
    """End a relation, and let the ticket go on that waited only because of it."""
    ticket = untied(steering.ticket, there)
    steering = replace(steering, unties=(*steering.unties, there))
    steering = steering.changed(str(there.what), ticket, f"#{there.ticket}", "")
    if ticket.status is not Status.ON_HOLD:
        return steering
    waits = others(ticket, Tie.MASTER) or open_children(ticket, steering.facts)
    waited = there.what is Tie.MASTER or there.what is Tie.CHILD
    return steps.moved(steering, Status.IN_PROGRESS) if waited and not waits else steering


def _begin(steering: Steering, line: Field, what: Tie, number: int) -> Steering:
    other = steering.facts.ticket(number)
    if number == steering.ticket.number:
        other = steering.ticket
    if other is None or not RIGHTS[what] & _actors_on(steering, other):
        there = f"there is no ticket #{number} that you may steer."
        if not steering.me:
            there = f"there is no ticket #{number}."
        return steering.refused(line.line, there)
    why = why_not(steering.ticket, what, other)
    if why:
        return steering.refused(line.line, why)
    relation = Relation(what, number)
    steering = replace(steering, ties=(*steering.ties, relation))
    steering = steering.changed(str(what), tied(steering.ticket, relation), "", f"#{number}")
    if what is Tie.MASTER and steering.ticket.status is not Status.ON_HOLD:
        steering = steps.moved(steering, Status.ON_HOLD)
    if what in CLOSES:
        words = (f"{_SOLVES[what]} #{number}.", steering.block.value("solution"))
        steering = steps.moved(steering, Status.UNSOLVED, "\n\n".join(filter(None, words)))
    return steering


_SOLVES = {Tie.ORIGINAL: "A duplicate of", Tie.SURVIVOR: "Merged into"}
_IS_NOT = {
    Tie.MASTER: "has no master",
    Tie.PARENT: "has no parent",
    Tie.ORIGINAL: "is no duplicate",
    Tie.SURVIVOR: "is not merged into another ticket",
}


def _none(steering: Steering, line: Field, what: Tie) -> Steering:
    there = next((one for one in steering.ticket.relations if one.what is what), None)
    if there is None:
        return steering.refused(line.line, f"it {_IS_NOT[what]}, so there is nothing to end.")
    return end(steering, there)


def _actors_on(steering: Steering, other: Ticket) -> frozenset[Actor]:
    """Return what the sender is to the other ticket; an operator is the same everywhere."""
    mail, sender = steering.mail, steering.sender
    if mail is None or sender is None:
        return steering.actors
    return actors_of(mail, sender, other, steering.facts, steering.policy)


def _takes(what: Tie) -> str:
    if what is Tie.CROSS:
        return f'it takes numbers of tickets here, such as "#100001", at most {MOST_NAMED}.'
    return 'it takes the number of one ticket, such as "#100001", or none.'
