"""Questions to the helpdesk itself, by mail: `help`, and `status` of one's own tickets.

Rule: one mail back, to a sender who is proven or near, capped like receipts; never to a machine.
The word has to stand alone: a mail that says more is a ticket. Somebody who takes part in a ticket,
or supports it, may ask for it by its number, nobody else learns even that it exists. What is
assigned to somebody was opened by others, so only who is proven reads of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.heard import Automatic
from router.acting import is_supporter_of
from router.addresses import LANE_REST, Intent
from router.authority import sender_of
from router.decision import Decision, Facts, Mail, Outgoing, Policy
from router.holding import why_no_answer
from router.people import same_address
from router.ticket import Ticket
from router.words import Audience, MailKind, Outcome, Reason

MAX_TICKETS = 50
Sees = Callable[[Ticket], bool]
_WORDS = re.compile(
    r"(help|status)(?:\s+(?:of\s+)?(?:[a-z-]{1,30}:?\s+)?#?(\d{1,10}))?[.!?]?", re.IGNORECASE
)
_RE = re.compile(r"(?:(?:re|aw|sv|antw)\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What a mail asks: `word` is help or status, `ticket` the number that it names, 0 for none."""

    word: str
    ticket: int = 0


def question(mail: Mail) -> Question | None:
    """Return what a mail asks, None for a mail that is no such question."""
    heard = mail.heard
    if heard.automatic is not Automatic.NO or heard.files:
        return None
    said = " ".join(heard.visible.split())
    if mail.intent is Intent.USER and not said:
        said = _RE.sub("", heard.subject.strip(), count=1)
    found = _WORDS.fullmatch(said[:200]) if len(said) < 200 else None
    if found is None or mail.intent not in {Intent.USER, Intent.ANSWER}:
        return None
    return Question(found[1].lower(), int(found[2] or 0))


def answer(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> tuple[Decision, ...] | None:
    """Return the answer to a question, None when it is none or its sender may get no answer."""
    del now
    asked = question(mail)
    if asked is None:
        return None
    may = sender_of(mail, facts.roster, policy, replayed=facts.replayed).may
    if not may.act_as_submitter:
        return None
    silent = why_no_answer(mail, facts, policy, may)
    reason = _REASONS[asked.word]
    if silent is not None:
        return (Decision(Outcome.COMMAND, (reason, may.reason, silent)),)
    me = mail.heard.sender.address if mail.heard.sender else ""

    def sees(ticket: Ticket) -> bool:
        units = (ticket.support_unit, policy.first_line)
        supports = may.update_team and is_supporter_of(units, me, facts.registry)
        return supports or takes_part(ticket, me)

    if not may.update_team:
        facts = replace(facts, assigned=(), assigned_total=0)
    kind, values = _WRITES[asked.word](asked, sees, facts, policy)
    tell = Outgoing(
        kind,
        Audience.SUBMITTER,
        me,
        values,
        token=None,
        in_reply_to=(mail.heard.message_id,) if mail.heard.message_id else (),
        lane=LANE_REST,
    )
    return (Decision(Outcome.COMMAND, (reason, may.reason), outgoing=(tell,)),)


def _help(
    asked: Question, sees: Sees, facts: Facts, policy: Policy
) -> tuple[MailKind, Mapping[str, object]]:
    del asked, sees, facts
    return MailKind.HELP, {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "support": policy.addresses.support,
        "groups": [{"title": title, "lines": list(lines)} for title, lines in HELP],
    }


def _status(
    asked: Question, sees: Sees, facts: Facts, policy: Policy
) -> tuple[MailKind, Mapping[str, object]]:
    named = asked.ticket or next((one.number for _, one in facts.found), 0)
    listed = facts.listed
    if named:
        known = (*listed, *(one for _, one in facts.found))
        listed = tuple(
            {one.number: one for one in known if one.number == named and sees(one)}.values()
        )
    total = len(listed) if named else max(facts.listed_total, len(listed))
    return MailKind.STATUS, {
        "helpdesk": policy.name,
        "tag": policy.ticket_tag,
        "support": policy.addresses.support,
        "named": bool(named),
        "total": total,
        "tickets": [_row(one, policy, whole=bool(named)) for one in listed[:MAX_TICKETS]],
        "assigned_total": 0 if named else facts.assigned_total,
        "assigned": []
        if named
        else [_row(one, policy, whole=False) for one in facts.assigned[:MAX_TICKETS]],
    }


def takes_part(ticket: Ticket, address: str) -> bool:
    """Whether somebody is a proven participant of a ticket."""
    return any(one.verified and same_address(one.address, address) for one in ticket.participants)


def _row(ticket: Ticket, policy: Policy, *, whole: bool) -> dict[str, object]:
    return {
        "ticket": ticket.number,
        "status": str(ticket.status),
        "subject": ticket.subject[: policy.subject_chars],
        "unit": ticket.support_unit,
        "priority": str(ticket.priority),
        "held": str(ticket.held or ""),
        "solution": ticket.solution[: policy.notice_chars] if whole else "",
        "opened_at": ticket.opened_at.isoformat(timespec="seconds"),
        "updated_at": ticket.updated_at.isoformat(timespec="seconds"),
    }


_REASONS = {"help": Reason.ASKED_FOR_HELP, "status": Reason.ASKED_FOR_STATUS}
_WRITES = {"help": _help, "status": _status}
HELP: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "In a new ticket:",
        (
            "Site: NAME (the site that is told)",
            "Affected site: NAME (where it shows, for information)",
            "Assign to: UNIT (instead of a site)",
            "VO: NAME",
            "VO specific: yes | no (whether it is a matter of that VO alone)",
            "Priority: less urgent | urgent | very urgent | top priority",
            "Type of issue: TEXT",
            "Cc: ADDRESS, ADDRESS",
            "Notification: on solution | on every change",
        ),
    ),
    (
        "In an answer, by whoever opened the ticket:",
        (
            "Verify: yes (it is solved)",
            "Reopen: yes (it is not; with what is wrong below it)",
            "Escalate: yes (nobody helps; three levels, one by one)",
            "Notification: on solution | on every change",
        ),
    ),
    ("In an answer, by anybody who is proven:", ("Subscribe: yes", "Unsubscribe: yes")),
    (
        "In an answer, by supporters who are proven:",
        (
            "Status: in progress | waiting for reply | on hold | solved | unsolved",
            "Solution: TEXT (or the text below the lines)",
            "Assign to: UNIT | ADDRESS | me | nobody",
            "Notified site: NAME (it is told, and its ROC is responsible)",
            "Priority, Category, Type of issue, VO, VO specific, Affected site",
            "Cc, Involve: ADDRESS, -ADDRESS (with a - it is taken out again)",
            "Internal: yes (for supporters only)",
            "Remind on: YYYY-MM-DD",
            "Related: TEXT (an issue elsewhere)",
            "Master, Parent, Duplicate of, Merge into: #NUMBER | none",
            "Cross reference, Unlink: #NUMBER, #NUMBER",
        ),
    ),
)
