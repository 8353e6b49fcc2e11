"""The field lines of a reply, and what they have done so far to their ticket.

Rule: a line that may not be followed changes nothing, loses no text, and is answered with what is
allowed. What each line does, and who may write it: `router.lines`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from parsers.block import FieldBlock
from router.authority import Sender
from router.decision import Facts, Mail, Policy, Reminder, Route
from router.ticket import Change, Participant, Relation, Ticket
from router.transitions import Actor, Tell
from router.words import Reason, Status


@dataclass(frozen=True, slots=True)
class Steering:
    """A reply's lines, and what they have done so far.

    `block` holds the lines and the text below them; `me` is the address of who wrote them, "" for
    an operator at the terminal, and `actors` what that person is to the ticket as it was found.
    `mail` and `sender` are None for a command. `refusals` are sentences about lines that were not
    followed, for the sender and the unit; `notes` are those for every reader. `joins` and `leaves`
    are as in a Decision; `pages` are those whom the ticket wakes because it has just become an
    alarm; `to` is its new route; `tells` says who else hears of it. `internal` keeps the text among
    supporters. `ties` and `unties` are relations that begin and end.
    """

    block: FieldBlock
    me: str
    actors: frozenset[Actor]
    facts: Facts
    policy: Policy
    now: datetime
    ticket: Ticket
    mail: Mail | None = None
    sender: Sender | None = None
    changes: tuple[Change, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    joins: tuple[Participant, ...] = ()
    leaves: tuple[Participant, ...] = ()
    pages: tuple[Participant, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    to: Route | None = None
    tells: frozenset[Tell] = frozenset()
    internal: bool = False
    ties: tuple[Relation, ...] = ()
    unties: tuple[Relation, ...] = ()

    @property
    def text(self) -> str:
        """Return what is written below the lines, "" when that is nothing."""
        return self.block.rest.strip()

    @property
    def solution(self) -> str:
        """Return the solution: its own line's, else the text below, unless that is internal."""
        return self.block.value("solution") or ("" if self.internal else self.text)

    @property
    def words(self) -> str:
        """Return what a supporter says to everybody, "" for nothing.

        That is neither the solution nor a question, which is for the ticket's own submitter.
        """
        own_line = bool(self.block.value("solution"))
        is_solution = Tell.SOLUTION in self.tells and not own_line
        asks = any(one.new == Status.WAITING for one in self.changes if one.field == "status")
        public = Actor.SUPPORTER in self.actors and not self.internal
        return self.text if public and not is_solution and not asks else ""

    def refused(self, line: str, why: str, *, right: bool = False) -> "Steering":
        """Return it with a line that was not followed; `right` says that a right was missing."""
        note = f'The line "{line}" was not followed: {why}'
        steering = replace(self, refusals=(*self.refusals, note))
        return steering.because(Reason.LINE_NOT_ALLOWED if right else Reason.LINE_NOT_FOLLOWED)

    def because(self, reason: Reason) -> "Steering":
        """Return it with one more reason."""
        return replace(self, reasons=tuple(dict.fromkeys((*self.reasons, reason))))

    def changed(self, field: str, ticket: Ticket, old: str, new: str) -> "Steering":
        """Return it with one field of the ticket changed; the same value changes nothing."""
        if old == new:
            return self
        return replace(self, ticket=ticket, changes=(*self.changes, Change(field, old, new)))

    def with_people(self, *people: Participant) -> "Steering":
        """Return it with people who join in a role that they do not have yet."""
        there = {_key(one) for one in (*self.ticket.participants, *self.joins)}
        new = {_key(one): one for one in people if _key(one) not in there}
        return replace(self, joins=(*self.joins, *new.values()))

    def telling(self, tell: Tell) -> "Steering":
        """Return it with somebody else who hears of it."""
        return replace(self, tells=self.tells | {tell})


def _key(one: Participant) -> tuple[str, str]:
    return str(one.role), one.address.lower()
