"""Rows for a spreadsheet: comma-separated, and what came by mail is text and nothing else."""

import csv
import io
from collections.abc import Iterable, Sequence

from parsers.text import clean


def as_csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the rows under their heads, one line each; texts in them are made plain."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([plain(one) if isinstance(one, str) else one for one in row])
    return text.getvalue()


def plain(text: str) -> str:
    """Keep a spreadsheet from taking what came by mail for a formula, or for the end of a row."""
    line = clean(text, one_line=True)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
