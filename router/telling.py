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
from router.notices import Story, once_each
from router.people import GETS, READING, readers, same_address
from router.relations import CLOSES
from router.routing import first_line
from router.so_far import as_one_text, read_by, said_so_far, takes_part, told_to_newcomer
from router.steering import Steering
from router.ticket import Participant, Ticket, TicketEvent, Tie
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
        found += [
            _so_far(telling, story, reader).to(reader, MailKind.UPDATE, LANE_REPLY)
            for reader in _readers(telling, internal=True)
        ]
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
            told = _so_far(telling, story if is_unit else others, reader)
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
    said = (*(said_so_far(facts) or (story.event,)), *_own(telling))
    nothing = replace(story.event, text="", notes=(), attachments=())
    found: list[Outgoing] = []
    for one in _not_the_author(telling, new):
        for_unit = GETS[one.role].audience is Audience.UNIT
        known = read_by(one.role, said, telling.policy, supports=for_unit)
        event = as_one_text(known, nothing)
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


def _so_far(telling: Telling, story: Story, reader: Participant) -> Story:
    """Return a story for one reader, with what was said before if that is new to this one."""
    if takes_part(telling.before, reader):
        return _goes_on(telling, story, reader)
    involved = any(same_address(one.address, reader.address) for one in telling.steered.joins)
    supports = GETS[reader.role].internal and not involved
    said = said_so_far(telling.steered.facts)
    return told_to_newcomer(story, telling.before, reader, said, supports=supports)


def _goes_on(telling: Telling, story: Story, reader: Participant) -> Story:
    """Tell who comes to another ticket with this one what that is about, as far as copies read it.

    With a duplicate that is its submitter; with a merged ticket everybody who reads it.
    """
    steered = telling.steered
    tie = next((one for one in steered.ties if one.what in CLOSES), None)
    other = steered.facts.ticket(tie.ticket) if tie is not None else None
    if tie is None or other is None or takes_part(other, reader):
        return story
    if reader.role is not Role.SUBMITTER and (
        tie.what is Tie.ORIGINAL or reader.role not in READING
    ):
        return story
    said = steered.facts.stories.get(other.number, ())
    earlier = read_by(Role.CC, said, telling.policy, supports=False)
    note = f'From now on you are sent what is said in ticket #{other.number}, "{other.subject}".'
    event = replace(story.event, notes=(*story.event.notes, note))
    return replace(story, event=event, earlier=earlier, earlier_of=other.number)


def _escalated(telling: Telling) -> tuple[Outgoing, ...]:
    """Tell the unit again; from the second level on first line, too; then the operators."""
    if Reason.ESCALATED not in telling.steered.reasons or telling.public is None:
        return ()
    level = telling.steered.ticket.escalation
    people = [one for one in telling.before.participants if one.role is Role.SUPPORTER]
    desk = _desk(telling) if level > 1 else []
    operators = [Participant(Role.INVOLVED, one) for one in telling.policy.operator]
    people += [*desk, *(operators if level > 2 else [])]
    new = {2: desk, 3: operators}.get(level, [])  # the desk has read it when it was brought in
    found = []
    for one in _not_the_author(telling, people):
        story = _so_far(telling, telling.public, one) if one in new else telling.public
        found.append(story.to(one, MailKind.ESCALATION, LANE_REPLY))
    return tuple(found)


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
