"""Every line that a reply may have: one row each, with who may write it and what it does.

Rule: the rows are followed in the order of the table, whatever the order in the mail, so that one
mail means one thing: first where the ticket goes, then what it is about, then its status, but for
one that reopens it. A line that is refused says who may write it, or what it may say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from parsers.block import Field
from router.confirming import may_be_confirmed
from router.lines import assigning, describing, joining, noting, relating
from router.lines.allowed import it_is_for, unproven, with_whom
from router.lines.contradicting import BELOW, ends, wanted_status, without_contradictions
from router.lines.converting import convert
from router.lines.escalating import escalate
from router.lines.misread import again, misread
from router.lines.status import may_set
from router.steering import Steering
from router.ticket import TicketKind, Tie
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
    ticket = steering.ticket
    if ticket.held is None:
        return steering.refused(line.line, "nothing is held here.")
    if line.value.lower() != "yes":
        return steering.refused(line.line, "allowed is: yes.")
    if not may_be_confirmed(ticket):
        why = "this ticket asks for nothing to confirm; first line has to let it go."
        return steering.refused(line.line, why)
    why = "it is for: supporters of first line; whoever may open such a ticket, each with proof"
    if ticket.wanted is TicketKind.ALARM:
        ours = steering.policy.addresses.domain
        why += f', and for an alarm signed together with our address or a line "Alarm: {ours}"'
    return steering.refused(line.line, f"{why}. The ticket stays held.", right=True)


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
_NO_YES = {
    "verify": 'allowed is: yes. If it is not solved, please write "Reopen: yes".',
    "reopen": "allowed is: yes.",
}
_ONCE = frozenset(key for key, rule in RULES.items() if rule.once)

# Who may write each line; of those that say a status, who may set it.
BY: Mapping[str, frozenset[Actor]] = {
    **{key: rule.by for key, rule in RULES.items()},
    **{key: may_set(status) for key, status in SHORT.items()},
}


def steer(steering: Steering) -> Steering:
    """Follow the lines of a reply."""
    heard = _internal(steering)
    steering, notes = misread(heard, BY)
    steering, fields = _of_a_reply(steering)
    steering, lines = without_contradictions(steering, fields, _ONCE)
    for line in sorted(lines, key=_place):
        steering = _follow(steering, RULES[line.key], line)
    steering = _in_vain(steering)
    return again(steering, heard.text, notes) if notes else steering


def _place(line: Field) -> int:
    """Return when a line is followed.

    A ticket is reopened before it is given to another unit, and leaves one ticket before it goes
    below another.
    """
    if line.key == "status" and line.value.strip().lower() == Status.REOPENED:
        return _AT["internal"] + 1
    if line.key in BELOW and ends(line):
        return 2 * _AT["unlink"]
    return 2 * _AT[line.key]


def _in_vain(steering: Steering) -> Steering:
    """Answer lines that say what is so already, in a mail that would else be met by silence."""
    done = (steering.changes, steering.refusals, steering.joins, steering.leaves, steering.text)
    lines = {one.key for one in steering.block.fields} - {"alarm"}
    if not steering.me or not lines or steering.internal or any(done):
        return steering
    steering = replace(steering, refusals=("The ticket is as these lines say already.",))
    return steering.because(Reason.LINE_NOT_FOLLOWED)


def _internal(steering: Steering) -> Steering:
    """Keep a text among supporters if a line says so that stands too low, or is mistyped.

    Whoever wrote it meant it: that one line is followed all the same.
    """
    block = steering.block
    steering = replace(steering, internal=noting.wants_internal(block)[1])
    if note := noting.doubt(block):
        steering = replace(steering, refusals=(*steering.refusals, note))
        steering = steering.because(Reason.LINE_NOT_UNDERSTOOD)
    return steering


def _follow(steering: Steering, rule: Rule, line: Field) -> Steering:
    if steering.ticket.held and not rule.held:
        how = "first line has to let it go" if steering.me else "release or confirm it first"
        return steering.refused(line.line, f"the ticket is held; {how}.")
    if steering.ticket.status in FINAL and not rule.end:
        final = steering.ticket.status
        why = f"the ticket is {final}, for good; an answer with a text opens another."
        return steering.refused(line.line, why)
    return rule.follow(steering, line)


def _not_allowed(steering: Steering, line: Field, rule: Rule) -> Steering:
    by = _who_may(line, rule)
    why = f"{it_is_for(by, steering.ticket)}{unproven(steering)}."
    if line.key == "status":
        why += f" The ticket stays {steering.ticket.status}."
    why += with_whom(steering, by)
    return steering.refused(line.line, why, right=True)


def _who_may(line: Field, rule: Rule) -> frozenset[Actor]:
    """Return who may write a line; of a status, who may set that one."""
    named = {str(one): one for one in Status}.get(wanted_status(line))
    if line.key != "status" or named is None:
        return rule.by
    return may_set(named) or rule.by


def _of_a_reply(steering: Steering) -> tuple[Steering, list[Field]]:
    """Return the lines that this sender may write in a reply, each once, and the others refused.

    What somebody may not write contradicts nothing, and is answered with who may.
    """
    each = {(one.key, one.value.lower()): one for one in steering.block.fields}
    good: list[Field] = []
    for line in map(_spelt_out, each.values()):
        if line.key in SHORT:
            steering = steering.refused(line.line, _NO_YES[line.key])
        elif line.key not in RULES:
            steering = steering.refused(line.line, "it is for a new ticket, not for an answer.")
        elif (rule := RULES[line.key]).by and not rule.by & steering.actors:
            steering = _not_allowed(steering, line, rule)
        else:
            good.append(line)
    return steering, good


def _spelt_out(line: Field) -> Field:
    """Return "Verify: yes" as the status that it means; any other value stays what it is."""
    is_yes = line.value.strip().lower() in {"", "yes"}
    if line.key not in SHORT or not is_yes:
        return line
    return replace(line, key="status", value=str(SHORT[line.key]))
