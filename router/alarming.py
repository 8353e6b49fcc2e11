"""Raising an alarm: whom it wakes, and with which mails. Whether it may be raised: `entitled`.

An alarm is never swallowed: without an alarm address the site's contacts are woken, and everybody
who reads of the ticket is told so.
"""

from dataclasses import dataclass, replace

from parsers.registry import Registry, Site
from router.addresses import LANE_ALARM
from router.decision import Outgoing, Route
from router.notices import Story
from router.ticket import Participant
from router.tokens import TokenClass
from router.words import MailKind, Reason, Role


@dataclass(frozen=True, slots=True)
class Pager:
    """Whom an alarm wakes. `reason` is set when it is not the site's alarm address."""

    people: tuple[Participant, ...]
    reason: Reason | None = None
    note: str = ""


def pager_of(to: Route, registry: Registry) -> Pager:
    """Return whom an alarm at this route's site wakes; nobody for a route without a site."""
    sites = registry.find_sites(to.site) if to.site else ()
    if not sites:
        return Pager(())
    site: Site = sites[0]
    if site.alarm_addresses:
        return Pager(_people(site.alarm_addresses, site.name))
    if site.contacts:
        note = f"No alarm address is known for {site.name}: its contact was alarmed instead."
        return Pager(_people(site.contacts, site.name), Reason.ALARM_ADDRESS_MISSING, note)
    note = f"No address at all is known for {site.name}: nobody there was alarmed. Please call."
    return Pager((), Reason.NOBODY_TO_ALARM, note)


def alarm_mails(story: Story, pager: Pager) -> tuple[Outgoing, ...]:
    """Return the alarm mails; they go before everything else and carry no attachment."""
    mails = story.to_all(pager.people, MailKind.ALARM, LANE_ALARM)
    return tuple(replace(one, token=TokenClass.SITE, attachments_of=0) for one in mails)


def page(story: Story, registry: Registry) -> tuple[Outgoing, ...]:
    """Return the alarm mails of a ticket that has become an alarm; they name its own site."""
    to = Route(story.ticket.support_unit, (), story.ticket.notified_site)
    return alarm_mails(story, pager_of(to, registry))


def _people(addresses: tuple[str, ...], site: str) -> tuple[Participant, ...]:
    return tuple(Participant(Role.ALARM, address, site) for address in addresses)
