"""A mail, the ticket that it belongs to, and what its sender may do there, read once."""

from dataclasses import dataclass
from datetime import datetime

from router.authority import Sender
from router.bound import is_for_another
from router.decision import Clue, Facts, Mail, Policy
from router.lines.noting import wants_internal
from router.noted import noted
from router.people import author_of, listed_attachments, same_address
from router.rights import Rights
from router.ticket import Ticket, TicketEvent
from router.words import EventKind, Reason


@dataclass(frozen=True, slots=True)
class Joined:
    """A mail, the ticket that it belongs to, by which clue, and what its sender may do."""

    mail: Mail
    facts: Facts
    policy: Policy
    now: datetime
    clue: Clue
    ticket: Ticket
    sender: Sender

    @property
    def may(self) -> Rights:
        """Return what the sender may do."""
        return self.sender.may

    @property
    def address(self) -> str:
        """Return the address of who wrote, "" when there is none to be read."""
        return self.mail.heard.sender.address if self.mail.heard.sender else ""

    @property
    def says_something(self) -> bool:
        """Whether the mail holds more than field lines and what it quotes: a text, or a file."""
        heard = self.mail.heard
        return bool(heard.files) or (heard.adds and bool(heard.block.rest.strip()))

    @property
    def for_another(self) -> bool:
        """Whether its sender signed it for another ticket, to which somebody else has sent it."""
        here = frozenset({self.ticket.number, self.clue.ticket, self.clue.led_from})
        return is_for_another(self.mail, self.sender, here, self.policy, self.now)

    def author(self) -> str:
        """Return who wrote, as shown; a token's holder who signs with another name is said so.

        The holder need not take part: in a ticket that has survived another, or after leaving.
        """
        name = author_of(self.mail)
        if self.clue.reason is not Reason.THREAD_TOKEN or self.may.act_as_submitter:
            return name
        row = self.clue.token_row
        people = (p.address for p in self.ticket.participants if p.row == row)
        holder = next(people, self.clue.holder)
        if same_address(holder, self.address):
            return name
        return f"{name}, by the reply address of {holder or 'somebody who has left'},"

    def event(self, kind: EventKind, *, verified: bool, reasons: tuple[Reason, ...]) -> TicketEvent:
        """Return the history entry for this mail; internal when its writer wanted that."""
        event = TicketEvent(
            kind,
            self.author(),
            self.now,
            self.mail.heard.visible,
            internal=wants_internal(self.mail.heard.block)[0],
            verified=verified,
            reasons=reasons,
            attachments=listed_attachments(self.mail),
        )
        return noted(event, self.mail.heard.notes)
