"""How lists are shown: JSON lines for programs, a table for people, plain columns for pipes.

Rule: what came by mail is text and nothing else. It is cleaned of everything that could steer a
terminal, and never read as markup. JSON is pure ASCII. Only a terminal's table is fitted to its
width; what goes into a pipe is never cut.
"""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import click

from parsers.text import clean

Row = Sequence[object]
GAP = 2  # blanks between two columns
LEAST_WIDTH = 40
_NOTHING = frozenset({"", "0"})


def json_lines(objects: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON object a line, each as soon as it is there."""
    for one in objects:
        click.echo(json.dumps(one, default=_json_value))


def as_object(row: Any) -> dict[str, object]:
    """Return a row's fields by name, as JSON takes them."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def table(
    heads: Sequence[str],
    rows: Iterable[Row],
    *,
    empty: str = "nothing to show",
    sparse: bool = False,
) -> None:
    """Print rows under their heads; `empty` goes to standard error when there is none.

    If it is `sparse`, a terminal has no column in which nothing stands, or 0 only.
    """
    cells = [[cell(value) for value in row] for row in rows]
    if not cells:
        click.echo(empty, err=True)
    elif sys.stdout.isatty():
        _fitted(*_filled(heads, cells)) if sparse else _fitted(heads, cells)
    else:
        _plain(heads, cells)


def cell(value: object) -> str:
    """Return a value as one clean line: lists with blanks, times in UTC to the second."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (tuple, list, frozenset)):
        return ", ".join(cell(part) for part in value)
    return clean(str(value), one_line=True)


def paragraph(text: str, indent: str) -> str:
    """Return a text of several lines, clean and indented."""
    return "\n".join((indent + line).rstrip() for line in clean(text).rstrip().split("\n"))


def _plain(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in (heads, *cells):
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def folded(text: str) -> str:
    """Return one line as a terminal shows it: folded between words, the rest indented deeper."""
    if not sys.stdout.isatty():
        return text
    start = " " * (len(text) - len(text.lstrip(" ")))
    return _wrapped(text.strip(), start, start + "    ")


def _fitted(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print a table whose columns stay whole: those without room follow below, each with its head.

    No word is broken for the width of a column, so that an address can be copied.
    """
    widths = [max(map(_cell_width, column)) for column in zip(heads, *cells, strict=True)]
    room, here = _terminal_width(), 0
    while here < len(widths) and (room := room - widths[here]) >= 0:
        room, here = room - GAP, here + 1
    here = max(here, 1)
    titles = _aligned(heads[:here], widths)
    click.echo(click.style(titles, bold=True) if _knows_bold() else titles)
    for row in cells:
        click.echo(_aligned(row[:here], widths))
        for head, text in zip(heads[here:], row[here:], strict=True):
            if text:
                click.echo(_wrapped(f"{head}: {text}", "    ", "        "))


def _filled(
    heads: Sequence[str], cells: Sequence[Sequence[str]]
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the columns in which anything stands."""
    here = [at for at in range(len(heads)) if any(row[at] not in _NOTHING for row in cells)]
    return [heads[at] for at in here], [[row[at] for at in here] for row in cells]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=False)
    return "  ".join(text + " " * (width - _cell_width(text)) for text, width in cells).rstrip()


def _cell_width(text: str) -> int:
    """Return how many columns of a terminal a text takes; some letters take two, some none."""
    from rich.cells import cell_len

    return cell_len(text)


def _wrapped(text: str, first: str, rest: str) -> str:
    lines = textwrap.wrap(
        text, _terminal_width(), initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines)


def _terminal_width() -> int:
    return max(shutil.get_terminal_size().columns, LEAST_WIDTH)


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return as_object(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value)


def _knows_bold() -> bool:
    """Whether the terminal takes more than letters, and nobody has asked for letters alone."""
    return os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")
