"""Sample values: what each kind of mail is given, by example, and what a check renders.

`TICKET` names every value that a mail about a ticket has; `decide` writes all of them each time,
empty where there is nothing. A test holds the two together.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from router.words import MailKind
from templates.render import LeftOut, Setting
from templates.samples_ends import (
    CHANGES,
    DUPLICATE,
    FOLLOWED,
    MANY,
    MERGED,
    NOTICE,
    REOPENED,
    SAME,
    UNSOLVED,
)
from templates.samples_lists import DAY, DAY_OF_A_UNIT, DIGEST, DUE, STATUSES

DATE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TICKET: Mapping[str, Any] = {
    "tag": "Ticket-ID",
    "kind": "USER",
    "status": "assigned",
    "priority": "less urgent",
    "subject": "Transfers to T1-EXAMPLE fail",
    "vo": "cms",
    "notified_site": "T1-EXAMPLE",
    "affected_site": "",
    "type_of_issue": "File Transfer",
    "mou_area": "",
    "category": "Incident",
    "unit": "ROC_North",
    "submitter": "jo@lab.example",
    "author": "jo@lab.example",
    "author_verified": True,
    "text": "Since 8 o'clock every transfer fails:\n\n    connection refused\n\nJo",
    "text_cut": False,
    "earlier": "",
    "earlier_cut": False,
    "earlier_of": 0,
    "changes": [],
    "notes": [],
    "reasons": [],
    "held": "",
    "wanted": "USER",
    "route": "site T1-EXAMPLE, then ROC_North",
    "opened_at": "2026-11-24T09:29:58+00:00",
    "attachments": [],
    "internal": False,
    "solution": "",
    "assigned_to": "",
    "escalation": 0,
    "relations": "",
    "with_it": "",
    "mine": False,
    "supports": False,
    "asked": False,
    "call": "",
    "why": "",
    "closes_on": "",
    "site_notified": True,
    "helpdesk": "Example Helpdesk",
}
_FILES = [{"name": "transfer.log", "size": 12_345}, {"name": "core dump.tar", "size": 9_100_000}]
_LEFT_OUT = (LeftOut("core dump.tar", 9_100_000, "https://helpdesk.example.org/files/1"),)
_ALARM = {
    "event": "open",
    "status": "firing",
    "severity": "critical",
    "mode": "actual",
    "site": "T1-EXAMPLE",
    "vo": "atlas",
    "service": "File Transfer",
    "summary": "Transfers to T1-EXAMPLE fail",
    "description": "Since 8 o'clock every transfer fails.",
    "alarmer": "jo@lab.example",
    "confirmed": False,
    "starts_at": "2026-11-24T09:29:58+00:00",
    "updated_at": "2026-11-24T09:29:58+00:00",
    "ends_at": "",
}
_AN_ALARM = {"kind": "ALARM", "wanted": "ALARM", "priority": "top priority", "vo": "atlas"}


def _like(**changed: Any) -> Mapping[str, Any]:
    return {**TICKET, **changed}


# Name of the sample -> kind, values. The first word of the name is free, the whole is a sentence.
SAMPLES: Mapping[str, tuple[MailKind, Mapping[str, Any]]] = {
    "receipt": (MailKind.RECEIPT, TICKET),
    "receipt-without-content": (
        MailKind.RECEIPT,
        _like(text="", subject="", notified_site="", vo="", unit="First line", site_notified=False),
    ),
    "receipt-team": (MailKind.RECEIPT, _like(kind="TEAM", wanted="TEAM", mou_area="Networking")),
    "notification": (MailKind.NOTIFICATION, _like(attachments=_FILES)),
    "notification-held-alarm": (
        MailKind.NOTIFICATION,
        _like(
            held="alarm wanted, not proven",
            wanted="ALARM",
            unit="First line",
            author_verified=False,
            site_notified=False,
            notes=["The line 'Piority: top' was not understood."],
            reasons=["alarm wanted, not proven", "only a mailing list says who sent it"],
        ),
    ),
    "notification-to-a-person": (MailKind.NOTIFICATION, _like(assigned_to="anna@roc.example")),
    "site-notification": (MailKind.SITE_NOTIFICATION, TICKET),
    "alarm": (MailKind.ALARM, _like(**_AN_ALARM, alarm=_ALARM)),
    "alarm-again": (
        MailKind.ALARM,
        _like(
            **_AN_ALARM,
            notes=["Nobody has answered the alarm. T1-EXAMPLE was alarmed again."],
            alarm={
                **_ALARM,
                "event": "update",
                "alarmer": "Tim <tim@desk.example>",
                "confirmed": True,
                "mode": "exercise",
            },
        ),
    ),
    "alarm-answered": (
        MailKind.ALARM,
        _like(**_AN_ALARM, alarm={**_ALARM, "event": "ack", "status": "acknowledged"}),
    ),
    "alarm-over": (
        MailKind.ALARM,
        _like(
            **{**_AN_ALARM, "status": "solved"},
            text="The disk was replaced.",
            alarm={**_ALARM, "event": "resolve", "status": "resolved"},
        ),
    ),
    "notification-please-call": (
        MailKind.NOTIFICATION,
        _like(
            **_AN_ALARM,
            call="T1-EXAMPLE",
            site_notified=False,
            notes=["Nobody has answered the alarm. The ROC of T1-EXAMPLE was told to call it."],
        ),
    ),
    "alarm-heartbeat": (
        MailKind.ALARM,
        {
            "helpdesk": "Example Helpdesk",
            "tag": "Ticket-ID",
            "notified_site": "T1-EXAMPLE",
            "alarm": {**_ALARM, "event": "heartbeat", "of": "heartbeat", "status": "resolved"},
        },
    ),
    "site-notification-team": (
        MailKind.SITE_NOTIFICATION,
        _like(kind="TEAM", wanted="TEAM", priority="top priority", vo="atlas"),
    ),
    "update": (MailKind.UPDATE, _like(status="in progress", changes=CHANGES, text_cut=True)),
    "update-internal": (
        MailKind.UPDATE,
        _like(internal=True, author="anna@roc.example", text="The disk is on its way."),
    ),
    "update-changes-only": (MailKind.UPDATE, _like(text="", changes=CHANGES)),
    "update-question": (
        MailKind.UPDATE,
        _like(
            status="waiting for reply",
            author="anna@roc.example",
            text="Which file was it?",
            changes=[{"field": "status", "old": "in progress", "new": "waiting for reply"}],
            mine=True,
            asked=True,
        ),
    ),
    "update-unsolved-with-a-reason": (MailKind.UPDATE, _like(**UNSOLVED)),
    "update-merged": (MailKind.UPDATE, _like(**MERGED)),
    "update-duplicate": (MailKind.UPDATE, _like(**DUPLICATE)),
    "update-reopened": (MailKind.UPDATE, _like(**REOPENED)),
    "solution": (
        MailKind.SOLUTION,
        _like(
            status="solved",
            author="anna@roc.example",
            text="",
            solution="The disk server is back.\nPlease try again.",
            changes=[{"field": "status", "old": "in progress", "new": "solved"}],
            mine=True,
        ),
    ),
    "solution-for-others": (
        MailKind.SOLUTION,
        _like(
            status="solved",
            text="It took long.",
            solution="The disk server is back.",
            closes_on="2026-12-08",
            with_it="#43, #44",
        ),
    ),
    "escalation": (MailKind.ESCALATION, _like(escalation=2, text="Nobody has answered.")),
    "reminder": (MailKind.REMINDER, _like(status="on hold", text="", author="")),
    "help": (
        MailKind.HELP,
        {
            "tag": "Ticket-ID",
            "helpdesk": "Example Helpdesk",
            "support": "support@hd.example",
            "groups": [{"title": "In a new ticket:", "lines": ["Site: NAME", "VO: NAME"]}],
        },
    ),
    "reminder-of-the-clock": (
        MailKind.REMINDER,
        _like(text="", author="", why="Nobody has taken ticket #42, and its time has passed."),
    ),
    "reminder-of-a-question": (
        MailKind.REMINDER,
        _like(
            status="waiting for reply",
            why="ROC_North needs an answer from you to go on with ticket #42.",
            mine=True,
            author="Kim <kim@roc.example>",
            text="Which files?",
        ),
    ),
    "reminder-digest": (MailKind.REMINDER_DIGEST, DUE),
    "unit-digest": (MailKind.UNIT_DIGEST, DAY_OF_A_UNIT),
    "unit-digest-of-first-line": (MailKind.UNIT_DIGEST, DAY),
    **STATUSES,
    "held": (
        MailKind.HELD,
        _like(
            held="alarm wanted, not proven",
            wanted="ALARM",
            unit="First line",
            reasons=["alarm wanted, not proven", "the notified site is named"],
        ),
    ),
    "held-user": (MailKind.HELD, _like(held="unproven sender", unit="First line")),
    "refusal": (
        MailKind.REFUSAL,
        _like(
            notes=['The line "Verify: yes" was not followed: it is for: its submitter.'],
            reasons=["signed, but too long ago or in the future"],
        ),
    ),
    **{name: (MailKind.FOLLOWED, _like(**more)) for name, more in FOLLOWED.items()},
    "too-many": (MailKind.TOO_MANY, _like(**MANY)),
    "too-many-of-the-same": (MailKind.TOO_MANY, _like(**SAME)),
    "receipt-digest": (
        MailKind.RECEIPT_DIGEST,
        {
            "tag": "Ticket-ID",
            "helpdesk": "Example Helpdesk",
            "total": 3,
            "tickets": [
                {
                    "ticket": 42,
                    "subject": "Storage is down",
                    "opened_at": "2026-11-24T08:15:00+00:00",
                },
                {"ticket": 43, "subject": "", "opened_at": "2026-11-24T08:16:00+00:00"},
            ],
        },
    ),
    "held-digest": (MailKind.HELD_DIGEST, DIGEST),
    "held-digest-cut": (MailKind.HELD_DIGEST, {**DIGEST, "total": 70}),
    "operator-notice": (MailKind.OPERATOR_NOTICE, NOTICE),
}
_ABOUT_NO_TICKET = frozenset(
    {
        MailKind.HELD_DIGEST,
        MailKind.RECEIPT_DIGEST,
        MailKind.REMINDER_DIGEST,
        MailKind.UNIT_DIGEST,
        MailKind.OPERATOR_NOTICE,
        MailKind.HELP,
        MailKind.STATUS,
    }
)


def settings(kind: MailKind) -> Sequence[Setting]:
    """Return the rows' parts that a kind may be rendered with: the usual one first."""
    if kind in _ABOUT_NO_TICKET:
        return (Setting(0, DATE, answerable=False),)
    usual = Setting(42, DATE)
    other = Setting(42, DATE, answerable=False, left_out=_LEFT_OUT)
    if kind is MailKind.REFUSAL:  # also for a mail that became no ticket
        return (usual, other, Setting(0, DATE, answerable=False))
    return (usual, other)
