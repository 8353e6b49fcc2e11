"""Confirming a held request by mail: a reply with the line `Confirm: yes` to what first line got.

Who may: a supporter of first line, or whoever could have made the request himself, each with proof.
The held mail's own words are never taken for a confirmation. Lines beside it are not followed,
since they were written about a ticket that was held; each is answered.
"""

from dataclasses import replace
from datetime import datetime

from parsers.block import FieldBlock
from parsers.roster import exact_address
from router.addresses import LANE_REPLY
from router.authority import Sender
from router.claim import Claim
from router.decision import Decision, Facts, Mail, Outgoing, Policy
from router.entitled import may_wake, why_not
from router.granting import Grant, let_go, wish_of_ticket
from router.holding import why_no_answer
from router.lines.meant import not_understood
from router.lines.noting import doubt, wants_internal
from router.noted import noted
from router.notices import Story
from router.people import author_of, listed_attachments
from router.routing import route
from router.ticket import Participant, Ticket, TicketEvent, TicketKind
from router.words import EventKind, MailKind, Outcome, Reason, Role

_HERE = frozenset({"confirm", "internal", "alarm"})  # lines that say nothing else of a held ticket


def confirmed(  # noqa: PLR0917 - a mail, its sender, its ticket, and the world
    mail: Mail, sender: Sender, ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> Decision | None:
    """Return what a confirmation does, None when the mail is none or its sender may not."""
    if mail.heard.block.value("confirm").lower() != "yes" or not may_be_confirmed(ticket):
        return None
    if not _may_confirm(mail, sender, ticket, facts, policy, now):
        return None
    by = author_of(mail)
    grant = Grant(by, EventKind.CONFIRMED, Reason.CONFIRMED, ticket.wanted)
    (decision,) = let_go(ticket, grant, facts, policy, now)
    said = TicketEvent(
        EventKind.COMMENT,
        by,
        now,
        mail.heard.visible,
        internal=wants_internal(mail.heard.block)[0],
        attachments=listed_attachments(mail),
    )
    message_id = mail.heard.message_id
    refusals = _not_followed(mail.heard.block)
    reasons = (sender.may.reason, *((Reason.LINE_NOT_FOLLOWED,) if refusals else ()))
    said = noted(replace(said, reasons=reasons), mail.heard.notes, refusals)
    own = Story(decision.ticket or ticket, said, policy, answers=message_id)
    answer: tuple[Outgoing, ...] = ()
    if refusals and mail.heard.sender and why_no_answer(mail, facts, policy, sender.may) is None:
        me = Participant(Role.SUBMITTER, mail.heard.sender.address)
        refusal = own.to(me, MailKind.REFUSAL, LANE_REPLY)
        answer = (replace(refusal, role=None, token=None),)
    return replace(
        decision,
        outcome=Outcome.COMMAND,
        reasons=(*reasons, *decision.reasons),
        events=(said, *decision.events),
        outgoing=(*decision.outgoing, *answer),
        thread_ids=(message_id,) if message_id else (),
    )


def _not_followed(block: FieldBlock) -> tuple[str, ...]:
    """Return what is answered to the lines beside the confirmation."""
    why = "was not followed: the ticket was held until now; please send it again."
    others = (one.line for one in block.fields if one.key not in _HERE)
    return tuple(
        filter(
            None,
            (
                doubt(block),
                *(not_understood(one) for one in block.unknown),
                *(f'The line "{one}" {why}' for one in dict.fromkeys(others)),
            ),
        )
    )


def may_be_confirmed(ticket: Ticket) -> bool:
    """Whether there is a held request to confirm, and a site to tell."""
    wants = ticket.wanted is not TicketKind.USER
    return ticket.held is not None and wants and bool(ticket.notified_site)


def _may_confirm(  # noqa: PLR0917 - as above
    mail: Mail, sender: Sender, ticket: Ticket, facts: Facts, policy: Policy, now: datetime
) -> bool:
    unit = facts.registry.find_unit(policy.first_line)
    supporters = {exact_address(one) for one in unit.supporters} if unit is not None else set()
    me = mail.heard.sender.address if mail.heard.sender else ""
    routes = route(wish_of_ticket(ticket), facts.registry, policy)
    if ticket.wanted is TicketKind.ALARM and not all(one.site for one in routes):
        return False  # nobody would be woken
    claim = Claim(mail, sender, facts, policy, ticket.vo, routes)
    if exact_address(me) in supporters:
        is_alarm = ticket.wanted is TicketKind.ALARM
        return may_wake(claim, ticket.number, now) if is_alarm else sender.may.update_team
    return why_not(claim, ticket.wanted) is None
