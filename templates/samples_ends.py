"""Sample values of mails about what was done, or was not: changes, ends, lines, too many mails."""

from collections.abc import Mapping
from typing import Any

CHANGES = [
    {"field": "status", "old": "assigned", "new": "in progress"},
    {"field": "mou area", "old": "", "new": "All other tier-1 services"},
]
_ENDS: Mapping[str, Any] = {
    "status": "unsolved",
    "author": "anna@roc.example",
    "mine": True,
    "closes_on": "2026-12-08",
}
UNSOLVED: Mapping[str, Any] = {
    **_ENDS,
    "text": "I am sorry.",
    "solution": "The tape is lost.",
    "changes": [{"field": "status", "old": "in progress", "new": "unsolved"}],
}
MERGED: Mapping[str, Any] = {
    **_ENDS,
    "text": "",
    "solution": "Merged into #41.",
    "relations": "merged into #41",
    "changes": [
        {"field": "merged into", "old": "", "new": "#41"},
        {"field": "status", "old": "assigned", "new": "unsolved"},
    ],
}
DUPLICATE: Mapping[str, Any] = {
    **_ENDS,
    "author": "anna@roc.example",
    "text": "",
    "notes": ['From now on you are sent what is said in ticket #41, "The tape robot is down".'],
    "solution": "A duplicate of #41.\n\nThe robot is repaired today.",
    "relations": "duplicate of #41",
    "changes": [
        {"field": "duplicate of", "old": "", "new": "#41"},
        {"field": "status", "old": "assigned", "new": "unsolved"},
    ],
    "earlier": "kim@lab.example, 2026-11-24 08:30 UTC:\n\nThe robot does not move.",
    "earlier_of": 41,
}
REOPENED: Mapping[str, Any] = {
    "status": "reopened",
    "text": "It still fails.",
    "solution": "The disk server is back.",
    "supports": True,
    "changes": [{"field": "status", "old": "solved", "new": "reopened"}],
    "earlier": "jo@lab.example (who it is was not proven), 2026-11-24 08:30 UTC:\n\nIt fails.",
    "earlier_cut": True,
}
MANY: Mapping[str, Any] = {
    "text": "Priority: top priority\n\nNow the other rack is down, too.",
    "mails": 30,
    "minutes": 10,
    "same_words": False,
}
SAME: Mapping[str, Any] = {
    "text": "Your mail has been received.",
    "mails": 5,
    "minutes": 10,
    "same_words": True,
}
FOLLOWED: Mapping[str, Mapping[str, Any]] = {
    "followed": {
        "text": "",
        "escalation": 2,
        "heading": "ESCALATED",
        "done": [
            (
                "It is escalated to level 2 of 3. A mail went to ROC_North and TPM (first line). "
                'If nobody helps, "Escalate: yes" once more tells those who run the helpdesk, too.'
            )
        ],
    },
    "followed-verified": {
        "text": "",
        "status": "verified",
        "heading": "VERIFIED",
        "done": [
            (
                "It is verified, and so closed for good. "
                "If there is more to say, a new mail opens another ticket, and so does an answer."
            )
        ],
    },
    "followed-reopened-and-subscribed": {
        "text": "",
        "status": "reopened",
        "heading": "REOPENED, SUBSCRIBED",
        "done": [
            (
                "It is open again, and with ROC_North, assigned to anna@roc.example. "
                "A mail went to ROC_North and TPM (first line)."
            ),
            (
                "You hear of it now, at jo@lab.example: what people write to it for everybody, and "
                "its solution, but not of changes without a word. To stop that, answer with "
                '"Unsubscribe: yes" as the first line.'
            ),
        ],
        "changes": [{"field": "priority", "old": "urgent", "new": "top priority"}],
    },
}
NOTICE: Mapping[str, Any] = {
    "tag": "Ticket-ID",
    "helpdesk": "Example Helpdesk",
    "title": "A mail could not be delivered",
    "lines": [
        "The update of ticket #42 to list@roc.example was given up.",
        "The relay said: 550 5.1.1 no such user",
    ],
    "told": "Nobody else has been told.",
}
