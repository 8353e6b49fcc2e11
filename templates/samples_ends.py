"""Sample values of mails about what has changed: fields, and an end without a solution."""

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
