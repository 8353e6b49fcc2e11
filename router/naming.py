"""Tickets of one request name each other, as soon as they have numbers.

The store numbers tickets when it writes them, so a decision can only say "all others": a relation
to 0, and in texts `UNNUMBERED`. This puts the numbers in. `explain` shows them without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from router.decision import Decision, Outgoing
from router.notices import say_relations
from router.relations import in_order
from router.ticket import Change, Relation, TicketEvent, Tie
from router.words import MailKind

UNNUMBERED = "#(new)"
_ALL = 0


def opened_together(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Return decisions that open several tickets, each with a cross reference to all others."""
    if len(decisions) < 2:
        return decisions
    tie = (Relation(Tie.CROSS, _ALL),)
    return tuple(replace(one, ties=tie) for one in decisions)


def name_each_other(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the decisions of one request, all numbered, with the numbers that they left open."""
    open_ones = [one for one in decisions if any(tie.ticket == _ALL for tie in one.ties)]
    numbers = sorted({one.ticket.number for one in open_ones if one.ticket is not None})
    fresh = [one.ticket.number for one in decisions if one.ticket and one.ticket.version == 1]
    if not numbers and len(fresh) != 1:
        return tuple(decisions)
    new = f"#{fresh[0]}" if len(fresh) == 1 else ""
    named = (_named(one, new) if new else one for one in decisions)
    return tuple(_tied(one, numbers) for one in named)


def _tied(decision: Decision, numbers: Sequence[int]) -> Decision:
    whole = [tie for tie in decision.ties if tie.ticket == _ALL]
    if not whole or decision.ticket is None:
        return decision
    there = [number for number in numbers if number != decision.ticket.number]
    ties = tuple(Relation(tie.what, number) for tie in whole for number in there)
    ticket = replace(decision.ticket, relations=in_order((*decision.ticket.relations, *ties)))
    shown = say_relations(ticket)
    names = ", ".join(f"#{number}" for number in there)
    *events, last = decision.events
    last = replace(last, changes=(*last.changes, Change(str(Tie.CROSS), "", names)))
    return replace(
        decision,
        ticket=ticket,
        ties=ties,
        events=(*events, last),
        outgoing=tuple(_told(one, shown, names) for one in decision.outgoing),
    )


def _told(one: Outgoing, shown: str, names: str) -> Outgoing:
    """Return a mail about one of the tickets, which names the others."""
    if "relations" not in one.values or one.kind is MailKind.ALARM:
        return one
    note = f"The same mail has opened {names}."
    notes = (*one.values["notes"], note)  # type: ignore[misc] # a list of sentences
    return replace(one, values={**one.values, "relations": shown, "notes": list(notes)})


def _named(decision: Decision, new: str) -> Decision:
    return replace(
        decision,
        events=tuple(_event(one, new) for one in decision.events),
        outgoing=tuple(replace(one, values=_values(one.values, new)) for one in decision.outgoing),
    )


def _event(event: TicketEvent, new: str) -> TicketEvent:
    changes = tuple(replace(one, new=one.new.replace(UNNUMBERED, new)) for one in event.changes)
    return replace(event, changes=changes)


def _values(values: Mapping[str, Any], new: str) -> Mapping[str, Any]:
    changes = [
        {**one, "new": str(one["new"]).replace(UNNUMBERED, new)}
        for one in values.get("changes", ())
    ]
    return {**values, "changes": changes} if changes else values
