"""Who is told what of a ticket beside the one that was decided on.

Rule: one mail for both where that says everything. A unit or a site that is mailed about a master's
solution is not mailed about each slave, so its one mail names those that were solved with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from router.addresses import LANE_REPLY
from router.decision import Decision, Outgoing, Policy
from router.lines.joining import PERSONAL
from router.notices import Story
from router.people import GETS, readers
from router.ticket import Participant, Ticket, TicketEvent
from router.words import OPEN, Audience, MailKind, Status

_IN_CHARGE = frozenset({Audience.UNIT, Audience.SITE})


def mails_beside(  # noqa: PLR0917 - a ticket before and after, what was said, to whom, who knows
    before: Ticket,
    story: Story,
    me: str,
    told: AbstractSet[str],
    said: tuple[TicketEvent, ...],
    said_in: int,
    *,
    is_slave: bool,
) -> Iterable[Outgoing]:
    """Give the mails to its readers; `told` are those who are mailed anyway.

    `said` is what was said in another ticket, `said_in`, that was merged into this one: for the
    unit. Nobody is told the same words twice.
    """
    solved = _solved(before, story.ticket)
    only_changes = not (story.event.text or solved)
    people = readers(before, me, story.policy.addresses, only_changes=only_changes)
    shown = tuple(each for each in story.event.changes if each.field not in PERSONAL)
    story = replace(story, event=replace(story.event, changes=shown))
    whole = replace(story, earlier=said, earlier_of=said_in)
    for reader in people:
        if is_slave and reader.address.lower() in told and (_in_charge(reader) or not solved):
            continue
        mine = whole if said and GETS[reader.role].audience is Audience.UNIT else story
        yield mine.to(reader, MailKind.SOLUTION if solved else MailKind.UPDATE, LANE_REPLY)


def naming_solved(
    decisions: Sequence[Decision], before: Mapping[int, Ticket], me: str, policy: Policy
) -> tuple[Decision, ...]:
    """Return the decisions about a master and its slaves, whose mails name what they stand for.

    A unit or a site that gets no mail about a slave of its own is told in its one about another.
    """
    with_it: dict[str, list[str]] = {}
    for one in decisions:
        was = before.get(one.ticket.number) if one.ticket is not None else None
        if was is None or one.ticket is None or not _solved(was, one.ticket):
            continue
        mailed = {mail.recipient.lower() for mail in one.outgoing}
        for reader in readers(was, me, policy.addresses):
            if reader.address.lower() not in mailed:
                with_it.setdefault(reader.address.lower(), []).append(f"#{was.number}")
    return tuple(
        replace(one, outgoing=tuple(_naming(mail, with_it) for mail in one.outgoing))
        for one in decisions
    )


def _naming(mail: Outgoing, with_it: Mapping[str, list[str]]) -> Outgoing:
    names = with_it.get(mail.recipient.lower())
    if not names or mail.kind is not MailKind.SOLUTION:
        return mail
    return replace(mail, values={**mail.values, "with_it": ", ".join(names)})


def _in_charge(reader: Participant) -> bool:
    return GETS[reader.role].audience in _IN_CHARGE


def _solved(before: Ticket, after: Ticket) -> bool:
    return before.status in OPEN and after.status is Status.SOLVED
