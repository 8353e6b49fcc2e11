"""The bar that marks a quoted line."""

import re

MAX_SEEN_CHARS = 300  # of a long line, only the head is read
_PROMPT = re.compile(r">>> |>>>$")  # a Python prompt in a pasted log, not a third quote level


def is_quoted(line: str) -> bool:
    """Tell whether a line carries a quote bar."""
    return line.lstrip(" \t")[:1] in {">", "\u2502", "\u2503"} and not _PROMPT.match(line)
