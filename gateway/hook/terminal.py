"""What the commands say to a person: lines on standard output, complaints on standard error.

Rule: it never fails because of who reads: no terminal, a closed pipe, another alphabet.
Standard library only.
"""

import sys
from contextlib import suppress
from typing import TextIO


def show(text: str) -> None:
    """Write a line to standard output."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """Write a line to standard error, with the program's name before it."""
    _write(sys.stderr, f"ticketgate-hook: {text}")


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    shown = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    encoding = stream.encoding or "ascii"
    with suppress(OSError, ValueError):
        stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
