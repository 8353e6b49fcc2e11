"""Drills: exercise alarms, raised at the terminal under an alarmer's right, for many sites at once.

Rule: an exercise takes the whole way of an alarm and asks for the same right; only its mode and its
category say that it is one. Source: EGI-ALARM (test alarms are part of the procedure).
"""

from dataclasses import replace
from datetime import datetime

from parsers.alarm import Mode
from parsers.errors import Refused
from parsers.registry import Site
from router.addresses import LANE_REPLY
from router.alarming import alarm_mails, pager_of
from router.claim import takes_alarms
from router.decision import Command, Decision, Facts, Policy
from router.noted import noted
from router.notices import Story
from router.opening import tell_of_opening
from router.people import unit_of
from router.routing import Wish, route
from router.ticket import Change, Paging, Participant, Ticket, TicketEvent, TicketKind
from router.words import EventKind, MailKind, Outcome, Priority, Reason, Role, Status

TEST = "Test"


def drill(command: Command, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Raise an exercise alarm of `vo` at `site`; `by` is the alarmer's address.

    Raises Refused for a person without the right, and for a site that takes no alarms of the VO.
    """
    site, vo = _allowed(command, facts)
    to = route(Wish((site.name,)), facts.registry, policy)[0]
    pager = pager_of(to, vo, facts.registry, policy.addresses, now)
    to = replace(to, notes=(*to.notes, *pager.notes))
    ticket = Ticket(
        number=0,
        version=0,
        kind=TicketKind.ALARM,
        wanted=TicketKind.ALARM,
        status=Status.ASSIGNED,
        held=None,
        priority=Priority.TOP,
        subject=f"Exercise {command.drill}: test alarm of {vo} at {site.name}",
        submitter=command.by,
        support_unit=to.unit,
        opened_at=now,
        updated_at=now,
        vo=vo,
        notified_site=site.name,
        category=TEST,
        paging=Paging(mode=Mode.EXERCISE, drill=command.drill),
    )
    text = command.text or "This is an exercise. Please answer it as you would answer an alarm."
    reasons = (Reason.DRILL, *to.reasons, *pager.reasons)
    event = TicketEvent(EventKind.OPENED, command.by, now, text, reasons=reasons)
    event = noted(event, to.notes)
    story = Story(ticket, event, policy, to)
    return (
        Decision(
            Outcome.COMMAND,
            reasons,
            ticket=ticket,
            joins=(Participant(Role.SUBMITTER, command.by), *unit_of(to), *pager.people),
            events=(event,),
            outgoing=(
                *alarm_mails(story, pager.people),
                *tell_of_opening(story, to, LANE_REPLY),
            ),
            route=to,
        ),
    )


def end_drill(
    command: Command, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    """Solve an exercise alarm that is still open; nothing for one that is over.

    Raises Refused for a ticket that is no exercise.
    """
    ticket = next((found for _, found in facts.found), None)
    if ticket is None or ticket.paging is None or ticket.paging.mode is not Mode.EXERCISE:
        raise Refused(f"Ticket {command.ticket} is no exercise alarm.")
    if ticket.paging.over_at is not None:
        return (Decision(Outcome.COMMAND, ()),)
    text = command.text or "The exercise is over. Thank you."
    changed = replace(ticket, status=Status.SOLVED, solution=text, updated_at=now)
    change = Change("status", str(ticket.status), str(Status.SOLVED))
    event = TicketEvent(EventKind.COMMENT, command.by, now, text, changes=(change,))
    units = [one for one in ticket.participants if one.role in {Role.SITE, Role.SUPPORTER}]
    told = Story(changed, event, policy).to_all(units, MailKind.UPDATE, LANE_REPLY)
    return (Decision(Outcome.COMMAND, (), ticket=changed, events=(event,), outgoing=told),)


def _allowed(command: Command, facts: Facts) -> tuple[Site, str]:
    vo = facts.registry.find_vo(command.vo) or command.vo
    rows = [
        one
        for one in facts.roster.with_address(command.by)
        if "alarm" in one.roles and one.vo.lower() == vo.lower()
    ]
    if not rows:
        raise Refused(f"{command.by} is no alarmer of {vo}; see: ticketgate members")
    sites = facts.registry.find_sites(command.site)
    if len(sites) != 1 or not sites[0].routable:
        raise Refused(
            f"{command.site} is not the name of one certified site; see: ticketgate sites"
        )
    site = sites[0]
    if not takes_alarms(site, vo):
        raise Refused(f"{site.name} takes no alarms of {vo}.")
    names = {site.name.lower(), *map(str.lower, site.aliases)}
    limits = [{one.lower() for one in row.alarm_sites} for row in rows]
    if not any(not limit or limit & names for limit in limits):
        raise Refused(f"{command.by} may not alarm {site.name}.")
    return site, vo
