"""The daily sign of life to each site's hook, and what its silence means.

Rule: only a site whose hook is known, or is said to be there, gets one: a pager with a person
behind it never does. A hook that has not answered since the last one is reported to the operator.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from parsers.alarm import AlarmEvent, AlarmStatus, Mode, Severity
from parsers.alarm_answer import AnswerEvent, hear_answer
from parsers.registry import Registry, Site
from router.addresses import LANE_REST, Intent
from router.alarming import people
from router.claim import takes_alarms
from router.decision import Decision, Due, Facts, Mail, Outgoing, Policy, Reminder
from router.notices import operator_notice
from router.tokens import TokenClass
from router.words import Audience, MailKind, Outcome, Reason

STEP = "heartbeat"
EVERY = timedelta(days=1)
MAX_LISTED = 100


def heartbeat(due: Due, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Send the sign of life of this day; tell the operator of hooks that are silent.

    `detail` is when they were asked last, or "first" for the one that begins the chain. A day on
    which we ourselves were late makes no hook silent.
    """
    registry = facts.registry
    sites = {
        one: addresses
        for one in registry.sites
        if one.routable and has_hook(one, facts.hooks)
        if (addresses := _addresses(one, registry, policy))
    }
    asked_at = None if due.detail == "first" else datetime.fromisoformat(due.detail)
    silent = [one.name for one in sites if _is_silent(one, facts.hooks, asked_at)]
    notice: tuple[Outgoing, ...] = ()
    if silent:
        lines = [f"{name}: {_since(name, facts.hooks)}" for name in silent[:MAX_LISTED]]
        lines.append("An alarm there may reach nobody; the site sees: ticketgate-hook status")
        notice = operator_notice(policy, "Alarm hooks that do not answer", lines)
    mails = [
        _mail(site, address, policy, now)
        for site, addresses in sites.items()
        for address in addresses
    ]
    again = Reminder(STEP, now + EVERY, per_ticket=False, detail=now.isoformat())
    return (Decision(Outcome.COMMAND, (), outgoing=(*mails, *notice), reminders=(again,)),)


def sign_of_life(mail: Mail, facts: Facts) -> tuple[Decision, ...] | None:
    """Return what a hook's receipt of a heartbeat does; None for any other mail.

    A vacation note is no sign that the hook lives, and what a person writes is for people.
    """
    sent = facts.sent
    is_answer = mail.intent is Intent.ANSWER and sent is not None and sent.kind is MailKind.ALARM
    if not is_answer or sent is None or sent.ticket or not sent.site:
        return None
    answer = hear_answer(mail.heard.visible)
    if answer is None or answer.event is not AnswerEvent.RECEIPT:
        return None
    reasons = (Reason.THREAD_TOKEN, Reason.SITE_RECEIPT)
    return (Decision(Outcome.ANSWER, reasons, hook_of=sent.site),)


def has_hook(site: Site, hooks: Mapping[str, datetime]) -> bool:
    """Whether a program at this site answers alarm mails."""
    known = site.receipt == "auto" and site.name.lower() in hooks
    return bool(site.alarm_addresses) and (site.receipt == "expected" or known)


def _addresses(site: Site, registry: Registry, policy: Policy) -> tuple[str, ...]:
    """Return where alarms of this site go; an address that names the VO, for each that may."""
    vos = [vo for vo in registry.vos if takes_alarms(site, vo)]
    named = (address for vo in ("", *vos) for address in site.alarm_addresses_for(vo))
    return tuple(one.address for one in people(tuple(named), site.name, policy.addresses))


def _is_silent(site: Site, hooks: Mapping[str, datetime], asked_at: datetime | None) -> bool:
    heard_at = hooks.get(site.name.lower())
    return asked_at is not None and (heard_at is None or heard_at < asked_at)


def _since(name: str, hooks: Mapping[str, datetime]) -> str:
    heard_at = hooks.get(name.lower())
    return f"heard last {heard_at:%Y-%m-%d %H:%M} UTC" if heard_at else "never heard of"


def _mail(site: Site, address: str, policy: Policy, now: datetime) -> Outgoing:
    at = now.isoformat(timespec="seconds")
    return Outgoing(
        MailKind.ALARM,
        Audience.SITE,
        address,
        {
            "helpdesk": policy.name,
            "tag": policy.ticket_tag,
            "notified_site": site.name,
            "alarm": {
                "of": STEP,
                "event": str(AlarmEvent.HEARTBEAT),
                "status": str(AlarmStatus.RESOLVED),
                "severity": str(Severity.INFO),
                "mode": str(Mode.TEST),
                "site": site.name,
                "summary": f"Sign of life of {policy.name}",
                "starts_at": at,
                "updated_at": at,
            },
        },
        token=TokenClass.SITE,
        lane=LANE_REST,
    )
