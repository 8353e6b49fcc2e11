"""Every line that a reply may have: one row each, with who may write it and what it does.

Rule: the rows are followed in the order of the table, whatever the order in the mail, so that one
mail means one thing: first where the ticket goes, then what it is about, then its status. A line
that is refused says who may write it, or what it may say.
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
from router.words import Reason, Status


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `by` is empty for a line that needs no right.

    `once` refuses a line that is written twice with different values; `held` lets it be followed
    while the ticket is held.
    """

    follow: Callable[[Steering, Field], Steering]
    by: frozenset[Actor] = frozenset()
    once: bool = True
    held: bool = False


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
    "internal":        Rule(noting.internal, held=True, once=False),
    "site":            Rule(assigning.notify_site, SUPPORTER),
    "assign_to":       Rule(assigning.assign, SUPPORTER),
    "vo":              Rule(describing.vo, SUPPORTER),
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
    "unsubscribe":     Rule(joining.unsubscribe, ANYBODY),
    "notification":    Rule(joining.notification, ANYBODY),
    "confirm":         Rule(_confirm, held=True),
    "alarm":           Rule(_ignored, held=True),
}
# fmt: on
# Lines that say a status in one word: `Verify: yes`.
SHORT: Mapping[str, Status] = {"verify": Status.VERIFIED, "reopen": Status.REOPENED}


STRAY = frozenset({"status", "solution", "assign_to", "priority", "verify", "reopen", "escalate"})
STRAY_LINES = (
    'Lines like "Status: solved" were seen, but not read: they have to be the first lines of the '
    'mail. A text with the line "Internal: yes" was shown to supporters only.'
)


def steer(steering: Steering) -> Steering:
    """Follow the lines of a reply."""
    steering = _astray(steering)
    for unknown in steering.block.unknown:
        note = f'The line "{unknown}" was not understood.'
        steering = replace(steering, refusals=(*steering.refusals, note))
        steering = steering.because(Reason.LINE_NOT_UNDERSTOOD)
    steering, lines = _without_contradictions(steering, [_spelt_out(f) for f in _fields(steering)])
    for key, rule in RULES.items():
        for line in [one for one in lines if one.key == key]:
            steering = _follow(steering, rule, line)
    return steering


def _astray(steering: Steering) -> Steering:
    """Answer a supporter's lines that stand too low to be read.

    Whoever wrote "Internal: yes" there meant it, so that one line is followed all the same.
    """
    text = steering.block.rest
    internal = not steering.block.fields and has_stray_fields(text, frozenset({"internal"}))
    if internal:
        steering = replace(steering, internal=True)
    stray = not steering.block.fields and has_stray_fields(text, STRAY)
    if not internal and not (stray and Actor.SUPPORTER in steering.actors):
        return steering
    steering = replace(steering, refusals=(*steering.refusals, STRAY_LINES))
    return steering.because(Reason.LINE_NOT_UNDERSTOOD)


def _follow(steering: Steering, rule: Rule, line: Field) -> Steering:
    if rule.by and not rule.by & steering.actors:
        why = f"it needs a proven right; it is for: {'; '.join(sorted(rule.by))}."
        return steering.refused(line.line, why, right=True)
    if steering.ticket.held and not rule.held:
        return steering.refused(line.line, "the ticket is held; first line has to let it go.")
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


def _without_contradictions(
    steering: Steering, lines: Sequence[Field]
) -> tuple[Steering, list[Field]]:
    """Refuse lines that say two things at once; nothing is guessed."""
    given: dict[str, set[str]] = {}
    for one in lines:
        given.setdefault(one.key, set()).add(one.value.lower())
    good: list[Field] = []
    seen: set[tuple[str, str]] = set()
    for one in lines:
        rule = RULES.get(one.key)
        if rule is None:
            steering = steering.refused(one.line, "it is not for a reply.")
        elif rule.once and len(given[one.key]) > 1:
            steering = steering.refused(one.line, "it is given twice with different values.")
        elif one.key in {"site", "assign_to"} and {"site", "assign_to"} <= set(given):
            steering = steering.refused(one.line, "please name a site or a unit, not both.")
        elif (one.key, one.value.lower()) not in seen:
            seen.add((one.key, one.value.lower()))
            good.append(one)
    return steering, good
