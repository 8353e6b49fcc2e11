"""What follows from what directories say: notices to the operator, and sites that are gone.

The trust anchors are a directory, too, whose word grows stale: what is wrong with them is told
daily.

A site that leaves the certified ones is no longer notified: on open tickets the field is flushed
and the ROC inherits them. Source: EGI helpdesk documentation, tickets to sites (docs/sources.md).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from router.addresses import LANE_REST
from router.decision import Decision, Due, Facts, Policy, Reminder, Route
from router.federation import without_alarm_address
from router.notices import Story, operator_notice
from router.people import unit_of
from router.ticket import Change, Ticket, TicketEvent
from router.words import OPEN, US, EventKind, MailKind, Outcome, Reason, Role

ALARM_ADDRESSES_AGAIN = timedelta(days=1)
ANCHORS_AGAIN = timedelta(days=1)
ALARM_ADDRESSES = "alarm-addresses"
ANCHORS = "trust-anchors"
STOPPED = "clock-stopped"
MAX_LISTED = 100
_NOTHING = (Decision(Outcome.COMMAND, ()),)


def directory_notice(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell the operator how a directory is; `detail` holds the title and lines."""
    del facts, now
    title, *lines = due.detail.split("\n")
    return (Decision(Outcome.COMMAND, (), outgoing=operator_notice(policy, title, lines)),)


def alarm_addresses(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell the operator, daily, which sites of tier 0 and 1 nobody could wake; until none is."""
    del due
    missing = without_alarm_address(facts.registry)
    if not missing:
        return _NOTHING
    lines = [
        f"{site.name} (tier {site.tier}, from {site.source}): an alarm goes to "
        f"{', '.join(site.contacts) or 'nobody'}"
        for site in missing[:MAX_LISTED]
    ]
    if len(missing) > MAX_LISTED:
        lines.append(f"{len(missing) - MAX_LISTED} more sites are left out here.")
    title = "Sites without an alarm address"
    again = Reminder(ALARM_ADDRESSES, now + ALARM_ADDRESSES_AGAIN, per_ticket=False)
    told = operator_notice(policy, title, lines)
    return (Decision(Outcome.COMMAND, (), outgoing=told, reminders=(again,)),)


def trust_anchors(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell the operator what is wrong with the trust anchors, if anything, and look again in a day.

    `detail` holds a line for each thing, as found at this moment.
    """
    del facts
    again = Reminder(ANCHORS, now + ANCHORS_AGAIN, per_ticket=False)
    lines = due.detail.split("\n") if due.detail else []
    if not lines:
        return (Decision(Outcome.COMMAND, (), reminders=(again,)),)
    if len(lines) > MAX_LISTED:
        lines[MAX_LISTED:] = [f"{len(lines) - MAX_LISTED} more are left out here."]
    title = "Trust anchors and revocation lists"
    lines.append("All of it: ticketgate check-config")
    told = operator_notice(policy, title, lines)
    return (Decision(Outcome.COMMAND, (), outgoing=told, reminders=(again,)),)


def clock_stopped(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Tell the operator that the clock of tickets stands still; `detail` says why."""
    del facts, now
    lines = (
        f"The clock of tickets stands still: {due.detail}.",
        "Nobody is reminded and nothing is closed meanwhile. Mail and alarms go on as usual.",
        "It goes on by itself when the clock of the machine is right again.",
        "If it is right now: ticketgate clock resume",
    )
    told = operator_notice(policy, "The clock of tickets stands still", lines)
    return (Decision(Outcome.COMMAND, (), outgoing=told),)


def site_gone(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Take the notified site from an open ticket when that site is no longer routable.

    Nothing happens when the site is back, or the ticket was closed or changed meanwhile.
    """
    del due
    ticket = next((found for _, found in facts.found), None)
    if ticket is None or ticket.held or not ticket.notified_site or ticket.status not in OPEN:
        return _NOTHING
    sites = facts.registry.find_sites(ticket.notified_site)
    if any(site.routable for site in sites):
        return _NOTHING
    to = _heir(ticket, facts, sites[0].roc if sites else "")
    changed = replace(ticket, notified_site="", support_unit=to.unit, updated_at=now)
    changes = [Change("notified site", ticket.notified_site, "")]
    if to.unit != ticket.support_unit:
        changes.append(Change("responsible unit", ticket.support_unit, to.unit))
    state = sites[0].certification.lower() if sites else "no longer listed"
    event = TicketEvent(
        EventKind.SITE_GONE,
        US,
        now,
        f"The site {ticket.notified_site} is {state}, so it is no longer notified; "
        f"{to.unit} is responsible.",
        changes=tuple(changes),
        reasons=(Reason.SITE_GONE,),
    )
    there = {(one.role, one.address) for one in ticket.participants}
    joins = tuple(one for one in unit_of(to) if (one.role, one.address) not in there)
    supporters = [one for one in (*ticket.participants, *joins) if one.role is Role.SUPPORTER]
    return (
        Decision(
            Outcome.COMMAND,
            event.reasons,
            ticket=changed,
            joins=joins,
            leaves=tuple(one for one in ticket.participants if one.role is Role.SITE),
            events=(event,),
            outgoing=Story(changed, event, policy).to_all(supporters, MailKind.UPDATE, LANE_REST),
        ),
    )


def _heir(ticket: Ticket, facts: Facts, roc: str) -> Route:
    """Return the ROC, unless a support unit that is not a ROC has the ticket already."""
    registry = facts.registry
    has_it = any(unit.name == ticket.support_unit for unit in registry.units)
    unit = None if has_it or not roc else registry.find_unit(roc)
    if unit is None:
        return Route(ticket.support_unit, ())
    return Route(unit.name, unit.addresses)
