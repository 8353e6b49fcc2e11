"""What somebody hears whose lines were all followed: one short mail that says what was done.

Rule: it is for what he hears of by no other mail. A line that was not followed is answered
together with all others (`MailKind.REFUSAL`), and what a supporter does to a ticket is told to
his unit. It quotes nothing, and names as told only whom a mail of the same turn goes to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from router.addresses import LANE_REPLY
from router.decision import Outgoing
from router.lines.escalating import LEVELS
from router.notices import Story
from router.people import GETS, same_address
from router.routing import first_line
from router.steering import Steering
from router.ticket import Change, Participant
from router.transitions import Actor
from router.words import FINAL, MailKind, Notify, Reason, Role, Status

OPERATORS = "those who run the helpdesk"
HEARS = {
    Notify.ON_SOLUTION: "what people write to it for everybody, and its solution, but not of "
    "changes without a word",
    Notify.ON_EVERY_CHANGE: "what people write to it for everybody, its solution, and every "
    "change, even without a word",
}
_OTHER = {
    Notify.ON_SOLUTION: Notify.ON_EVERY_CHANGE,
    Notify.ON_EVERY_CHANGE: Notify.ON_SOLUTION,
}
_AS = {
    Role.SUBMITTER: "its submitter",
    Role.SUPPORTER: "the unit that has it",
    Role.SITE: "the site that was notified",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What a mail did, and to whom it is told: addresses in lower case."""

    steered: Steering
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sign:
    """One row: a change that its writer is told, the word for the subject, and what is said.

    `new` None stands for any new value. `unless` is whose unit is told of it.
    """

    field: str
    new: str | None
    word: str
    say: Callable[[Turn, Change], str]
    unless: Actor | None = None


def what_was_done(steered: Steering) -> tuple[tuple[Sign, Change], ...]:
    """Return what the writer of a mail is told of what it did."""
    found = ((_sign(one, steered), one) for one in steered.changes)
    return tuple((sign, one) for sign, one in found if sign is not None)


def answer(own: Story, steered: Steering, others: Sequence[Outgoing]) -> tuple[Outgoing, ...]:
    """Return the mail to the writer, beside the `others`; none if one of them is his."""
    done = what_was_done(steered)
    if not done or any(same_address(one.recipient, steered.me) for one in others):
        return ()
    turn = Turn(steered, frozenset(one.recipient.lower() for one in others))
    said = [change for _, change in done]
    event = replace(
        own.event,
        text="",
        attachments=(),
        internal=False,
        changes=tuple(one for one in own.event.changes if one not in said),
    )
    me = Participant(Role.SUBMITTER, steered.me)
    mail = replace(own, event=event).to(me, MailKind.FOLLOWED, LANE_REPLY)
    more = {
        "heading": ", ".join(dict.fromkeys(sign.word for sign, _ in done)),
        "done": [sign.say(turn, change) for sign, change in done],
    }
    return (replace(mail, values={**mail.values, **more}, role=None, token=None),)


def _sign(change: Change, steered: Steering) -> Sign | None:
    rows = (one for one in SIGNS if one.field == change.field and one.new in {None, change.new})
    sign = next(rows, None)
    return None if sign is None or sign.unless in steered.actors else sign


def _reopened(turn: Turn, change: Change) -> str:
    del change
    ticket = turn.steered.ticket
    person = f", assigned to {ticket.assigned_to}" if ticket.assigned_to else ""
    return f"It is open again, and with {ticket.support_unit}{person}. {_told(turn, 2)}"


def _verified(turn: Turn, change: Change) -> str:
    del change
    end = "It is verified, and so closed for good."
    if Reason.SOLUTION_ACCEPTED in turn.steered.reasons:
        end = f"Your mail was its solution, sent back without a word of your own. {end}"
    return f"{end} If there is more to say, a new mail opens another ticket, and so does an answer."


def _escalated(turn: Turn, change: Change) -> str:
    level = int(change.new)
    said = f"It is escalated to level {level} of {LEVELS}. {_told(turn, level)}"
    if level >= LEVELS:
        return f"{said} That is the last level: if it cannot wait, please call them."
    circles = list(_circles(turn.steered))
    before = frozenset().union(*(addresses for _, addresses in circles[:level]))
    name, addresses = circles[level]
    whom = f"{name}, too" if addresses - before else "them again"
    return f'{said} If nobody helps, "Escalate: yes" once more tells {whom}.'


def _subscribed(turn: Turn, change: Change) -> str:
    mine = (one.mode for one in turn.steered.joins if one.role is Role.SUBSCRIBER)
    mode = next(mine, Notify.ON_SOLUTION)
    stop = 'To stop that, answer with "Unsubscribe: yes" as the first line.'
    return f"You hear of it now, at {change.new}: {HEARS[mode]}. {stop}"


def _unsubscribed(turn: Turn, change: Change) -> str:
    """Say what has ended; what else its reader is to the ticket goes on."""
    steered = turn.steered
    left = (
        one.role
        for one in steered.ticket.participants
        if one not in steered.leaves and one.verified and same_address(one.address, steered.me)
    )
    still = next((_AS[one] for one in left if GETS[one].comments and one in _AS), "")
    if still:
        return f"{change.old} no longer hears of it, but as {still}."
    again = "" if steered.ticket.status in FINAL else " What you write to it brings you back."
    return f"You hear no more of it, at {change.old}.{again}"


def _mode_changed(turn: Turn, change: Change) -> str:
    mode = Notify(change.new)
    other = f'"Notification: {_OTHER[mode]}" changes that again.'
    return f"You hear of it, at {turn.steered.me}: {HEARS[mode]}. {other}"


SIGNS = (
    Sign("status", str(Status.REOPENED), "REOPENED", _reopened, unless=Actor.SUPPORTER),
    Sign("status", str(Status.VERIFIED), "VERIFIED", _verified),
    Sign("escalation level", None, "ESCALATED", _escalated),
    Sign("subscriber", "", "UNSUBSCRIBED", _unsubscribed),
    Sign("subscriber", None, "SUBSCRIBED", _subscribed),
    Sign("notification", None, "NOTIFICATION", _mode_changed),
)


def _told(turn: Turn, level: int) -> str:
    """Say which of those of a level are mailed, each by one name."""
    left, names = set(turn.told), []
    for name, addresses in list(_circles(turn.steered))[:level]:
        if addresses & left:
            names.append(name)
        left -= addresses
    if not names:
        return f"No mail could be sent to {turn.steered.ticket.support_unit}."
    return f"A mail went to {_and(names)}."


def _circles(steered: Steering) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield whom an escalation reaches, level by level: a name, and addresses in lower case."""
    ticket, policy = steered.ticket, steered.policy
    people = (*ticket.participants, *steered.joins)
    yield ticket.support_unit, _lower(p.address for p in people if p.role is Role.SUPPORTER)
    desk = first_line(steered.facts.registry, policy, ())
    plain = desk.unit.lower() == "first line"
    yield desk.unit if plain else f"{desk.unit} (first line)", _lower(desk.unit_addresses)
    yield OPERATORS, _lower(policy.operator)


def _lower(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(one.lower() for one in addresses)


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
