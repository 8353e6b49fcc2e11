"""Writing HTML by hand: a few elements, every text escaped, no template language.

A page is plain and whole without script or style; the style sheet is one file of our own. Text
from mails may stand here, so `text` is the only way in: it escapes and drops what HTML forbids.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

LONG_CHARS = 24  # of a cell that may be broken into lines

STYLE = """\
:root { color-scheme: light dark; }
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.3rem 1.5rem 0.3rem 0; border-bottom: 1px solid #8888; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
body.wide { max-width: 90rem; }
body.wide td, body.wide th { white-space: nowrap; padding-right: 0.9rem; }
body.wide .long { white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
dt { font-weight: 600; }
dd { margin: 0 0 0.8rem 0; }
"""


def text(value: object) -> str:
    """Return text that is safe between tags and in quoted attributes."""
    clean = "".join(char if char.isprintable() else " " for char in str(value))
    return html.escape(clean, quote=True)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page of ours: the parts of its path, and its words."""

    path: tuple[str, ...]
    words: str


Cell = str | int | Link


def page(title: str, *blocks: str, wide: bool = False) -> bytes:
    """Return a whole page of blocks that are already HTML, in UTF-8; `wide` is for wide tables."""
    lines = (
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title>",
        '<link rel="stylesheet" href="/style.css">',
        "</head>",
        '<body class="wide">' if wide else "<body>",
        "<main>",
        f"<h1>{text(title)}</h1>",
        *blocks,
        "</main>",
        "</body>",
        "</html>",
        "",
    )
    return "\n".join(lines).encode()


def paragraph(words: str) -> str:
    """Return one paragraph of plain text."""
    return f"<p>{text(words)}</p>"


def linked(link: Link) -> str:
    """Return a link as HTML."""
    path = "".join(f"/{quote(part, safe='')}" for part in link.path)
    return f'<a href="{text(path)}">{text(link.words)}</a>'


def links(*given: Link) -> str:
    """Return one paragraph of links."""
    return f"<p>{' | '.join(map(linked, given))}</p>"


def address_list(ways: Mapping[str, str]) -> str:
    """Return mail addresses as links, each with what it is for."""
    items = []
    for address, purpose in ways.items():
        link = f'<a href="mailto:{quote(address, safe="@+")}">{text(address)}</a>'
        items.append(f"<dt>{link}</dt><dd>{text(purpose)}</dd>")
    return "\n".join(["<dl>", *items, "</dl>"])


def count_table(caption: str, column: str, counts: Mapping[str, int] | None) -> str:
    """Return a table of counts under a heading; None says that they cannot be read now."""
    heading = f"<h2>{text(caption)}</h2>"
    if counts is None:
        return heading + paragraph("These numbers are not available at the moment.")
    if not counts:
        return heading + paragraph("None so far.")
    return heading + grid(caption, (column, "Number"), counts.items())


def grid(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table; the first cell of each row names it, and numbers stand to the right."""
    head = "".join(f'<th scope="col">{text(one)}</th>' for one in heads)
    return "\n".join(
        [
            f'<table aria-label="{text(caption)}">',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *(_row(row) for row in rows),
            "</tbody></table>",
        ]
    )


def _row(cells: Sequence[Cell]) -> str:
    first, *rest = cells
    named = f'<th scope="row">{_inside(first)}</th>'
    return f"<tr>{named}{''.join(map(_cell, rest))}</tr>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, str) and len(cell) > LONG_CHARS:
        return f'<td class="long">{_inside(cell)}</td>'
    kind = ' class="number"' if isinstance(cell, int) else ""
    return f"<td{kind}>{_inside(cell)}</td>"


def _inside(cell: Cell) -> str:
    return linked(cell) if isinstance(cell, Link) else text(cell)
