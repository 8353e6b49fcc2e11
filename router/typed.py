"""How lines are typed at the terminal: the option for each, and a refusal in terms of options.

Rule: who stands at the terminal wrote no mail, so no sentence speaks of one: `"Status: solved"`
becomes `--status solved`, and what has to stand "below it" comes with `--comment`.
"""

import re
from collections.abc import Mapping

from parsers.block import KEYS

# The name of a line's field -> what is typed for it. A merge is a word of its own.
OPTIONS: Mapping[str, str] = {
    "internal": "--internal",
    "status": "--status",
    "assign_to": "--assign",
    "priority": "--priority",
    "category": "--category",
    "type_of_issue": "--type-of-issue",
    "vo": "--vo",
    "vo_specific": "--vo-specific",
    "site": "--site",
    "affected_site": "--affected-site",
    "solution": "--solution",
    "cc": "--cc",
    "involve": "--involve",
    "related": "--related",
    "cross_reference": "--cross-reference",
    "master": "--master",
    "parent": "--parent",
    "duplicate_of": "--duplicate-of",
    "unlink": "--unlink",
    "merge_into": "merge",
}
_LINE = re.compile(r'(?:\b(?:[Tt]he|a) line )?"([A-Za-z][A-Za-z ]{1,30}):[ ]?([^"]*)"')
_PLAIN = re.compile(r"[\w@.,/:+%#-]+")


def typed(key: str, value: str) -> str:
    """Return a line as it is typed; a number loses its mark, which begins a shell's comment."""
    option = OPTIONS[key]
    if key == "internal":
        return option
    value = re.sub(r"#(?=\d|N\b)", "", value)
    return f"{option} {value}" if _PLAIN.fullmatch(value) else f'{option} "{value}"'


def at_terminal(sentence: str) -> str:
    """Return a sentence about lines of a mail as one about options."""
    return _LINE.sub(_option, sentence).replace(" below it", " with --comment")


def _option(found: re.Match[str]) -> str:
    key = KEYS.get(found[1].lower(), "")
    return typed(key, found[2]) if key in OPTIONS else found[0]
