"""Writing HTML by hand: a few elements, every text escaped, no template language.

A page is plain and whole without script or style; the style sheet is one file of our own. Text
from mails may stand here, so `text` is the only way in: it escapes and drops what HTML forbids.
"""

import html
from collections.abc import Mapping
from urllib.parse import quote

STYLE = """\
:root { color-scheme: light dark; }
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.3rem 1.5rem 0.3rem 0; border-bottom: 1px solid #8888; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
dt { font-weight: 600; }
dd { margin: 0 0 0.8rem 0; }
"""


def text(value: object) -> str:
    """Return text that is safe between tags and in quoted attributes."""
    clean = "".join(char if char.isprintable() else " " for char in str(value))
    return html.escape(clean, quote=True)


def page(title: str, *blocks: str) -> bytes:
    """Return a whole page of blocks that are already HTML, in UTF-8."""
    lines = (
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title>",
        '<link rel="stylesheet" href="/style.css">',
        "</head>",
        "<body>",
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
    rows = [
        f'<tr><th scope="row">{text(name)}</th><td class="number">{number}</td></tr>'
        for name, number in counts.items()
    ]
    head = f'<thead><tr><th scope="col">{text(column)}</th><th scope="col">Number</th></tr></thead>'
    return "\n".join(
        [
            heading,
            f'<table aria-label="{text(caption)}">',
            head,
            "<tbody>",
            *rows,
            "</tbody></table>",
        ]
    )
