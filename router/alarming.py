"""Raising an alarm: whom it wakes, and with which mails. Whether it may be raised: `entitled`.

An alarm is never swallowed: without an alarm address the site's contacts are woken, and everybody
who reads of the ticket is told so. What follows when nobody answers: `paging`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.alarm import AlarmEvent, AlarmStatus, Mode, Severity
from parsers.registry import Downtime, Registry, Site
from router.addresses import LANE_ALARM, OurAddresses
from router.decision import Outgoing, Route
from router.notices import Story
from router.ticket import Participant, Ticket, TicketKind
from router.tokens import TokenClass
from router.words import Audience, MailKind, Reason, Role, Status

_WORKING = frozenset({Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD})
_OVER = frozenset({Status.SOLVED, Status.UNSOLVED, Status.VERIFIED, Status.CLOSED})


@dataclass(frozen=True, slots=True)
class Pager:
    """Whom an alarm wakes, and what everybody who reads of it is told: reasons and sentences."""

    people: tuple[Participant, ...]
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


def pager_of(to: Route, vo: str, registry: Registry, ours: OurAddresses, now: datetime) -> Pager:
    """Return whom an alarm of this VO at this route's site wakes; nobody for one without a site."""
    sites = registry.find_sites(to.site) if to.site else ()
    if not sites:
        return Pager(())
    site: Site = sites[0]
    down = tuple(_announced(one) for one in registry.downtimes_of(site) if one.ongoing(now))
    why = (Reason.SITE_IN_DOWNTIME,) if down else ()
    woken = people(site.alarm_addresses_for(vo), site.name, ours)
    if woken:
        return Pager(woken, why, down)
    contacts = people(site.contacts, site.name, ours)
    if contacts:
        note = f"No alarm address is known for {site.name}: its contact was alarmed instead."
        reasons = (Reason.ALARM_ADDRESS_MISSING, *why)
        return Pager(contacts, reasons, (note, *down))
    note = f"No address at all is known for {site.name}: nobody there was alarmed. Please call."
    return Pager((), (Reason.NOBODY_TO_ALARM, *why), (note, *down))


def alarm_status(ticket: Ticket) -> AlarmStatus | None:
    """Return how an alarm stands; None for a ticket that is none, or not yet."""
    if ticket.kind is not TicketKind.ALARM or ticket.held:
        return None
    if ticket.status in _OVER:
        return AlarmStatus.RESOLVED
    far = ticket.paging  # what was answered before the alarm was over does not count after it
    answered = far is not None and far.answered_at is not None and far.over_at is None
    return AlarmStatus.ACKNOWLEDGED if ticket.status in _WORKING or answered else AlarmStatus.FIRING


def alarm_mails(
    story: Story,
    pages: Sequence[Participant],
    event: AlarmEvent = AlarmEvent.OPEN,
    status: AlarmStatus | None = None,
) -> tuple[Outgoing, ...]:
    """Return the alarm mails; they go before everything else and carry no attachment.

    Each holds what the site's monitoring is told; numbers, times of sending and tokens are added
    when it is sent.
    """
    ticket = story.ticket
    status = status or alarm_status(ticket) or AlarmStatus.FIRING
    text = story.values(Audience.SITE)
    raised_by = ticket.paging.raised_by if ticket.paging else ""
    said = {
        "event": str(event),
        "status": str(status),
        "severity": str(Severity.CRITICAL),
        "mode": str(ticket.paging.mode if ticket.paging else Mode.ACTUAL),
        "site": ticket.notified_site,
        "vo": ticket.vo,
        "service": ticket.mou_area or ticket.type_of_issue,
        "summary": text["subject"],
        "description": text["text"],
        "alarmer": raised_by or ticket.submitter,
        "confirmed": bool(raised_by) and ticket.wanted is TicketKind.ALARM,
        "starts_at": ticket.opened_at.isoformat(timespec="seconds"),
        "updated_at": story.event.at.isoformat(timespec="seconds"),
        "ends_at": story.event.at.isoformat(timespec="seconds")
        if status is AlarmStatus.RESOLVED
        else "",
    }
    mails = story.to_all(pages, MailKind.ALARM, LANE_ALARM)
    return tuple(
        replace(
            one,
            token=TokenClass.SITE,
            attachments_of=0,
            values={**one.values, "alarm": said},
        )
        for one in mails
    )


def people(addresses: Sequence[str], site: str, ours: OurAddresses) -> tuple[Participant, ...]:
    """Return addresses of a site as those whom an alarm wakes: each once, and none of ours."""
    each = {one.lower(): one for one in reversed(addresses) if not ours.is_ours(one)}
    return tuple(Participant(Role.ALARM, address, site) for address in reversed(each.values()))


def _announced(down: Downtime) -> str:
    until = down.ends_at.strftime("%Y-%m-%d %H:%M UTC")
    what = f" ({down.description})" if down.description else ""
    kind = f"{down.classification.lower()} {down.severity.lower()}"
    return f"{down.site} has announced a {kind} until {until}{what}."
