"""Sample values of mails about what has changed, or has not: fields, ends, too many mails."""

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
