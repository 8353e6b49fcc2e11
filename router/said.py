"""A change in words, where "none -> #12" would say nothing: relations, and issues elsewhere.

Rule: mails and terminal say the same, in the words of the lines (docs/work-by-mail.md); what the
history keeps stays field, old and new.
"""

from collections.abc import Mapping

from router.ticket import Tie

# Field of a change -> what is said when it begins, and when it ends. Such a field has no old value
# and a new one, or the other way round.
_WORDS: Mapping[str, tuple[str, str]] = {
    Tie.MASTER: ("master: {}", "no longer a slave of: {}"),
    Tie.SLAVE: ("slave added: {}", "slave removed: {}"),
    Tie.PARENT: ("parent: {}", "no longer a child of: {}"),
    Tie.CHILD: ("child added: {}", "child removed: {}"),
    Tie.ORIGINAL: ("duplicate of: {}", "no longer a duplicate of: {}"),
    Tie.COPY: ("duplicate added: {}", "duplicate removed: {}"),
    Tie.SURVIVOR: ("merged into: {}", "no longer merged into: {}"),
    Tie.MERGED: ("merged into this ticket: {}", "no longer merged into this ticket: {}"),
    Tie.CROSS: ("cross reference added: {}", "cross reference removed: {}"),
    "related issue": ("related issue added: {}", "related issue removed: {}"),
}


def say_added(field: str, old: str, new: str) -> str:
    """Return what has begun or ended with a change; "" when it is one from a value to another."""
    begins, ends = _WORDS.get(field, ("", ""))
    if not begins or bool(old) is bool(new):
        return ""
    return begins.format(new) if new else ends.format(old)
