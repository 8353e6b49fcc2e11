"""Lines of one mail that say two things at once: all of them are refused, and nothing is guessed.

Rule: each is refused by name, with the other that it contradicts. What only one order makes
possible is no contradiction: a ticket is reopened before it becomes a slave or a duplicate.
"""

from collections.abc import Iterable, Mapping, Sequence

from parsers.block import Field
from router.lines.joining import in_and_out
from router.steering import Steering
from router.words import CLOSED, Status

OPPOSITES = frozenset({"subscribe", "unsubscribe"})
SITE_OR_UNIT = frozenset({"site", "assign_to"})
PEOPLE = frozenset({"cc", "involve"})
# Each puts the ticket below another one, and a ticket is below one other at most.
BELOW = frozenset({"master", "parent", "duplicate_of", "merge_into"})
# The status that a relation gives to this ticket; a child is worked on, whatever its status.
GIVES: Mapping[str, Status] = {
    "master": Status.ON_HOLD,
    "duplicate_of": Status.UNSOLVED,
    "merge_into": Status.UNSOLVED,
}
YES = frozenset({"escalate", "subscribe", "unsubscribe"})  # these need no value
_WHICH = "please write one of the two"


def without_contradictions(
    steering: Steering, lines: Sequence[Field], once: frozenset[str]
) -> tuple[Steering, list[Field]]:
    """Return the lines that contradict no other, each once, and the others refused.

    `once` are the keys that take one value.
    """
    good: dict[tuple[str, str], Field] = {}  # by what each means
    crossed = _crossed(lines)
    for one in lines:
        why = _twice(one, lines) if one.key in once else ""
        why = why or _other_key(one, lines, steering)
        if one in crossed:
            why = f"{', '.join(sorted(crossed[one]))} is brought in and taken out at once."
        if why:
            steering = steering.refused(one.line, why)
        else:
            good.setdefault((one.key, _meaning(one)), one)
    return steering, list(good.values())


def ends(line: Field) -> bool:
    """Whether a line ends what there is: `Master: none`."""
    return line.value.strip().lower() == "none"


def wanted_status(line: Field) -> str:
    """Return the status that a line names, in our spelling when it is one."""
    return " ".join(line.value.lower().replace("-", " ").split())


def _twice(line: Field, lines: Iterable[Field]) -> str:
    others = [one for one in lines if one.key == line.key]
    if len({_meaning(one) for one in others}) < 2:
        return ""
    if len({_as_written(one) for one in others}) == 1:
        return "it is given twice with different values."
    other = next(one for one in others if _meaning(one) != _meaning(line))
    return f'the line "{other.line}" says otherwise; {_WHICH}.'


def _meaning(line: Field) -> str:
    """Return the value as it is understood: "#12" is 12, and an empty line may say yes."""
    if line.key == "status":
        return wanted_status(line)
    value = line.value.lower()
    if line.key in YES and not value:
        return "yes"
    return value.lstrip("#") if line.key in BELOW else value


def _as_written(line: Field) -> str:
    return line.line.partition(":")[0].strip().lower()


def _other_key(line: Field, lines: Sequence[Field], steering: Steering) -> str:
    keys = {one.key for one in lines}
    if line.key in SITE_OR_UNIT and keys >= SITE_OR_UNIT:
        return "please name a site or a unit, not both."
    if line.key in OPPOSITES and keys >= OPPOSITES:
        return "another line says the opposite."
    for other in lines:
        if _puts_below(line) and _puts_below(other) and line.key != other.key:
            return f'a ticket is below one other, and "{other.line}" names one, too; {_WHICH}.'
        if gives := _given(line, other, steering):
            said = f'"{other.line}" says otherwise'
            return f"with it the ticket is {gives}, and {said}; {_WHICH}."
        if gives := _given(other, line, steering):
            return f'with "{other.line}" the ticket is {gives}; {_WHICH}.'
    return ""


def _puts_below(line: Field) -> bool:
    return line.key in BELOW and not ends(line)


def _given(relation: Field, status: Field, steering: Steering) -> Status | None:
    """Return the status that the one line gives, when the other one names another."""
    gives = GIVES.get(relation.key)
    if gives is None or ends(relation) or status.key != "status":
        return None
    wanted = wanted_status(status)
    is_first = wanted == Status.REOPENED and steering.ticket.status in CLOSED
    return None if wanted == gives or is_first else gives


def _crossed(lines: Iterable[Field]) -> Mapping[Field, frozenset[str]]:
    """Return the lines that name people who are brought in and taken out, with those people."""
    said = {one: in_and_out(one) for one in lines if one.key in PEOPLE}
    brought = {(one.key, name) for one, (some, _) in said.items() for name in some}
    both = brought & {(one.key, name) for one, (_, some) in said.items() for name in some}
    names = {
        one: frozenset(name for name in some | others if (one.key, name) in both)
        for one, (some, others) in said.items()
    }
    return {one: those for one, those in names.items() if those}
