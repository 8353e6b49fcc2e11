"""The mails of the benchmark: unique by number, in the sizes that are compared.

Message-ID, Subject and text of each hold its number, so that no server may take one for another
and each can be found again in a store. The wire form is made beforehand: sending costs no thinking.
"""

import base64
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

SUPPORT = "support@helpdesk.example"
ALARM = "alarm@helpdesk.example"
SENDERS = 500
_MARK = b"0123456789@"  # stands where the number goes, and has its length
_NUMBERS = itertools.count(int.from_bytes(os.urandom(3), "big") * 1000 + 1)
_HEAD = (
    b"From: Person <%(sender)s>\r\nTo: Helpdesk <%(to)s>\r\n"
    b"Date: Wed, 25 Nov 2026 09:00:00 +0000\r\nSubject: Transfers fail 0123456789@\r\n"
    b"Message-ID: <0123456789@@bench.example>\r\nMIME-Version: 1.0\r\n"
)
_TEXT = (
    "Site: INFN-T1\r\nVO: atlas\r\n\r\nDear colleagues, this is mail 0123456789@.\r\n"
    + "".join(
        f"  {n:02d}: one transfer in three to the disk pools fails with a timeout\r\n"
        for n in range(16)
    )
)
_HTML = "<html><body><p>Site: INFN-T1<br>VO: atlas</p>\r\n" + "".join(
    f"<p><b>{n:02d}</b> one transfer in three to the disk pools fails</p>\r\n" for n in range(31)
)
_TYPED = 'Content-Type: text/{}; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n'
_ENCLOSED = (
    "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
    'Content-Disposition: attachment; filename="log.bin"\r\n\r\n'
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: its number, its envelope, and its text in pieces as they go over the wire."""

    number: int
    sender: str
    to: str
    pieces: tuple[bytes, ...]

    @property
    def raw(self) -> bytes:
        """Return the mail itself. No line of it begins with a dot."""
        return b"".join(self.pieces).removesuffix(b".\r\n")


def letters(
    count: int | None, attached: int = 0, *, to: str = SUPPORT, sender: str = ""
) -> Iterator[Letter]:
    """Give `count` new mails (None: without end) of 4 kB, or with `attached` bytes enclosed.

    Without `sender` they come from several hundred people in turn.
    """
    front, back = _form(attached)
    for number in itertools.islice(_NUMBERS, count):
        person = sender or f"p{number % SENDERS}@physics.example"
        head = _HEAD % {b"sender": person.encode(), b"to": to.encode()}
        own = (head + front).replace(_MARK, b"%011d" % number)
        yield Letter(number, person, to, (own, back) if attached else (own + back,))


@lru_cache
def _form(attached: int) -> tuple[bytes, bytes]:
    """Return what follows the header fields: a part with the number in it, and a part without."""
    if not attached:
        front = (
            'Content-Type: multipart/alternative; boundary="=-="\r\n\r\n--=-=\r\n'
            + _TYPED.format("plain")
            + _TEXT
            + "\r\n--=-=\r\n"
        )
        return front.encode(), (_TYPED.format("html") + _HTML + "\r\n--=-=--\r\n.\r\n").encode()
    front = (
        'Content-Type: multipart/mixed; boundary="=-="\r\n\r\n--=-=\r\n'
        + _TYPED.format("plain")
        + _TEXT
        + "\r\n--=-=\r\n"
        + _ENCLOSED
    )
    lines = base64.encodebytes(os.urandom(attached * 3 // 4 * 76 // 78))
    return front.encode(), lines.replace(b"\n", b"\r\n") + b"--=-=--\r\n.\r\n"
