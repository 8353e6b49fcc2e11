"""Sample values of the mails that list tickets: digests, and the answer to `status`."""

from collections.abc import Mapping
from typing import Any

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
}
