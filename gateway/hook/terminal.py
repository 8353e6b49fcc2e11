"""What the commands say to a person: lines on standard output, complaints on standard error.

Rule: it never fails because of who reads: no terminal, a closed pipe, another alphabet.
Standard library only.
"""

import os
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
    try:
        stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # nor does Python complain about it at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
