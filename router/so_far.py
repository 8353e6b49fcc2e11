"""What was said in a ticket before somebody came to it: once for each who is new there.

Rule: whoever a line or the clock brings to a ticket reads how it began and what people added, each
below who wrote it. What is internal is for supporters; whom somebody has involved, reads what comes
from then on. What was not proven is for those who are told it at all (`people.GETS`), but for the
first words, without which nobody understands the rest. What was refused is not said again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from router.decision import Facts, Policy
from router.noted import told_with
from router.notices import Story, headed, shown_by, without_lines
from router.people import GETS, same_address
from router.ticket import Participant, Ticket, TicketEvent
from router.words import Role


def said_so_far(facts: Facts) -> tuple[TicketEvent, ...]:
    """Return how the ticket of a request began and what was added; empty when that was not read.

    What became an alarm by an answer began with that answer: it is said once.
    """
    opening = (facts.opening,) if facts.opening is not None else ()
    return (*opening, *(one for one in facts.later if opening and one not in opening))


def read_by(
    role: Role, said: Sequence[TicketEvent], policy: Policy, *, supports: bool
) -> tuple[TicketEvent, ...]:
    """Return what somebody in a role may read of it; `supports` lets internal entries through."""
    gets = GETS[role]
    return tuple(
        replace(one, by=shown_by(one, policy, gets.audience))
        for place, one in enumerate(said)
        if (not one.internal or supports) and (one.verified or gets.unverified or not place)
    )


def takes_part(ticket: Ticket, reader: Participant) -> bool:
    """Whether somebody has read the comments of a ticket, in whatever role."""
    return any(
        GETS[one.role].comments and one.verified and same_address(one.address, reader.address)
        for one in ticket.participants
    )


def told_to_newcomer(
    story: Story,
    before: Ticket,
    reader: Participant,
    said: Sequence[TicketEvent],
    *,
    supports: bool,
) -> Story:
    """Return what is told of a ticket, with what was said before to whoever is new there."""
    if takes_part(before, reader):
        return story
    earlier = read_by(reader.role, said, story.policy, supports=supports)
    return replace(story, earlier=earlier)


def as_one_text(events: Iterable[TicketEvent], otherwise: TicketEvent) -> TicketEvent:
    """Return the first entry with the words of all, and what was noted beside each of them.

    Without any it is `otherwise`.
    """
    first, *later = tuple(events) or (otherwise,)
    told = [(one, without_lines(one.text)) for one in later]
    parts = [headed(one, text) for one, text in told if text]
    whole = replace(first, text="\n\n".join((first.text, *parts)))
    return told_with(whole, (note for one in reversed(later) for note in one.notes))
