"""The connection to an IMAP server: IMAPClient with bounds on bytes, time and silence.

Rule: nothing that a server says, or leaves unsaid, makes us wait for ever or hold more than we
allowed. IMAPClient reads as much as a server announces, for as long as that takes; so whatever it
reads passes through a `Wire`, which stops at an allowance that is set before each command. After
an OSError or imaplib's `abort` the dialogue is out of step: drop the connection.
"""

import imaplib
import io
import select
import socket
import ssl
from contextlib import suppress
from time import monotonic
from typing import Any, cast

import imapclient

CONNECT_S = 20.0
SILENCE_S = 30.0  # between two pieces of an answer
COMMAND_S = 120.0  # for a whole answer
COMMAND_BYTES = 1024 * 1024
LINE_BYTES = 32 * 1024 * 1024  # a search of three million mails answers in one line
BUFFER_BYTES = 64 * 1024
HIGHEST_UID = 2**32 - 1  # RFC 9051, 2.3.1.1
LASTING = frozenset({"BYE", "CAPABILITY", "READ-ONLY"})  # what is still true after a command


class Overrun(OSError):  # noqa: N818 - what happened, as in data.py
    """The server sends more than was asked for. Not an `abort`: imaplib would wrap that."""


class Wire(io.RawIOBase):
    """The bytes that come in. `left` is how many more may come, `until` how long."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.left = COMMAND_BYTES
        self.until = monotonic() + COMMAND_S
        self.silence_s = SILENCE_S
        self.dry = False  # then there is nothing to read, whatever the socket holds

    def readable(self) -> bool:
        """Say that this can be read, for io.BufferedReader."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, waiting for it if need be."""
        if self.dry:
            return None
        if self.left <= 0:
            raise Overrun("the server sends more than was asked for")
        rest_s = self.until - monotonic()
        if rest_s <= 0:
            raise TimeoutError("the answer takes too long")
        self.sock.settimeout(min(self.silence_s, rest_s))
        count = self.sock.recv_into(buffer)
        self.left -= count
        return count


class BoundedImap(imaplib.IMAP4):
    """imaplib's side of the dialogue, reading from a Wire."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._wire: Wire | None = None
        self._reader: io.BufferedReader[Any] = io.BufferedReader(io.BytesIO())
        super().__init__(host, port, CONNECT_S)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, with TLS from the first byte if that is wanted."""
        self.host, self.port = host, port
        sock = socket.create_connection((host, port), timeout)
        self.sock = self._tls.wrap_socket(sock, server_hostname=host) if self._tls else sock

    @property
    def wire(self) -> Wire:
        """Return the way in. After STARTTLS it is a new one, and what came before is dropped."""
        if self._wire is None or self._wire.sock is not self.sock:
            self._wire = Wire(self.sock)
            self._reader = io.BufferedReader(self._wire, BUFFER_BYTES)
        return self._wire

    def read(self, size: int) -> bytes:
        """Read a literal; its announced size is checked before anything is set aside for it."""
        if size > self.wire.left + BUFFER_BYTES:
            raise Overrun(f"the server announces {size} bytes, more than was asked for")
        return self._reader.read(size)

    def readline(self) -> bytes:
        """Read a line; it ends at the allowance at the latest."""
        assert self.wire  # noqa: S101 - the reader is that of this wire
        return self._reader.readline(LINE_BYTES)

    def has_buffered(self) -> bool:
        """Whether bytes have been received that nobody has read yet."""
        self.wire.dry = True
        try:
            held = bool(self._reader.peek(1))
        finally:
            self.wire.dry = False
        return held or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0)

    def shutdown(self) -> None:
        """Close the connection, whatever state it is in."""
        sock = getattr(self, "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class Client(imapclient.IMAPClient):  # type: ignore[misc]  # it ships no types
    """An IMAPClient on a bounded connection. Raises OSError or imaplib's errors like it."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._has_news = False
        super().__init__(host, port, ssl=tls is not None, timeout=CONNECT_S)
        self._imap.debug = 0  # IMAPClient would format every line for a log that nobody keeps
        self.socket().settimeout(SILENCE_S)

    def _create_IMAP4(self) -> BoundedImap:  # noqa: N802 - IMAPClient's name
        return BoundedImap(self.host, self.port, self._tls)

    def allow(
        self,
        size: int = COMMAND_BYTES,
        seconds: float = COMMAND_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        """Set what the next command may bring in, and how long its answer may take.

        What earlier commands left unread is forgotten, or it would be taken for the next answer.
        """
        self._forget()
        wire = cast("BoundedImap", self._imap).wire
        wire.left, wire.until, wire.silence_s = size, monotonic() + seconds, silence_s
        wire.sock.settimeout(silence_s)  # for sending, too

    def log_in(self, user: str, password: str) -> None:
        """Log in. imaplib quotes the password and leaves the user to chance."""
        if (user + password).isascii():
            quoted = user.replace("\\", "\\\\").replace('"', '\\"')
            self.login(f'"{quoted}"', password)
        else:  # LOGIN knows only ASCII (RFC 3501, 6.2.3)
            self.plain_login(user, password)

    def find(self, *criteria: str) -> list[int]:
        """Return the UIDs that fit. IMAPClient's own search fails on an answer in several lines."""
        said, data = self._raw_command(b"SEARCH", [word.encode("ascii") for word in criteria])
        self._checkok("search", said, data)
        lines = self._imap.untagged_responses.pop("SEARCH", [])
        found = [int(word) for line in lines for word in line.partition(b"(")[0].split()]
        if found and not 0 < min(found) <= max(found) <= HIGHEST_UID:
            raise imapclient.exceptions.ProtocolError("a UID that cannot be")
        return found

    def begin_to_look(self) -> None:
        """Note that what was told up to now is looked for by the next command."""
        self._has_news = False

    def has_news(self) -> bool:
        """Whether the server has told of mails since then: it does so once, with any answer."""
        return self._has_news or bool(self.told("EXISTS"))

    def told(self, word: str) -> list[bytes]:
        """Return what the server said under this word since the last command was allowed."""
        return list(self._imap.untagged_responses.get(word, []))

    def begin_idle(self) -> None:
        """Say IDLE. IMAPClient's own fails when the server tells of something before its "+"."""
        imap = self._imap
        tag = self._idle_tag = imap._command("IDLE")  # noqa: SLF001 - no public way
        while imap._get_response() is not None:  # noqa: SLF001
            if imap.tagged_commands.get(tag) is not None:
                self._checkok("idle", *imap._get_tagged_response(tag))  # noqa: SLF001
                raise imaplib.IMAP4.error("idle ended before it began")
            imap._check_bye()  # noqa: SLF001

    def wait_for_news(self, timeout_s: float, stop_fd: int) -> bool:
        """Wait until the server says something, the time is over or `stop_fd` is readable.

        IMAPClient's own idle_check answers [] at once for ever when the server is gone; so the
        socket is only watched here, and whoever is told True reads, and meets the end if it came.
        """
        if cast("BoundedImap", self._imap).has_buffered():
            return True
        poll = select.poll()
        poll.register(self.socket(), select.POLLIN)
        poll.register(stop_fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(timeout_s * 1000)}
        return self.socket().fileno() in ready

    def _forget(self) -> None:
        """Forget what nobody asked for: a line for each mail that was moved, in a long reading."""
        said = self._imap.untagged_responses
        self._has_news |= "EXISTS" in said
        for word in said.keys() - LASTING:
            del said[word]
