"""Reading a mail from the wire: up to CRLF.CRLF and nothing else.

Source: RFC 5321 sections 4.1.1.4 (DATA) and 4.5.2 (dot-stuffing).
Reads in big chunks instead of lines, however long a line is. A bare CR or LF never ends a mail and
never begins a line, so a dot behind one is text. What is over a limit is read and dropped, so that
the dialogue stays in step and memory stays flat.
"""

from asyncio import LimitOverrunError, StreamReader
from collections.abc import Callable

_CRLF = b"\r\n"
_DOT = b".\r\n"
_END = _CRLF + _DOT


class Overrun(Exception):  # noqa: N818 - it is read in full and then answered, not an accident
    """The mail went over a limit and was dropped; its end has been read."""


async def read_mail(reader: StreamReader, fits: Callable[[int], bool]) -> bytes:
    """Return the mail without dot-stuffing; `fits` is asked with its length after each chunk.

    Raises Overrun at the end of a mail for which `fits` said no, and
    asyncio.IncompleteReadError when the peer goes away before the end.
    """
    # The line end of the DATA command is the first half of the end of an empty mail; it has been
    # read already, so put it back.
    reader._buffer[:0] = _CRLF  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
    mail = bytearray()
    length = -len(_CRLF)
    dropping = False
    ended = False
    while not ended:
        try:
            chunk = await reader.readuntil(_END)
            ended = True
        except LimitOverrunError as error:
            chunk = await reader.readexactly(error.consumed)
        length += len(chunk)
        if not dropping and not fits(length - ended * len(_DOT)):
            dropping = True
            mail = bytearray()
        if not dropping:
            mail += chunk
    if dropping:
        raise Overrun
    return _content(mail)


def _content(mail: bytearray) -> bytes:
    """Return what lies between the CRLF before and the dot behind, dot-stuffing undone."""
    del mail[-len(_DOT) :]
    if b"\r\n." in mail:
        mail = mail.replace(b"\r\n.", _CRLF)
    del mail[: len(_CRLF)]
    return bytes(mail)
