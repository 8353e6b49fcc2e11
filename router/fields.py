"""The fields of a new ticket, read from the block: what was understood, and what was not.

A wrong line never loses anything: the default stays, and a sentence tells the sender which values
are allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from parsers.addresses import is_writable, mailboxes
from parsers.heard import InboundMail
from parsers.registry import Registry
from parsers.text import folded
from router.lines.meant import not_understood
from router.words import Notify, Priority

# Fields that anybody may give when opening a ticket; the others steer one and need a right.
OPENING = frozenset(
    {
        "site", "affected_site", "vo", "priority", "type_of_issue", "mou_area", "assign_to", "cc",
        "notification", "vo_specific", "alarm",
    }
)  # fmt: skip
Word = TypeVar("Word", Priority, Notify)
MAX_FIELD_CHARS: Mapping[str, int] = {"type_of_issue": 50, "mou_area": 100}


@dataclass(frozen=True, slots=True)
class Fields:
    """What a new ticket takes from its mail. `notes` are sentences about lines not followed."""

    vo: str = ""
    vo_specific: bool = False
    affected_site: str = ""
    priority: Priority = Priority.LESS_URGENT
    type_of_issue: str = ""
    mou_area: str = ""
    notification: Notify = Notify.ON_SOLUTION
    cc: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_fields(heard: InboundMail, registry: Registry, priority: Priority) -> Fields:
    """Return the opening fields of a mail's block; defaults for what is absent or wrong.

    `priority` is the one that is meant when none is named.
    """
    block = heard.block
    notes: list[str] = [not_understood(line, OPENING) for line in block.unknown]
    notes += [
        f'The line "{field.line}" is not possible in a new ticket.'
        for field in block.fields
        if field.key not in OPENING
    ]
    notes += [
        f'The field "{key.replace("_", " ")}" is given twice with different values; not used.'
        for key in sorted(OPENING - {"site", "assign_to", "cc"})
        if len(block.values(key)) > 1
    ]
    vo = block.value("vo")
    if vo and vo.lower() != "none":
        known = registry.find_vo(vo)
        if not known:
            names = ", ".join(registry.vos)
            notes.append(f'The VO "{vo}" is not known here; known are: {names}.')
        vo = known
    else:
        vo = ""
    specific = folded(block.value("vo_specific"))
    if specific not in {"", "yes", "no"} or (specific == "yes" and not vo):
        notes.append("The VO specific field takes yes or no, and a VO beside it; not used.")
    affected = block.value("affected_site")
    if affected:
        sites = registry.find_sites(affected)
        if len(sites) != 1:
            notes.append(f'The affected site "{affected}" is not known here.')
        affected = sites[0].name if len(sites) == 1 else ""
    return Fields(
        vo=vo,
        vo_specific=bool(vo) and specific == "yes",
        affected_site=affected,
        priority=_one_of(Priority, block.value("priority"), priority, "priority", notes),
        type_of_issue=_limited("type_of_issue", block.value("type_of_issue"), notes),
        mou_area=_limited("mou_area", block.value("mou_area"), notes),
        notification=_one_of(
            Notify, block.value("notification"), Notify.ON_SOLUTION, "notification", notes
        ),
        cc=_addresses(block.values("cc"), notes),
        notes=tuple(notes),
    )


def _one_of(words: type[Word], value: str, default: Word, name: str, notes: list[str]) -> Word:
    if not value:
        return default
    wanted = folded(value)
    for word in words:
        if wanted == word.value:
            return word
    allowed = ", ".join(words)
    notes.append(f'The {name} "{value}" is not known; allowed are: {allowed}. Used: {default}.')
    return default


def _limited(key: str, value: str, notes: list[str]) -> str:
    limit = MAX_FIELD_CHARS[key]
    if len(value) > limit:
        name = key.replace("_", " ")
        notes.append(f"The {name} is longer than {limit} characters; the field keeps the start.")
    return value[:limit]


def _addresses(values: tuple[str, ...], notes: list[str]) -> tuple[str, ...]:
    found = []
    for value in values:
        for box in mailboxes(value, str):
            if is_writable(box.address) and '"@' not in value:
                found.append(box.address)
            else:
                notes.append(f'"{box}" is not an address, so it gets no copy.')
    return tuple(dict.fromkeys(found))
