"""Sample values of the mails that list tickets: digests, and the answer to `status`."""

from collections.abc import Mapping
from typing import Any

from router.words import MailKind

DIGEST: Mapping[str, Any] = {
    "tag": "Ticket-ID",
    "helpdesk": "Example Helpdesk",
    "total": 2,
    "tickets": [
        {
            "ticket": 42,
            "subject": "Storage is down",
            "submitter": "jo@lab.example",
            "held": "alarm wanted, not proven",
            "route": "site T1-EXAMPLE, then ROC_North",
            "later": 2,
            "opened_at": "2026-11-24T08:15:00+00:00",
        },
        {
            "ticket": 44,
            "subject": "",
            "submitter": "someone@home.example",
            "held": "unproven sender",
            "route": "",
            "later": 0,
            "opened_at": "2026-11-24T08:59:00+00:00",
        },
    ],
}
DUE: Mapping[str, Any] = {
    "tag": "Ticket-ID",
    "helpdesk": "Example Helpdesk",
    "total": 3,
    "mine": False,
    "tickets": [
        {
            "ticket": 42,
            "subject": "Transfers to T1-EXAMPLE fail",
            "status": "assigned",
            "priority": "urgent",
            "unit": "ROC_North",
            "site": "T1-EXAMPLE",
            "opened_at": "2026-11-24T08:15:00+00:00",
            "why": "Nobody has taken ticket #42 yet, and 75 % of the time for it have passed.",
            "reason": "the limit of its unit is near",
            "reply_to": "support+raaaabbbbccccdddd@helpdesk.example",
        },
        {
            "ticket": 44,
            "subject": "(no subject)",
            "status": "waiting for reply",
            "priority": "less urgent",
            "unit": "ROC_North",
            "site": "",
            "opened_at": "2026-11-24T08:59:00+00:00",
            "why": "jo@lab.example has not answered. Please look at it.",
            "reason": "a person has to look at it: the clock does nothing more",
            "reply_to": "",
        },
    ],
}
_AT_DESK: Mapping[str, Any] = {
    "section": "Past their limit",
    "ticket": 42,
    "subject": "Transfers to T1-EXAMPLE fail",
    "status": "assigned",
    "priority": "urgent",
    "unit": "First line",
    "site": "T1-EXAMPLE",
    "age_days": 6,
    "left": "3 h past the limit",
    "waits_for": "somebody to take it",
    "escalation": 0,
    "reply_to": "support+raaaabbbbccccdddd@helpdesk.example",
}
DAY: Mapping[str, Any] = {
    "tag": "Ticket-ID",
    "helpdesk": "Example Helpdesk",
    "unit": "First line",
    "since": "2026-11-23T09:00:00+00:00",
    "total": 14,
    "waiting": 2,
    "places": [
        {"place": "red", "number": 1},
        {"place": "held", "number": 12},
        {"place": "green", "number": 1},
    ],
    "sections": [
        {"title": "Held, waiting to be let go", "total": 12},
        {"title": "Past their limit", "total": 1},
        {"title": "Escalated by their submitters", "total": 1},
    ],
    "tickets": [
        {
            **_AT_DESK,
            "section": "Held, waiting to be let go",
            "ticket": 45,
            "subject": "(no subject)",
            "status": "held: unproven sender",
            "priority": "less urgent",
            "site": "",
            "age_days": 0,
            "left": "",
            "waits_for": "first line, to let it go",
            "reply_to": "",
        },
        _AT_DESK,
        {
            **_AT_DESK,
            "section": "Escalated by their submitters",
            "ticket": 40,
            "status": "in progress",
            "unit": "ROC_North",
            "left": "",
            "waits_for": "kim@roc.example",
            "escalation": 2,
        },
    ],
    "units": [{"unit": "ROC_North", "open": 7, "red": 2, "escalated": 1}],
}
DAY_OF_A_UNIT: Mapping[str, Any] = {
    **DAY,
    "unit": "ROC_North",
    "total": 1,
    "waiting": 0,
    "places": [{"place": "red", "number": 1}],
    "sections": [{"title": "Past their limit", "total": 1}],
    "tickets": [{**_AT_DESK, "unit": "ROC_North"}],
    "units": [],
}
STANDS: Mapping[str, Any] = {
    "ticket": 42,
    "status": "in progress",
    "subject": "Transfers to T1-EXAMPLE fail",
    "unit": "ROC_North",
    "priority": "urgent",
    "held": "",
    "solution": "",
    "opened_at": "2026-11-24T09:29:58+00:00",
    "updated_at": "2026-11-24T10:01:00+00:00",
}
STANDING: Mapping[str, Any] = {
    "tag": "Ticket-ID",
    "support": "support@hd.example",
    "helpdesk": "Example Helpdesk",
    "named": False,
    "total": 3,
    "tickets": [STANDS, {**STANDS, "ticket": 41, "subject": "", "held": "unproven sender"}],
    "assigned_total": 0,
    "assigned": [],
}
STATUSES: Mapping[str, tuple[MailKind, Mapping[str, Any]]] = {
    "status": (MailKind.STATUS, STANDING),
    "status-of-none": (MailKind.STATUS, {**STANDING, "total": 0, "tickets": []}),
    "status-of-a-supporter": (
        MailKind.STATUS,
        {**STANDING, "assigned_total": 52, "assigned": [{**STANDS, "ticket": 40}]},
    ),
    "status-of-a-supporter-who-opened-none": (
        MailKind.STATUS,
        {**STANDING, "total": 0, "tickets": [], "assigned_total": 1, "assigned": [STANDS]},
    ),
    "status-of-one": (
        MailKind.STATUS,
        {**STANDING, "named": True, "total": 1, "tickets": [{**STANDS, "solution": "Done."}]},
    ),
    "status-of-a-strangers": (
        MailKind.STATUS,
        {**STANDING, "named": True, "total": 0, "tickets": []},
    ),
}
