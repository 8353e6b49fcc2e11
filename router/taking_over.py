"""What a new ticket takes over from an old one, which is closed and was answered, or was split.

Rule: facts, never rights, and only where its mail says nothing. No alarm, no top priority: that
says of now that a service is down. Nothing for who is not proven, or has no part in the old one.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from parsers.heard import InboundMail
from parsers.subject import ticket_tags
from router.acting import SHARED
from router.authority import Sender
from router.bound import is_for_another
from router.claim import Claim
from router.decision import Facts, Mail, Policy
from router.entitled import why_not
from router.fields import Fields
from router.kinds import Kind, kind_of
from router.people import same_address
from router.routing import Wish
from router.ticket import Ticket, TicketKind
from router.words import Priority, Reason

MOST = Priority.VERY_URGENT


def priority_after(old: Ticket) -> Priority:
    """Return the priority of what comes from another ticket: as there, but never the highest."""
    return MOST if old.priority is Priority.TOP else old.priority


# Field of the block -> what is taken over; nothing of what the mail names itself.
_TAKEN: Mapping[str, Callable[[Ticket], object]] = {
    "vo": lambda old: old.vo,
    "affected_site": lambda old: old.affected_site,
    "priority": priority_after,
    "type_of_issue": lambda old: old.type_of_issue,
    "mou_area": lambda old: old.mou_area,
}


def may_take_over(  # noqa: PLR0917 - a mail, its sender, and what every decision takes
    mail: Mail, sender: Sender, old: Ticket, facts: Facts, policy: Policy, now: datetime
) -> bool:
    """Whether a mail that answers a closed ticket speaks for somebody who has a part in it.

    That is a proven participant, or whoever is proven and has got a reply address of it; not one
    whose mail was signed for another ticket and was sent on.
    """
    if mail.heard.sender is None or not sender.may.act_as_submitter:
        return False
    clues = [clue for clue, ticket in facts.found if ticket.number == old.number]
    here = frozenset({old.number, *(n for one in clues for n in (one.ticket, one.led_from))})
    if is_for_another(mail, sender, here, policy, now):
        return False
    me = mail.heard.sender.address
    joined = any(one.verified and same_address(one.address, me) for one in old.participants)
    return joined or any(clue.reason is Reason.THREAD_TOKEN for clue in clues)


def taken_over(
    old: Ticket, heard: InboundMail, wish: Wish, fields: Fields, tag: str
) -> tuple[Wish, Fields]:
    """Return where an answer to a closed ticket goes, and its fields; a note says what is whose."""
    said: list[str] = []
    if not wish.sites and not wish.unit:
        wish = Wish((old.notified_site,)) if old.notified_site else Wish(unit=old.support_unit)
        said.append(f"notified site {old.notified_site}" if wish.sites else f"unit {wish.unit}")
    found = {key: of(old) for key, of in _TAKEN.items() if not heard.block.values(key)}
    taken = {key: value for key, value in found.items() if value != getattr(fields, key)}
    fields = replace(fields, **taken)  # type: ignore[arg-type] # fields of the same names
    said += [f"{key.replace('_', ' ')} {value}" for key, value in taken.items()]
    if "vo" in taken and old.vo_specific and not heard.block.values("vo_specific"):
        fields = replace(fields, vo_specific=True)
        said.append("VO specific yes")
    if not said:
        return wish, fields
    note = f"As in {tag}: #{old.number}, because the mail does not say it: {', '.join(said)}."
    return wish, replace(fields, notes=(*fields.notes, note.replace(" vo ", " VO ")))


def kind_after(old: Ticket, claim: Claim, kind: Kind) -> Kind:
    """Return the kind of an answer to a closed ticket: TEAM for its team, and never an alarm."""
    team = kind_of(TicketKind.TEAM)
    same_vo = old.vo != "" and claim.vo.lower() == old.vo.lower()
    shared = old.kind in SHARED and same_vo and why_not(claim, team.kind) is None
    return team if shared else kind


def renamed(mail: Mail, old: Ticket, tag: str) -> Mail:
    """Return an answer to a closed ticket under that one's subject, without number and status."""
    subject = mail.heard.subject
    named = old.number in ticket_tags(subject, tag) and subject.endswith(old.subject or "#")
    return replace(mail, heard=replace(mail.heard, subject=old.subject)) if named else mail
