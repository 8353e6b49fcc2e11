"""The life of a ticket: which status may follow which, by whose word, and who is told of it.

Rule: `TRANSITIONS` is the only list; a pair that is not in it does not happen. Each row says who
may, what has to be written with it, and what is sent. Verified and closed are the end: a mail to
such a ticket opens another one. Source: EGI-STAFF and EOSC-STATUS (docs/sources.md).

Not here: what a held ticket may become (`router.granting`), and what it means for an alarm
(`router.alarming`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from router.words import Status


class Actor(StrEnum):
    """Who somebody is to a ticket, as far as that is proven. One person may be several."""

    SUBMITTER = "its submitter"
    TEAM = "the VO's team (TEAM and ALARM tickets)"
    VERIFIER = "the VO's team (TEAM tickets) or alarmers (ALARM tickets)"
    SUPPORTER = "supporters of the responsible unit or of first line"
    SITE = "the site, by the address in its alarm mail"
    ANYBODY = "everybody whose address is proven"
    SYSTEM = "ticketgate"


class Need(StrEnum):
    """What has to be written with a change, in the words of the answer when it is missing."""

    NOTHING = ""
    SOLUTION = "please write the solution below it"
    REASON = "please write the reason below it"
    COMMENT = "please write below it what is still wrong"


class Tell(StrEnum):
    """Who hears of a change, besides everybody who reads all changes (`people.GETS`)."""

    READERS = "nobody else"
    SUBMITTER = "the submitter, always"
    SOLUTION = "everybody, the solution"
    FIRST_LINE = "first line"


@dataclass(frozen=True, slots=True)
class Move:
    """One row: who may make this change, what it needs, and what is sent."""

    by: frozenset[Actor]
    needs: Need = Need.NOTHING
    tells: Tell = Tell.READERS


def _by(*actors: Actor) -> frozenset[Actor]:
    return frozenset(actors)


_SUPPORTER = _by(Actor.SUPPORTER)
_WORKERS = _by(Actor.SUPPORTER, Actor.TEAM)
_WORKERS_AND_SITE = _by(Actor.SUPPORTER, Actor.TEAM, Actor.SITE)
_SYSTEM = _by(Actor.SYSTEM)

# What the rows have in common: whatever it was before, these words mean the same.
_FREED = Move(_WORKERS | _SYSTEM)  # somebody took it, or what it waited for is done
_ACKED = Move(_WORKERS_AND_SITE)  # somebody took it, or the site has answered the alarm
_HEARD = Move(_WORKERS | _SYSTEM)  # or the submitter has answered
_ASKED = Move(_SUPPORTER, tells=Tell.SUBMITTER)
_HELD_UP = Move(_WORKERS | _SYSTEM, Need.REASON)  # the system: a master's slave, a child's parent
_SOLVED = Move(_WORKERS_AND_SITE | _SYSTEM, Need.SOLUTION, Tell.SOLUTION)  # with its master
_GIVEN_UP = Move(_WORKERS, Need.SOLUTION, Tell.SUBMITTER)
_GIVEN_ON = Move(_SUPPORTER | _SYSTEM)  # by assigning it; also when a team ticket becomes an alarm
_AGAIN = Move(
    _by(Actor.SUBMITTER, Actor.SUPPORTER, Actor.TEAM), Need.COMMENT, Tell.FIRST_LINE
)  # fmt: skip
_GOOD = Move(_by(Actor.SUBMITTER, Actor.VERIFIER))
_OVER = Move(_SYSTEM)

_NEW, _ASSIGNED, _IN_PROGRESS = Status.NEW, Status.ASSIGNED, Status.IN_PROGRESS
_WAITING, _ON_HOLD, _REOPENED = Status.WAITING, Status.ON_HOLD, Status.REOPENED
_IS_SOLVED, _IS_UNSOLVED = Status.SOLVED, Status.UNSOLVED

# fmt: off
TRANSITIONS: Mapping[tuple[Status, Status], Move] = {
    (_NEW,         _ASSIGNED):    _GIVEN_ON,
    (_NEW,         _IN_PROGRESS): _ACKED,
    (_NEW,         _WAITING):     _ASKED,
    (_NEW,         _ON_HOLD):     _HELD_UP,
    (_NEW,         _IS_SOLVED):   _SOLVED,
    (_NEW,         _IS_UNSOLVED): _GIVEN_UP,
    (_ASSIGNED,    _IN_PROGRESS): _ACKED,
    (_ASSIGNED,    _WAITING):     _ASKED,
    (_ASSIGNED,    _ON_HOLD):     _HELD_UP,
    (_ASSIGNED,    _IS_SOLVED):   _SOLVED,
    (_ASSIGNED,    _IS_UNSOLVED): _GIVEN_UP,
    (_IN_PROGRESS, _ASSIGNED):    _GIVEN_ON,
    (_IN_PROGRESS, _WAITING):     _ASKED,
    (_IN_PROGRESS, _ON_HOLD):     _HELD_UP,
    (_IN_PROGRESS, _IS_SOLVED):   _SOLVED,
    (_IN_PROGRESS, _IS_UNSOLVED): _GIVEN_UP,
    (_WAITING,     _ASSIGNED):    _GIVEN_ON,
    (_WAITING,     _IN_PROGRESS): _HEARD,
    (_WAITING,     _ON_HOLD):     _HELD_UP,
    (_WAITING,     _IS_SOLVED):   _SOLVED,
    (_WAITING,     _IS_UNSOLVED): _GIVEN_UP,
    (_ON_HOLD,     _ASSIGNED):    _GIVEN_ON,
    (_ON_HOLD,     _IN_PROGRESS): _FREED,
    (_ON_HOLD,     _WAITING):     _ASKED,
    (_ON_HOLD,     _IS_SOLVED):   _SOLVED,
    (_ON_HOLD,     _IS_UNSOLVED): _GIVEN_UP,
    (_REOPENED,    _ASSIGNED):    _GIVEN_ON,
    (_REOPENED,    _IN_PROGRESS): _ACKED,
    (_REOPENED,    _WAITING):     _ASKED,
    (_REOPENED,    _ON_HOLD):     _HELD_UP,
    (_REOPENED,    _IS_SOLVED):   _SOLVED,
    (_REOPENED,    _IS_UNSOLVED): _GIVEN_UP,
    (_IS_SOLVED,   _REOPENED):    _AGAIN,
    (_IS_SOLVED,   Status.VERIFIED): _GOOD,
    (_IS_SOLVED,   Status.CLOSED):   _OVER,
    (_IS_UNSOLVED, _REOPENED):    _AGAIN,
    (_IS_UNSOLVED, Status.CLOSED):   _OVER,
}
# fmt: on

# Status words that no line sets: a ticket is new once, and assigned by assigning it.
BY_NO_LINE = frozenset({Status.NEW, Status.ASSIGNED, Status.CLOSED})


def move(old: Status, new: Status, actors: frozenset[Actor]) -> Move | None:
    """Return the row of a change that these actors may make, None when they may not."""
    found = TRANSITIONS.get((old, new))
    return found if found is not None and found.by & actors else None


def possible(old: Status, actors: frozenset[Actor]) -> tuple[Status, ...]:
    """Return what these actors may write in a line "Status:" now, in the order of `Status`."""
    return tuple(
        status for status in Status if status not in BY_NO_LINE and move(old, status, actors)
    )
