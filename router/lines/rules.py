"""Every line that a reply may have: one row each, with who may write it and what it does.

Rule: the rows are followed in the order of the table, whatever the order in the mail, so that one
mail means one thing: first where the ticket goes, then what it is about, then its status, but for
one that reopens it. A line that is refused says who may write it, or what it may say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from parsers.block import Field, has_stray_fields
from router.lines import assigning, describing, joining, noting, relating
from router.lines.converting import convert
from router.lines.escalating import escalate
from router.steering import Steering
from router.ticket import Tie
from router.transitions import Actor
from router.words import FINAL, Reason, Status


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `by` is empty for a line that needs no right.

    `once` refuses a line that is written twice with different values; `held` lets it be followed
    while the ticket is held, `end` when it is verified or closed.
    """

    follow: Callable[[Steering, Field], Steering]
    by: frozenset[Actor] = frozenset()
    once: bool = True
    held: bool = False
    end: bool = False


def _ignored(steering: Steering, line: Field) -> Steering:
    """Leave a line alone that binds an alarm to us, or that has been answered elsewhere."""
    del line
    return steering


def _confirm(steering: Steering, line: Field) -> Steering:
    held = steering.ticket.held is not None
    why = "it needs a proven right." if held else "nothing is held here."
    return steering.refused(line.line, why, right=held)


SUPPORTER = frozenset({Actor.SUPPORTER})
WORKERS = frozenset({Actor.SUPPORTER, Actor.TEAM})
ALL_ACTORS = frozenset({Actor.SUPPORTER, Actor.TEAM, Actor.VERIFIER, Actor.SUBMITTER})
OWNERS = frozenset({Actor.SUBMITTER, Actor.TEAM})
ANYBODY = frozenset({Actor.ANYBODY})

# fmt: off
RULES: Mapping[str, Rule] = {
    # first, because it says who reads the rest
    "internal":        Rule(noting.internal, held=True, end=True, once=False),
    "site":            Rule(assigning.notify_site, SUPPORTER),
    "assign_to":       Rule(assigning.assign, SUPPORTER),
    "vo":              Rule(describing.vo, SUPPORTER),
    "vo_specific":     Rule(describing.vo_specific, WORKERS),
    "affected_site":   Rule(describing.affected_site, WORKERS),
    "priority":        Rule(describing.priority, WORKERS),
    "category":        Rule(describing.category, SUPPORTER),
    "type_of_issue":   Rule(describing.type_of_issue, WORKERS),
    "cc":              Rule(joining.copy, WORKERS, once=False),
    "involve":         Rule(joining.involve, SUPPORTER, once=False),
    "related":         Rule(noting.related, WORKERS, once=False),
    "unlink":          Rule(relating.unlink, WORKERS, once=False),
    "cross_reference": Rule(relating.relate(Tie.CROSS), WORKERS, once=False),
    "master":          Rule(relating.relate(Tie.MASTER), SUPPORTER),
    "parent":          Rule(relating.relate(Tie.PARENT), SUPPORTER),
    "duplicate_of":    Rule(relating.relate(Tie.ORIGINAL), SUPPORTER),
    "merge_into":      Rule(relating.relate(Tie.SURVIVOR), SUPPORTER),
    "status":          Rule(relating.status, ALL_ACTORS),
    "convert":         Rule(convert),
    "solution":        Rule(noting.solution, WORKERS),
    "remind_on":       Rule(noting.remind_on, SUPPORTER),
    "escalate":        Rule(escalate, OWNERS),
    "subscribe":       Rule(joining.subscribe, ANYBODY),
    "unsubscribe":     Rule(joining.unsubscribe, ANYBODY, end=True),
    "notification":    Rule(joining.notification, ANYBODY),
    "confirm":         Rule(_confirm, held=True),
    "alarm":           Rule(_ignored, held=True, end=True),
}
# fmt: on
_AT = {key: at for at, key in enumerate(RULES)}
# Lines that say a status in one word: `Verify: yes`.
SHORT: Mapping[str, Status] = {"verify": Status.VERIFIED, "reopen": Status.REOPENED}


# Lines that are answered when they stand too low to be read, by who would write them; a pasted log
# may well say "Status: failed".
OWN = frozenset({"verify", "reopen", "escalate"})
STRAY = OWN | frozenset({"status", "solution", "assign_to", "priority"})
STRAY_LINES = (
    'Lines like "Status: solved" were seen, but not read: they have to be the first lines of the '
    "mail, and the first of them one that is known here."
)
INTERNAL_ASTRAY = (
    'A line like "Internal: yes" was seen, but mistyped, or not among the first lines of the mail, '
    "so the text was shown to supporters only."
)
UNPROVEN = ", and who wrote this mail is not proven for that (by DKIM or S/MIME)"


def steer(steering: Steering) -> Steering:
    """Follow the lines of a reply."""
    steering = _astray(steering)
    for unknown in steering.block.unknown:
        note = f'The line "{unknown}" was not understood.'
        steering = replace(steering, refusals=(*steering.refusals, note))
        steering = steering.because(Reason.LINE_NOT_UNDERSTOOD)
    steering, lines = _without_contradictions(steering, [_spelt_out(f) for f in _fields(steering)])
    for line in sorted(lines, key=_place):
        steering = _follow(steering, RULES[line.key], line)
    return _in_vain(steering)


def _place(line: Field) -> int:
    """Return when a line is followed: a ticket is reopened before it is given to another unit."""
    reopens = line.key == "status" and line.value.strip().lower() == Status.REOPENED
    return _AT["internal"] + 1 if reopens else 2 * _AT[line.key]


def _in_vain(steering: Steering) -> Steering:
    """Answer lines that say what is so already, in a mail that would else be met by silence."""
    done = (steering.changes, steering.refusals, steering.joins, steering.leaves, steering.text)
    lines = {one.key for one in steering.block.fields} - {"alarm"}
    if not steering.me or not lines or steering.internal or any(done):
        return steering
    steering = replace(steering, refusals=("The ticket is as these lines say already.",))
    return steering.because(Reason.LINE_NOT_FOLLOWED)


def _astray(steering: Steering) -> Steering:
    """Answer the lines of somebody known that stand too low to be read.

    Whoever wrote "Internal: yes" there meant it, and so did who mistyped it: that one line is
    followed all the same.
    """
    block = steering.block
    _, astray = noting.wants_internal(block)
    if astray:
        steering = replace(steering, internal=True)
        steering = replace(steering, refusals=(*steering.refusals, INTERNAL_ASTRAY))
        steering = steering.because(Reason.LINE_NOT_UNDERSTOOD)
    keys = STRAY if Actor.SUPPORTER in steering.actors else OWN
    by_mail = bool(steering.me and steering.actors)
    if block.fields or not by_mail or not has_stray_fields(block.rest, keys):
        return steering
    steering = replace(steering, refusals=(*steering.refusals, STRAY_LINES))
    return steering.because(Reason.LINE_NOT_UNDERSTOOD)


def _follow(steering: Steering, rule: Rule, line: Field) -> Steering:
    if rule.by and not rule.by & steering.actors:
        sender = steering.sender
        unproven = UNPROVEN if sender is not None and not sender.may.update_team else ""
        why = f"it needs a proven right{unproven}; it is for: {'; '.join(sorted(rule.by))}."
        return steering.refused(line.line, why, right=True)
    if steering.ticket.held and not rule.held:
        return steering.refused(line.line, "the ticket is held; first line has to let it go.")
    if steering.ticket.status in FINAL and not rule.end:
        final = steering.ticket.status
        why = f"the ticket is {final}, for good; an answer with a text opens another."
        return steering.refused(line.line, why)
    return rule.follow(steering, line)


def _fields(steering: Steering) -> list[Field]:
    """Return the lines, each once, and those that no reply may have answered elsewhere."""
    return list({(one.key, one.value.lower()): one for one in steering.block.fields}.values())


def _spelt_out(line: Field) -> Field:
    word = SHORT.get(line.key)
    if word is None:
        return line
    is_yes = line.value.strip().lower() in {"", "yes"}
    return replace(line, key="status", value=str(word) if is_yes else line.value)


_OPPOSITES = {"subscribe", "unsubscribe"}


def _without_contradictions(
    steering: Steering, lines: Sequence[Field]
) -> tuple[Steering, list[Field]]:
    """Refuse lines that say two things at once; nothing is guessed."""
    given: dict[str, set[str]] = {}
    written: dict[str, set[str]] = {}
    for one in lines:
        given.setdefault(one.key, set()).add(one.value.lower())
        written.setdefault(one.key, set()).add(one.line.partition(":")[0].strip().lower())
    good: list[Field] = []
    seen: set[tuple[str, str]] = set()
    for one in lines:
        rule = RULES.get(one.key)
        if rule is None:
            steering = steering.refused(one.line, "it is not for a reply.")
        elif rule.once and len(given[one.key]) > 1:
            twice = "it is given twice with different values."
            why = twice if len(written[one.key]) == 1 else "another line says otherwise."
            steering = steering.refused(one.line, why)
        elif one.key in {"site", "assign_to"} and {"site", "assign_to"} <= set(given):
            steering = steering.refused(one.line, "please name a site or a unit, not both.")
        elif one.key in _OPPOSITES and set(given) >= _OPPOSITES:
            steering = steering.refused(one.line, "another line says the opposite.")
        elif (one.key, one.value.lower()) not in seen:
            seen.add((one.key, one.value.lower()))
            good.append(one)
    return steering, good
