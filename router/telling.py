"""Who is sent what because of a reply: its words, its changes, or the whole ticket.

Rule: everybody gets one mail at most, and the one that says most. What is internal is made of
another story than what is public, so that it cannot reach anybody else by a forgotten check.
Source: EGI-STAFF, EGI-USER, who gets what (`people.GETS`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from router.addresses import LANE_REPLY
from router.decision import Outgoing, Policy
from router.lines.joining import PERSONAL
from router.noted import told_with
from router.notices import Story, headed, once_each, without_lines
from router.people import GETS, readers, same_address
from router.routing import first_line
from router.steering import Steering
from router.ticket import Participant, Ticket, TicketEvent
from router.transitions import Tell
from router.words import Audience, MailKind, Reason, Role

_BROUGHT = frozenset({Role.CC, Role.INVOLVED, Role.SUPPORTER, Role.SITE})
NOT_FOLLOWED = "Not every line at the top of this mail was followed."


@dataclass(frozen=True, slots=True)
class Telling:
    """A reply that has steered its ticket.

    `before` is the ticket as it was found. `note` is the internal story, None without one; `public`
    the one for everybody, None when there is nothing to tell them. `speaks` says that there is a
    text to read, not changes alone.
    """

    before: Ticket
    steered: Steering
    note: Story | None
    public: Story | None
    speaks: bool
    unverified: bool = False

    @property
    def policy(self) -> Policy:
        """Return the helpdesk's rules."""
        return self.steered.policy


def split(event: TicketEvent, steered: Steering, *, turned: bool) -> tuple[TicketEvent, ...]:
    """Return the history entries of a reply: one, or its internal note and then what is public.

    `turned` says that it does something to the ticket that is no change of a field.
    """
    note = replace(event, internal=steered.internal)
    if not steered.internal:
        return (replace(note, changes=steered.changes),)
    if not steered.changes and not turned:
        return (note,)
    public = replace(
        event,
        text="",
        attachments=(),
        internal=False,
        changes=steered.changes,
        notes=(),
        refusals=(),
    )
    return (note, public)


def mails(telling: Telling) -> tuple[Outgoing, ...]:
    """Return all mails about a reply but those to an alarm's site and to its author."""
    found = [*_whole_story(telling), *_escalated(telling)]
    if telling.note is not None:
        event = replace(telling.note.event, changes=telling.steered.changes)
        story = replace(telling.note, event=event)
        among = _readers(telling, internal=True)
        found += story.to_all(among, MailKind.UPDATE, LANE_REPLY)
    if telling.public is not None:
        kind = MailKind.UPDATE
        if Tell.SOLUTION in telling.steered.tells:
            kind = MailKind.SOLUTION
        story = _solution(telling) if kind is MailKind.SOLUTION else telling.public
        shown = tuple(one for one in story.event.changes if one.field not in PERSONAL)
        story = replace(story, event=replace(story.event, changes=shown))
        unfollowed = _unfollowed(telling.steered, story)
        others = replace(story, event=told_with(story.event, unfollowed))
        for reader in _public(telling):
            is_unit = GETS[reader.role].audience is Audience.UNIT
            told = story if is_unit else others
            found.append(told.to(reader, kind, LANE_REPLY))
    return tuple(once_each(found))


def _unfollowed(steered: Steering, story: Story) -> tuple[str, ...]:
    """Return what others than supporters are told of lines that they see and that did nothing."""
    seen = steered.refusals and steered.block.fields and story.event.text
    return (NOT_FOLLOWED,) if seen else ()


def _public(telling: Telling) -> list[Participant]:
    """Return who hears of what is public: of changes alone only those who want to."""
    steered = telling.steered
    tells = steered.tells
    everybody = telling.speaks or Tell.SOLUTION in tells
    only_personal = {one.field for one in steered.changes} <= PERSONAL
    if not everybody and only_personal:
        refused = bool(steered.refusals)  # lines alone: the unit may help, others need not know
        return _unit(_readers(telling)) if refused else []
    found = list(_readers(telling, only_changes=not everybody))
    if Tell.SUBMITTER in tells:
        found += [one for one in _readers(telling) if one.role is Role.SUBMITTER]
    if Tell.FIRST_LINE in tells:
        found += _not_the_author(telling, _desk(telling))
    return found


def _unit(people: Iterable[Participant]) -> list[Participant]:
    return [one for one in people if GETS[one.role].audience is Audience.UNIT]


def _readers(
    telling: Telling, *, internal: bool = False, only_changes: bool = False
) -> tuple[Participant, ...]:
    before, steered = telling.before, telling.steered
    brought = tuple(one for one in steered.joins if one.role in _BROUGHT and not one.row)
    return readers(
        replace(before, participants=(*before.participants, *brought)),
        steered.me,
        telling.policy.addresses,
        internal=internal,
        unverified=telling.unverified,
        only_changes=only_changes,
    )


def _whole_story(telling: Telling) -> list[Outgoing]:
    """Tell a new unit, site or person all that was said, as they know it of a new ticket."""
    steered, story = telling.steered, telling.public or telling.note
    if story is None:
        return []
    new = [one for one in steered.joins if one.role in {Role.SUPPORTER, Role.SITE}]
    facts = steered.facts
    first, later = facts.opening or story.event, (*facts.later, *_own(telling))
    found: list[Outgoing] = []
    for one in _not_the_author(telling, new):
        for_unit = GETS[one.role].audience is Audience.UNIT
        known = (one for one in later if one.verified and not one.internal)
        event = _one_text((first, *(later if for_unit else known)))
        if for_unit or not story.event.internal:
            event = told_with(event, story.event.notes)
        whole = replace(
            story, event=event, route=steered.to, mail_id=facts.opening_mail, answers=""
        )
        kind = MailKind.NOTIFICATION if for_unit else MailKind.SITE_NOTIFICATION
        found.append(whole.to(one, kind, LANE_REPLY))
    return found


def _own(telling: Telling) -> tuple[TicketEvent, ...]:
    stories = (telling.note, telling.public if telling.speaks else None)
    return tuple(one.event for one in stories if one is not None)


def _one_text(events: Iterable[TicketEvent]) -> TicketEvent:
    first, *later = events
    told = [(one, without_lines(one.text)) for one in later]
    parts = [headed(one, text) for one, text in told if text]
    whole = replace(first, text="\n\n".join((first.text, *parts)))
    return told_with(whole, (note for one in reversed(later) for note in one.notes))


def _escalated(telling: Telling) -> tuple[Outgoing, ...]:
    """Tell the unit again; from the second level on first line, too; then the operators."""
    if Reason.ESCALATED not in telling.steered.reasons or telling.public is None:
        return ()
    level = telling.steered.ticket.escalation
    people = [one for one in telling.before.participants if one.role is Role.SUPPORTER]
    if level > 1:
        people += _desk(telling)
    if level > 2:
        people += [Participant(Role.INVOLVED, one) for one in telling.policy.operator]
    told = _not_the_author(telling, people)
    return telling.public.to_all(told, MailKind.ESCALATION, LANE_REPLY)


def _solution(telling: Telling) -> Story:
    """Return the story of a solution: its text stands for itself, the rest is a comment."""
    steered, story = telling.steered, telling.public or telling.note
    if story is None:  # pragma: no cover - a solution is public
        raise ValueError("nothing to tell")
    own_line = bool(steered.block.value("solution"))
    text = steered.text if own_line and not steered.internal else ""
    return replace(story, event=replace(story.event, text=text))


def _desk(telling: Telling) -> list[Participant]:
    desk = first_line(telling.steered.facts.registry, telling.policy, ())
    return [Participant(Role.INVOLVED, one, desk.unit) for one in desk.unit_addresses]


def _not_the_author(telling: Telling, people: Iterable[Participant]) -> list[Participant]:
    me, addresses = telling.steered.me, telling.policy.addresses
    return [
        one
        for one in people
        if not same_address(one.address, me) and not addresses.is_ours(one.address)
    ]
