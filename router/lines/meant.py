"""What a line may have been meant for that is none of ours: other helpdesks' words, and slips.

Rule: only a whole line counts, and none of them is ever followed: it is answered with the line of
ours that is nearest. The words are those of the mail commands and fields of RT, Zammad, OTRS, Jira
and GGUS. Who is answered: `router.lines.misread`.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from parsers.block import KEYS, LIKE_A_KEY, top_pairs
from router.words import Priority, Status

MAX_MISTYPED_CHARS = 60
OF_A_BLOCK = frozenset(KEYS.values())
NOT_UNDERSTOOD = 'The line "{}" was not understood.'
# fmt: off
# Another word for a line -> the line's field.
WORDS: Mapping[str, str] = {
    **dict.fromkeys(("state", "ticket status", "new status", "set status"), "status"),
    **dict.fromkeys(
        ("prio", "severity", "urgency", "impact", "ticket priority", "final priority",
         "finalpriority"), "priority"),
    **dict.fromkeys(
        ("owner", "assignee", "assigned to", "assign", "assigned", "assigned person", "responsible",
         "queue", "group", "unit", "support unit", "responsible unit", "assign to support unit",
         "reassign", "reassign to", "forward to", "move to"), "assign_to"),
    **dict.fromkeys(("duplicate", "duplicates", "dup of", "is duplicate of"), "duplicate_of"),
    **dict.fromkeys(("merge", "merge to", "merge with", "merged into"), "merge_into"),
    **dict.fromkeys(("dependson", "depends on", "blocked by", "is blocked by"), "master"),
    **dict.fromkeys(("memberof", "member of", "child of", "parent ticket"), "parent"),
    **dict.fromkeys(
        ("refersto", "refers to", "referredtoby", "link", "links", "see also", "relates to"),
        "cross_reference"),
    **dict.fromkeys(
        ("remind", "reminder", "remind me", "due", "due date", "duedate", "pending time",
         "pending till", "pending until", "follow up"), "remind_on"),
    **dict.fromkeys(("resolution", "solution text", "detailed solution"), "solution"),
    **dict.fromkeys(
        ("tag", "tags", "label", "labels", "keyword", "keywords", "component", "components",
         "type of problem", "problem type", "issue type"), "type_of_issue"),
    **dict.fromkeys(("ticket category",), "category"),
    **dict.fromkeys(
        ("addcc", "add cc", "cc to", "admincc", "addadmincc", "watcher", "watchers", "add watcher"),
        "cc"),
    **dict.fromkeys(("involve others", "involved"), "involve"),
    **dict.fromkeys(("escalation", "escalated"), "escalate"),
    **dict.fromkeys(("watch", "follow"), "subscribe"),
    **dict.fromkeys(("unwatch", "unfollow"), "unsubscribe"),
}
# A word that says a status by itself: `Solved: yes`.
SAYS: Mapping[str, Status] = {
    **dict.fromkeys(("solved", "resolved", "resolve", "solve", "fixed", "close", "closed"),
                    Status.SOLVED),
    **dict.fromkeys(("unsolved", "wont fix", "won't fix", "rejected"), Status.UNSOLVED),
    "on hold": Status.ON_HOLD,
    "in progress": Status.IN_PROGRESS,
    "waiting for reply": Status.WAITING,
    **dict.fromkeys(("reopened", "re-open", "open again"), Status.REOPENED),
    "verified": Status.VERIFIED,
}
# fmt: on
# With which line a submitter says a status: he sets none in another way.
SUBMITTERS: Mapping[str, str] = {
    **dict.fromkeys(("solved", "verified", "closed", "resolved", "done", "fixed", "ok"), "verify"),
    **dict.fromkeys(("reopened", "unsolved", "open"), "reopen"),
}
YES = frozenset({"", "yes", "y", "true", "1"})
STATUSES = frozenset(map(str, Status)) | {"resolved", "done", "fixed", "open", "pending"}
PRIORITIES = frozenset(map(str, Priority)) | {"low", "normal", "medium", "high", "critical", "top"}
_TICKETS = r"#\d{1,10}|\d{5,10}"
_SAID_YES = "|".join(sorted(YES))
# A value after which a line can hardly be prose, or a line of a log.
_SURE: Mapping[str, re.Pattern[str]] = {
    "status": re.compile("|".join(map(re.escape, STATUSES))),
    "priority": re.compile("|".join(map(re.escape, PRIORITIES))),
    "assign_to": re.compile(r"me|nobody|\S+@\S+"),
    "remind_on": re.compile(r"\d{4}-\d\d-\d\d"),
    **dict.fromkeys(
        ("duplicate_of", "merge_into", "master", "parent", "cross_reference"), re.compile(_TICKETS)
    ),
    **dict.fromkeys(
        ("verify", "reopen", "escalate", "subscribe", "unsubscribe"), re.compile(_SAID_YES)
    ),
}
# Words that stand before a value without a mark: `Status solved`.
_UNMARKED: Mapping[str, frozenset[str]] = {
    "status": STATUSES,
    "state": STATUSES,
    "priority": PRIORITIES,
    "prio": PRIORITIES,
    **dict.fromkeys(("verify", "reopen", "escalate"), frozenset({"yes"})),
}
_ASSIGNED = re.compile(r"\s*([^\W\d_][\w .'-]{0,38}?)\s*=\s*(\S.{0,60})")
_BARE = re.compile(r"\s*([^\W\d_]+)[\s;\u2013-]+(\S.{0,30}?)\s*\.?")
_SPELT: Mapping[str, str] = {
    "site": "Notified site",
    "vo": "VO",
    "vo_specific": "VO specific",
    "mou_area": "MoU area",
}


@dataclass(frozen=True, slots=True)
class Meant:
    """A field of ours that a line may have been meant for, and the value that it has.

    `exact` says that the value is meant for this very field: a slip, and no other word.
    """

    key: str
    value: str
    exact: bool

    @property
    def line(self) -> str:
        """Return our line, with the value if it can be meant so."""
        return f"{spelt(self.key)}: {self.value if self.exact else ''}".rstrip()

    @property
    def names_a_status(self) -> bool:
        """Whether it is a line for a status that there is."""
        return self.key == "status" and self.value in set(Status)

    @property
    def is_sure(self) -> bool:
        """Whether it can hardly be anything but a line."""
        pattern = _SURE.get(self.key)
        return (
            pattern is not None and pattern.fullmatch(self.value.lower().rstrip(".!")) is not None
        )


def spelt(key: str) -> str:
    """Return a field's name as it is written in a line."""
    return _SPELT.get(key, key.replace("_", " ").capitalize())


def not_understood(line: str, keys: Collection[str] = OF_A_BLOCK) -> str:
    """Return what is said of a line that nobody knows, to somebody who may write any of these."""
    meant = meant_by(line, keys)
    asked = f' Did you mean "{meant.line}"?' if meant is not None else ""
    return f"{NOT_UNDERSTOOD.format(line)}{asked}"


def meant_by(line: str, keys: Collection[str], shortest_chars: int = 0) -> Meant | None:
    """Return what a line may have been meant for, of the fields that are given; None for text.

    A word of ours that is shorter than `shortest_chars` is not taken for mistyped.
    """
    names = [name for name, key in KEYS.items() if key in keys and len(name) >= shortest_chars]
    return next((one for one in _readings(line, names) if one.key in keys), None)


def _readings(line: str, names: Collection[str]) -> Iterator[Meant]:
    for key, value in top_pairs(line)[:1]:
        if key and key not in KEYS:
            yield from _of_a_word(key, value)
            yield from _mistyped(key, value, line, names)
    match = _ASSIGNED.fullmatch(line)
    if match is not None:
        key, value = " ".join(match[1].lower().split()), match[2].strip()
        yield from _of_a_word(key, value)
        if key in KEYS:
            yield Meant(KEYS[key], value, exact=True)
    match = _BARE.fullmatch(line)
    if match is not None and match[2].lower() in _UNMARKED.get(match[1].lower(), ()):
        key = match[1].lower()
        yield Meant(KEYS.get(key) or WORDS[key], match[2], exact=True)


def _of_a_word(key: str, value: str) -> Iterator[Meant]:
    if key in WORDS:
        yield Meant(WORDS[key], value, exact=WORDS[key] == "escalate" and value.lower() in YES)
    if key in SAYS and value.lower().rstrip(".!") in YES:
        yield Meant("status", str(SAYS[key]), exact=True)


def _mistyped(key: str, value: str, line: str, names: Collection[str]) -> Iterator[Meant]:
    """Yield the field that a short line was meant for, if its key is nearly one of the names."""
    if value and len(line) <= MAX_MISTYPED_CHARS:
        for name in get_close_matches(key, names, 1, LIKE_A_KEY):
            yield Meant(KEYS[name], value, exact=True)
