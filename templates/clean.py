"""Making values fit to be put into a mail, and shaping text for it.

Rule: a value is never trusted to be one line, or to be printable. Everything that ends a line in
any mail program, and every control character, becomes a blank; only `text`, `earlier` and
`solution` may have several lines. What people wrote is indented and never wrapped; what we write
starts in the first column and is wrapped. So nothing that a sender writes can pass for a line of
ours.
"""

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import parsers.text

WIDTH = 72
INDENT = "  "
_LIKE_A_FACT = re.compile(r"^(?=[A-Z][A-Z ]*:)", re.MULTILINE)
_MANY_LINES = frozenset({"text", "earlier", "solution"})


def one_line(text: str) -> str:
    """Return the text as one line without control characters; blanks are folded."""
    return parsers.text.clean(text, one_line=True)


def many_lines(text: str) -> str:
    r"""Return the text with `\n` line ends; tabs are spread, empty lines at both ends dropped."""
    lines = parsers.text.clean(text).expandtabs(8).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def clean(value: Any, name: str = "") -> Any:
    """Return a JSON value with every string in it cleaned; `name` is the key that it stands under.

    A float, which no value needs, or anything else that is not JSON is a TypeError.
    """
    if isinstance(value, str):
        return many_lines(value) if name in _MANY_LINES else one_line(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {key: clean(item, key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    raise TypeError(f"{name or 'value'}: {type(value).__name__} is no value for a mail")


def wrap(text: str) -> str:
    """Return our own sentences, wrapped; paragraphs are kept apart by their empty lines."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    text = "\n\n".join(_filled(part, "", "") for part in paragraphs)
    return _LIKE_A_FACT.sub(INDENT, text)  # a subject or a name inside of a sentence may say so


def bullet(text: str) -> str:
    """Return one sentence as an item of a list, wrapped under its star."""
    return _filled(text, "* ", "  ")


def item(text: str) -> str:
    """Return one sentence as a line below a heading, wrapped under itself."""
    return _filled(text, "    ", "      ")


def said(text: str) -> str:
    """Return what somebody wrote: each line indented, empty ones too, none wrapped."""
    return "\n".join(f"{INDENT}{line}" for line in text.split("\n"))


def tidy(text: str) -> str:
    """Return a rendered body with one empty line where templates left several.

    Empty lines inside of what somebody wrote are indented, so they stay as many as they were.
    """
    lines = re.sub("\n{3,}", "\n\n", text.strip("\n")).split("\n")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def size(count: int) -> str:
    """Return a number of bytes for people: `812 bytes`, `12 kB`, `9.1 MB`."""
    if count < 1_000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def _filled(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
