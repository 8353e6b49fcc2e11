"""Who takes part in a ticket, and who is told what.

`GETS` is the table of the EGI user guide and support staff guide (docs/sources.md): the submitter
hears every public comment; internal text never leaves the supporters. Nobody is sent their own
words, and nothing is ever sent to an address of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from parsers.addresses import is_writable
from parsers.heard import InboundMail, Mailbox
from router.addresses import OurAddresses
from router.decision import Mail, Policy, Route
from router.ticket import Participant, Ticket
from router.words import Audience, Notify, Role


@dataclass(frozen=True, slots=True)
class Gets:
    """What a role is told: public comments, internal ones, strangers' ones, other changes.

    `changes` None leaves it to the participant's own mode.
    """

    audience: Audience
    comments: bool
    internal: bool
    unverified: bool
    changes: bool | None


# fmt: off
GETS: Mapping[Role, Gets] = {
    #                           audience            comments  internal  unverified  changes
    Role.SUBMITTER:  Gets(Audience.SUBMITTER, True,     False,    False,      None),
    Role.CC:         Gets(Audience.PUBLIC,    True,     False,    False,      None),
    Role.SUBSCRIBER: Gets(Audience.PUBLIC,    True,     False,    False,      None),
    Role.INVOLVED:   Gets(Audience.UNIT,      True,     True,     True,       True),
    Role.SUPPORTER:  Gets(Audience.UNIT,      True,     True,     True,       True),
    Role.SITE:       Gets(Audience.SITE,      True,     False,    False,      True),
    Role.ALARM:      Gets(Audience.SITE,      False,    False,    False,      False),
    Role.STRANGER:   Gets(Audience.PUBLIC,    False,    False,    False,      False),
}
# fmt: on
READING = frozenset({Role.SUBMITTER, Role.CC, Role.INVOLVED, Role.SUBSCRIBER})  # not by office


def readers(
    ticket: Ticket,
    author: str,
    addresses: OurAddresses,
    *,
    internal: bool = False,
    unverified: bool = False,
    only_changes: bool = False,
) -> tuple[Participant, ...]:
    """Return who is sent a comment on this ticket, each address once: site and unit first.

    Never the author, and never an address of ours (`addresses`). `only_changes` is for changes
    without a word: some hear of them in one mode only.
    """
    order = list(GETS)
    chosen: dict[str, Participant] = {}
    for one in sorted(ticket.participants, key=lambda p: -order.index(p.role)):
        gets = GETS[one.role]
        wanted = gets.internal if internal else gets.unverified if unverified else gets.comments
        if only_changes and wanted:
            every = one.mode is Notify.ON_EVERY_CHANGE
            wanted = every if gets.changes is None else gets.changes
        silent = same_address(one.address, author) or addresses.is_ours(one.address)
        if wanted and one.verified and not silent:
            chosen.setdefault(one.address.lower(), one)
    return tuple(chosen.values())


def submitter_of(heard: InboundMail, *, verified: bool, mode: Notify) -> tuple[Participant, ...]:
    """Return the submitter as a participant; empty when the mail names no readable sender."""
    if heard.sender is None:
        return ()
    return (Participant(Role.SUBMITTER, heard.sender.address, heard.sender.name, mode, verified),)


def copied_on(
    heard: InboundMail, signed: frozenset[str], policy: Policy
) -> tuple[Participant, ...]:
    """Return the people in To and Cc who join the ticket: never ourselves, never the sender.

    Only for a mail whose sender may bring others in; at most `max_cc`, the first ones. A field that
    is not among the `signed` ones may be the work of somebody on the way: it brings nobody.
    """
    sender = heard.sender.address if heard.sender else ""
    fields = (("to", heard.to), ("cc", heard.cc))
    named = [box for field, boxes in fields if field in signed for box in boxes]
    boxes = [box for box in named if _may_join(box, sender, policy)]
    unique = {box.address.lower(): box for box in reversed(boxes)}
    people = [Participant(Role.CC, box.address, box.name) for box in reversed(unique.values())]
    return tuple(people[: policy.max_cc])


def unit_of(route: Route) -> tuple[Participant, ...]:
    """Return the participants that a route brings: the unit's list, and the site's contacts."""
    unit = (Participant(Role.SUPPORTER, a, route.unit) for a in route.unit_addresses)
    site = (Participant(Role.SITE, a, route.site) for a in route.contacts)
    return (*unit, *site)


def new_ones(ticket: Ticket, people: Iterable[Participant]) -> tuple[Participant, ...]:
    """Return those who join: who does not take part yet, and who is proven only now.

    A stranger's row never keeps the same address from joining with proof.
    """
    there = {p.address.lower(): p for p in ticket.participants if p.role is not Role.STRANGER}
    strangers = {p.address.lower() for p in ticket.participants if p.role is Role.STRANGER}
    joining = []
    for one in people:
        known = there.get(one.address.lower())
        if known is not None and one.verified and not known.verified:
            joining.append(replace(known, verified=True))
        elif known is None and (one.verified or one.address.lower() not in strangers):
            joining.append(one)
    return tuple(joining)


def author_of(mail: Mail) -> str:
    """Return who wrote a mail, as shown in the history; never empty."""
    shown = mail.heard.shown_sender
    return str(shown) if shown and str(shown) else mail.envelope.mail_from or "unknown sender"


def listed_attachments(mail: Mail) -> tuple[tuple[str, int], ...]:
    """Return name and size of each file that somebody has attached to a mail."""
    return tuple((one.filename, one.size) for one in mail.heard.files)


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same mailbox for the purpose of not writing to it twice."""
    return one.lower() == other.lower()


def _may_join(box: Mailbox, sender: str, policy: Policy) -> bool:
    return (
        is_writable(box.address)
        and not same_address(box.address, sender)
        and not policy.addresses.is_ours(box.address)
    )
