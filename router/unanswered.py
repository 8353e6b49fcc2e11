"""What happens when nobody answers an alarm: the steps of the list, one by one, each once.

Each step stands in the history and is told to those who take part. An answer, or the end of the
alarm, ends the steps; after the last one a person is told that nobody is left.
Sources: EGI-ALARM; docs/alarms.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from parsers.alarm import AlarmEvent, AlarmStatus
from parsers.registry import Registry, Site
from router.addresses import LANE_ALARM, LANE_REPLY
from router.alarming import alarm_mails, alarm_status, people
from router.decision import Decision, Due, Facts, Policy
from router.noted import told_with
from router.notices import Story, once_each, operator_notice
from router.paging import ANSWER, pagers, stage, timer
from router.people import readers
from router.routing import first_line
from router.ticket import Paging, Participant, Ticket, TicketEvent
from router.words import US, EventKind, MailKind, Outcome, Reason, Role

_NOTHING = (Decision(Outcome.COMMAND, ()),)


def no_receipt(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Go on to the next step when a site that is known to send receipts has sent none."""
    ticket = next((one for _, one in facts.found), None)
    if ticket is None or ticket.paging is None or not _is_of_now(ticket.paging, due.detail):
        return _NOTHING
    if ticket.paging.receipt_at is not None or not _sends_receipts(ticket, facts):
        return _NOTHING
    return next_step(ticket, Reason.NO_RECEIPT, facts, policy, now)


def no_answer(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Go on to the next step when nobody has answered since the last one."""
    ticket = next((one for _, one in facts.found), None)
    if ticket is None or ticket.paging is None or not _is_of_now(ticket.paging, due.detail):
        return _NOTHING
    return next_step(ticket, Reason.NO_ANSWER, facts, policy, now)


def next_step(
    ticket: Ticket, why: Reason, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    """Do the next step that reaches anybody; nothing for an alarm that somebody has answered.

    After the last one the operator and first line are told that nobody is left.
    """
    paging = ticket.paging
    if paging is None or alarm_status(ticket) is not AlarmStatus.FIRING:
        return _NOTHING
    site = next(iter(facts.registry.find_sites(ticket.notified_site)), None)
    steps = (site.alarm_steps if site else ()) or policy.alarm_steps
    done = paging.steps
    if why in _IN_VAIN and steps[done : done + 1] == ("again",):
        done += 1  # the same mail to the same address would end the same way
    found: tuple[Participant, ...] = ()
    step = ""
    while not found and done < len(steps):
        step = steps[done]
        found = _whom(step, ticket, site, facts.registry, policy)
        done += 1
    if not found:
        return _nobody_left(ticket, len(steps), why, facts, policy, now)
    paging = replace(paging, steps=done)
    event = TicketEvent(
        EventKind.PAGED_AGAIN, US, now, f"{_WHY[why]} {_SAYS[step](ticket)}", reasons=(why,)
    )
    changed = replace(ticket, paging=paging, updated_at=now)
    story = Story(changed, event, policy)
    woken = _once_each((*pagers(ticket), *(one for one in found if one.role is Role.ALARM)))
    told = [one for one in found if one.role is not Role.ALARM]
    rest = [
        one
        for one in readers(ticket, "", policy.addresses)
        if one.address.lower() not in {other.address.lower() for other in (*woken, *told)}
    ]
    there = {(one.role, one.address.lower()) for one in ticket.participants}
    return (
        Decision(
            Outcome.COMMAND,
            (why,),
            ticket=changed,
            joins=tuple(one for one in found if (one.role, one.address.lower()) not in there),
            events=(event,),
            outgoing=(
                *alarm_mails(_raised_again(story, facts), woken, AlarmEvent.UPDATE),
                *once_each(
                    _please_call(story, facts).to_all(told, MailKind.NOTIFICATION, LANE_ALARM)
                ),
                *once_each(story.to_all(rest, MailKind.UPDATE, LANE_REPLY)),
            ),
            reminders=(timer(ANSWER, paging, now, policy.alarm_answer_s),),
        ),
    )


def _raised_again(story: Story, facts: Facts) -> Story:
    """Tell a site the alarm's own words again, where they are at hand, and why it hears them."""
    if facts.opening is None:
        return story
    again = replace(facts.opening, at=story.event.at)
    return replace(story, event=told_with(again, (story.event.text,)))


def _please_call(story: Story, facts: Facts) -> Story:
    """Ask people to call the site, with what the alarm says."""
    return replace(_raised_again(story, facts), call=_name(story.ticket))


def _once_each(people: tuple[Participant, ...]) -> tuple[Participant, ...]:
    """Return people, the first of each address."""
    return tuple({one.address.lower(): one for one in reversed(people)}.values())[::-1]


def _nobody_left(  # noqa: PLR0917 - the step that could not be done
    ticket: Ticket, steps: int, why: Reason, facts: Facts, policy: Policy, now: datetime
) -> tuple[Decision, ...]:
    paging = ticket.paging or Paging()
    if paging.steps > steps:  # it was said before
        return _NOTHING
    text = f"{_WHY[why]} There is nobody left to tell: please call {_name(ticket)}."
    event = TicketEvent(EventKind.PAGED_AGAIN, US, now, text, reasons=(why, Reason.NOBODY_LEFT))
    changed = replace(ticket, paging=replace(paging, steps=steps + 1), updated_at=now)
    story = Story(changed, event, policy)
    desk = first_line(facts.registry, policy, ())
    us = [Participant(Role.INVOLVED, one, desk.unit) for one in desk.unit_addresses]
    lines = [text, f"It is about {policy.ticket_tag}: #{ticket.number}."]
    outgoing = (
        *once_each(_please_call(story, facts).to_all(us, MailKind.NOTIFICATION, LANE_ALARM)),
        *operator_notice(policy, f"Nobody answers the alarm #{ticket.number}", lines),
    )
    reasons = event.reasons
    return (Decision(Outcome.COMMAND, reasons, ticket=changed, events=(event,), outgoing=outgoing),)


def _whom(
    step: str, ticket: Ticket, site: Site | None, registry: Registry, policy: Policy
) -> tuple[Participant, ...]:
    """Return whom a step tells besides those who were woken before; () when it reaches nobody."""
    known = {one.address.lower() for one in pagers(ticket)}
    if step == "again":
        return pagers(ticket)
    if step == "contact":
        new = [one for one in (site.contacts if site else ()) if one.lower() not in known]
        return people(new, ticket.notified_site, policy.addresses)
    unit = registry.find_unit(site.roc) if step == "roc" and site and site.roc else None
    if step == "roc":
        named = unit.addresses if unit else ()
        return tuple(Participant(Role.SUPPORTER, one, unit.name if unit else "") for one in named)
    desk = first_line(registry, policy, ())
    return tuple(Participant(Role.INVOLVED, one, desk.unit) for one in desk.unit_addresses)


def _name(ticket: Ticket) -> str:
    """Return the site's name; a site that has left is no longer named."""
    return ticket.notified_site or "the site"


_IN_VAIN = frozenset({Reason.ALARM_BOUNCED, Reason.SITE_UNREACHABLE})
_SAYS: Mapping[str, Callable[[Ticket], str]] = {
    "again": lambda ticket: f"{_name(ticket)} was alarmed again.",
    "contact": lambda ticket: f"The contact of {_name(ticket)} was alarmed, too.",
    "roc": lambda ticket: f"The ROC of {_name(ticket)} was told to call it.",
    "first-line": lambda ticket: f"First line was told to call {_name(ticket)}.",
}
_WHY: Mapping[Reason, str] = {
    Reason.NO_RECEIPT: "The site's hook has not confirmed the alarm.",
    Reason.NO_ANSWER: "Nobody has answered the alarm.",
    Reason.ALARM_BOUNCED: "The alarm mail could not be delivered.",
    Reason.SITE_UNREACHABLE: "The site has the alarm, but its monitoring cannot be reached.",
}


def _sends_receipts(ticket: Ticket, facts: Facts) -> bool:
    site = next(iter(facts.registry.find_sites(ticket.notified_site)), None)
    if site is None or site.receipt == "none":
        return False
    return site.receipt == "expected" or facts.hook_known


def _is_of_now(paging: Paging, detail: str) -> bool:
    return detail == stage(paging)
