"""What is noted beside an entry of a ticket's history, and who is told it.

`notes` are for everybody who reads the entry. `refusals` say what its writer asked for and did not
get: they are for the answer to that writer, and for supporters, who may help. Whoever does not read
an entry, such as an internal one, does not read what is noted beside it either.

Rule: history and mails say the same, so both take it from here: clean, one line each, a few only.
"""

from collections.abc import Iterable
from dataclasses import replace

from parsers.heard import Note
from parsers.text import clean
from router.ticket import TicketEvent
from router.words import Audience, MailKind

MAX_NOTES = 20  # beside one entry, and as many refusals
MAX_TOLD = 2 * MAX_NOTES  # in one mail, which may tell several entries
MAX_NOTE_CHARS = 1000
_TO_THE_WRITER = frozenset({MailKind.REFUSAL, MailKind.HELD})
_TO_SUPPORTERS = frozenset({str(Note.TEXT_FROM_HTML)})  # who looks for a fault; to others noise


def noted(event: TicketEvent, notes: Iterable[str], refusals: Iterable[str] = ()) -> TicketEvent:
    """Return an entry with what is kept beside it, in place of what was."""
    return replace(event, notes=_kept(notes), refusals=_kept(refusals))


def told_with(event: TicketEvent, notes: Iterable[str]) -> TicketEvent:
    """Return an entry as it is told once more, with what is to be said of it now, each once.

    What was refused was told when it was, and is nothing for whoever comes later.
    """
    return replace(event, notes=tuple(dict.fromkeys((*notes, *event.notes))), refusals=())


def told_to(
    event: TicketEvent, audience: Audience, kind: MailKind | None = None
) -> tuple[str, ...]:
    """Return what a mail about an entry says beside it."""
    reads_all = audience is Audience.UNIT or kind in _TO_THE_WRITER
    left_out = frozenset[str]() if audience is Audience.UNIT else _TO_SUPPORTERS
    notes = (one for one in event.notes if one not in left_out)
    return _bounded((*(event.refusals if reads_all else ()), *notes), MAX_TOLD)


def _kept(notes: Iterable[str]) -> tuple[str, ...]:
    lines = (clean(str(one), one_line=True) for one in notes)
    return _bounded(tuple(_cut(one) for one in lines if one), MAX_NOTES)


def _cut(note: str) -> str:
    return note if len(note) <= MAX_NOTE_CHARS else note[: MAX_NOTE_CHARS - 3].rstrip() + "..."


def _bounded(notes: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return at most so many notes; the last one then counts those that are left out."""
    if len(notes) <= most:
        return notes
    left_out = len(notes) - most + 1
    return (*notes[: most - 1], f"{left_out} more notes are left out here.")
