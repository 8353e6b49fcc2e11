"""How lists are shown: JSON lines for programs, a table for people, plain columns for pipes.

Rule: what came by mail is text and nothing else. It is cleaned of everything that could steer a
terminal, and never read as markup. JSON is pure ASCII. Only a terminal's table is fitted to its
width; what goes into a pipe is never cut.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import click

from parsers.text import clean

Row = Sequence[object]


def json_lines(objects: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON object a line, each as soon as it is there."""
    for one in objects:
        click.echo(json.dumps(one, default=_json_value))


def as_object(row: Any) -> dict[str, object]:
    """Return a row's fields by name, as JSON takes them."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def table(heads: Sequence[str], rows: Iterable[Row], *, empty: str = "nothing to show") -> None:
    """Print rows under their heads; `empty` goes to standard error when there is none."""
    cells = [[cell(value) for value in row] for row in rows]
    if not cells:
        click.echo(empty, err=True)
    elif sys.stdout.isatty():
        _fitted(heads, cells)
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


def _fitted(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        drawn.add_column(Text(head), overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(text) for text in row))
    Console(highlight=False).print(drawn)


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return as_object(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value)
