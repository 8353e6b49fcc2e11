"""What is answered to lines that were read as text, or not at all, though meant as lines.

Rule: only who is proven and has a part in the ticket is answered, of the first lines and of those
directly below a block. A supporter always is; anybody else only where it can hardly be prose,
because a submitter who is asked for a queue may well write "Queue: long".
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from parsers.block import stray_field
from router.lines.allowed import elsewhere, it_is_for, with_whom
from router.lines.meant import NOT_UNDERSTOOD, OF_A_BLOCK, SUBMITTERS, Meant, meant_by
from router.lines.status import may_set
from router.steering import Steering
from router.transitions import Actor, Tell
from router.words import Reason, Status

# Lines that are answered when they stand too low to be read, by who would write them; a pasted log
# may well say "Status: failed".
OWN = frozenset({"verify", "reopen", "escalate"})
STRAY = OWN | frozenset({"status", "solution", "assign_to", "priority"})
# What is internal is heard in `noting`.
ALL = OF_A_BLOCK - {"alarm", "internal"}
SHORTEST_CHARS = 5  # of a word that is mistyped: "vos" and "sites" are words of a text
_WORKERS = frozenset({Actor.SUPPORTER, Actor.TEAM})
_HAS_A_PART = _WORKERS | {Actor.SUBMITTER, Actor.VERIFIER}

TOO_LOW = (
    'The line "{}" was seen, but not read: lines have to be the first of the mail, and the first '
    "of them one that is known here."
)
AGAIN = (
    "Please send such a line again, as it should be, among the first lines of an answer to a mail "
    "of this ticket."
)
SHOWN = "As text, it was shown to everybody who hears of the ticket{}."
_FOR = " That line is for: "


def misread(
    steering: Steering, who: Mapping[str, frozenset[Actor]]
) -> tuple[Steering, tuple[str, ...]]:
    """Return it with what is answered to lines that were not understood, and that alone.

    `who` says for each field who may write its line. What is answered is neither a reason nor a
    solution: it is no longer part of the text.
    """
    lines = _answered(steering)
    notes = [_asked(steering, one, who) for one in lines]
    low = stray_field(steering.block.rest, _low(steering)) if _may_be_low(steering) else ""
    notes += [TOO_LOW.format(low)] if low else []
    if not notes:
        return steering, ()
    if steering.block.fields:
        rest = _without(steering.block.rest, lines)
        steering = replace(steering, block=replace(steering.block, rest=rest))
    steering = replace(steering, refusals=(*steering.refusals, *notes))
    return steering.because(Reason.LINE_NOT_UNDERSTOOD), tuple(notes)


def again(steering: Steering, text: str, notes: Iterable[str]) -> Steering:
    """Return it with a last word about what was misread: what to do, and who has seen it.

    `text` is all that stood below the lines, `notes` what was answered.
    """
    is_shown = text and not (steering.internal or steering.ticket.held)
    seen = ""
    if is_shown and Tell.SOLUTION not in steering.tells:
        seen = SHOWN.format("" if _is_submitter(steering) else ", its submitter, too")
    last = " ".join(filter(None, (AGAIN if any(_FOR not in one for one in notes) else "", seen)))
    if not last or not _is_known(steering):
        return steering
    return replace(steering, refusals=(*steering.refusals, last))


def _answered(steering: Steering) -> list[str]:
    """Return the lines that are answered, each once, but for those that say what they should."""
    block = steering.block
    unknown = [one for one in block.unknown if not _was_followed(steering, one)]
    beside = [one for one in block.beside if _is_answered(steering, one)]
    lines = dict.fromkeys((*unknown, *beside))
    return [one for one in lines if one not in block.beside or not _is_a_solution(steering, one)]


def _may_be_low(steering: Steering) -> bool:
    return _is_known(steering) and not steering.block.fields


def _was_followed(steering: Steering, line: str) -> bool:
    """Whether it nearly says that the text is internal, which is answered for itself."""
    meant = meant_by(line, OF_A_BLOCK) if steering.internal else None
    return meant is not None and meant.key == "internal"


def _is_a_solution(steering: Steering, line: str) -> bool:
    """Whether it is one as the text below a status, too: "Resolution: a new disk"."""
    meant = meant_by(line, OF_A_BLOCK) if steering.block.value("status") else None
    return meant is not None and meant.key == "solution"


def _is_known(steering: Steering) -> bool:
    return bool(steering.me and steering.actors)


def _is_submitter(steering: Steering) -> bool:
    return Actor.SUBMITTER in steering.actors


def _knows_lines(steering: Steering) -> bool:
    """Whether it is a supporter, if not of this ticket's unit."""
    return Actor.SUPPORTER in steering.actors or bool(elsewhere(steering))


def _low(steering: Steering) -> frozenset[str]:
    return STRAY if _knows_lines(steering) else OWN


def _is_answered(steering: Steering, line: str) -> bool:
    if not _is_known(steering) or _was_followed(steering, line):
        return False
    if _knows_lines(steering):
        return meant_by(line, ALL, SHORTEST_CHARS) is not None
    if not _HAS_A_PART & steering.actors:
        return meant_by(line, OWN) is not None
    meant = meant_by(line, ALL, SHORTEST_CHARS)
    return meant is not None and (meant.is_sure or meant_by(line, OWN) is not None)


def _asked(steering: Steering, line: str, who: Mapping[str, frozenset[Actor]]) -> str:
    """Return what is said of one line: what it was meant for, and for whom that is."""
    meant = meant_by(line, OF_A_BLOCK)
    if meant is None:
        return NOT_UNDERSTOOD.format(line)
    meant = _by_a_submitter(meant) if _only_submits(steering) else meant
    asked = f'{NOT_UNDERSTOOD.format(line)} Did you mean "{meant.line}"?'
    may = may_set(Status(meant.value)) if meant.names_a_status else who.get(meant.key, frozenset())
    if not steering.actors or not may or may & steering.actors:
        return asked
    whom = it_is_for(may, steering.ticket).removeprefix("it is for: ")
    return f"{asked}{_FOR}{whom}.{with_whom(steering, may)}"


def _only_submits(steering: Steering) -> bool:
    return _is_submitter(steering) and not _WORKERS & steering.actors


def _by_a_submitter(meant: Meant) -> Meant:
    """Return what a submitter means who names a status: he says it in lines of his own."""
    key = SUBMITTERS.get(meant.value.lower()) if meant.key == "status" else None
    return meant if key is None else Meant(key, "yes", exact=True)


def _without(text: str, lines: Iterable[str]) -> str:
    """Return a text without those of its first lines that were answered."""
    gone, kept = set(lines), text.splitlines()
    while kept and (kept[0].strip() in gone or not kept[0].strip()):
        kept.pop(0)
    return "\n".join(kept)
