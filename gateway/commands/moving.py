"""`ticket N merge|move|split`: what joins tickets and takes them apart."""

from typing import Any

import click

from gateway.commands.opening import NOT_FOUND, Stop

METAVAR = "[merge OTHER | move ENTRY OTHER | split ENTRY]"
_WORDS = {"merge": 1, "move": 2, "split": 1}  # verb -> how many numbers follow


def command_of(ticket: int, action: tuple[str, ...], by: str, comment: str) -> Any:
    """Return the command that the words of an action ask for; raises a usage error."""
    from parsers.block import Field
    from router.decision import Command

    verb, *rest = action
    numbers = [int(word) for word in (one.lstrip("#") for one in rest) if _is_number(word)]
    if verb not in _WORDS or len(rest) != len(numbers) or len(numbers) != _WORDS[verb]:
        raise click.UsageError(f"after the ticket's number: {METAVAR}")
    if verb == "merge":
        line = Field("merge_into", f"#{numbers[0]}", f"Merge into: #{numbers[0]}")
        return Command("steer", ticket, by, comment, lines=(line,))
    entry, other = (*numbers, 0)[:2]
    return Command("move", ticket, by, comment, entry=entry, other=other)


def said(store: Any, asked: Any) -> str:
    """Return what has become of it, for whoever asked."""
    from store.relation_listing import moved_from
    from store.ticket_listing import find_ticket

    if asked.name == "steer":
        (line,) = asked.lines
        return f"ticket {asked.ticket} is merged into {line.value}"
    to = moved_from(store, asked.ticket).get(asked.entry)
    if to is None or find_ticket(store, to[0]) is None:
        raise Stop("it cannot be found where it was moved to", NOT_FOUND)
    return f"entry {asked.entry} of ticket {asked.ticket} is now entry {to[1]} of ticket {to[0]}"


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and 0 < len(word) <= 10 and int(word) > 0
