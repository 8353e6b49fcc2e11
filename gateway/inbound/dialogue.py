"""One connection: its clock, its command loop, its end. What the commands do is in `session`.

A subclass of aiosmtpd's SMTP (1.4.6), which gives the transport, STARTTLS and the address grammar.
Replaced here, because the stock class does otherwise: an exception is answered 451 and only logged;
an unknown command is not echoed; time runs for the whole session and for the whole of a mail; a
peer that never reads is cut off; a peer that closes its half is still answered.
"""

import asyncio
from enum import Enum, auto
from typing import Any, cast

import structlog
from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway.inbound import replies
from gateway.inbound.limits import Caps, Guests, peer_address
from parsers.errors import MailError

CHUNK_BYTES = 256 * 1024
COMMAND_BYTES = 2048  # RFC 5321 section 4.5.3.1.4 asks for 512, ESMTP parameters for more
_WITH_ADDRESS = frozenset({"MAIL", "RCPT"})
_OTHER_PROTOCOLS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"})

log = structlog.get_logger("smtp")


class Phase(Enum):
    """Whom we wait for."""

    COMMAND = auto()  # the peer, for a command
    DATA = auto()  # the peer, for a mail
    OURS = auto()  # ourselves: the disk


class Closed(Exception):  # noqa: N818 - the end of a dialogue, not an accident
    """We have ended the connection."""


class Dialogue(SMTP):
    """The machinery of a session. A subclass fills `commands` and greets."""

    line_length_limit = CHUNK_BYTES
    commands: dict[str, str] = {}  # noqa: RUF012 - verb -> method name; replaced, never changed

    def __init__(
        self, caps: Caps, guests: Guests, hostname: str, greeting: str, tls_context: Any
    ) -> None:
        super().__init__(
            None,
            hostname=hostname,
            ident=greeting,
            tls_context=tls_context,
            loop=asyncio.get_running_loop(),
        )
        self.peer = ""
        self.phase = Phase.COMMAND
        self.caps = caps
        self.guests = guests
        self.errors = 0
        self.said = 0  # commands since the last mail that was kept
        self.leaving = False
        self.closing = False  # the door closes: go after this command
        self.data_bytes = 0
        self._held = b""  # replies that go with the next one
        self._born = self._heard_at = self._data_since = self.loop.time()

    # ---- the connection ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Count the guest and start; after STARTTLS this is called again for the inner stream."""
        if not self.peer and self.transport is None:
            self.peer = peer_address(transport.get_extra_info("peername"))
            self.guests.enter(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the guest. A commit that runs goes on without it."""
        self.guests.leave(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Take bytes; while a mail comes they count as being alive."""
        if self.phase is Phase.DATA:
            self.data_bytes += len(data)
            self._heard()
        super().data_received(data)

    def eof_received(self) -> bool:
        """Go on with what has been sent: a peer may close its half and wait for our answers."""
        self._reader.feed_eof()
        return self._tls_protocol is None

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """Return the task that holds this dialogue."""
        return self._handler_coroutine

    def idle_for_s(self) -> float:
        """Return for how long the peer has been silent; 0 while we work."""
        return 0.0 if self.phase is Phase.OURS else float(self.loop.time() - self._heard_at)

    def send_away(self, reply: str) -> None:
        """End the connection at once: what the kernel takes of the reply is all that is said."""
        self.leaving = True
        if self.transport is not None:
            stream = cast("asyncio.Transport", self.transport)
            if not stream.is_closing():
                stream.write(self._held + reply.encode() + b"\r\n")
            stream.abort()

    async def start_tls(self) -> None:
        """Say 220 and do the handshake; raises Closed when it fails.

        asyncio tells nobody of a handshake that failed, and takes a peer that left in the middle
        of it for a success; so the connection is ended here.
        """
        plain = cast("asyncio.Transport", self.transport)
        failure: Exception | None = None
        try:
            await self.smtp_STARTTLS("")
        except TLSSetupException as error:
            failure = error
        if failure is not None or self.session is None or self.session.ssl is None:
            log.info("no TLS", peer=self.peer, error=repr(failure and failure.__cause__))
            plain.abort()
            if self.transport is not None:
                self.connection_lost(None)
            raise Closed

    # ---- the clock ---------------------------------------------------------------------------

    def begin_data(self) -> None:
        """Start the clock of one mail."""
        self.phase = Phase.DATA
        self.data_bytes = 0
        self._data_since = self.loop.time()

    def kept_one(self) -> None:
        """Start counting commands and errors anew: this peer is of use."""
        self.said = self.errors = 0

    def _heard(self) -> None:
        self._heard_at = self.loop.time()
        self.guests.heard_from(self)

    def _ends_at(self) -> float:
        """Return when patience ends, as things stand now."""
        if self.phase is Phase.OURS:
            return self.loop.time() + self.caps.idle_s
        ends = min(self._heard_at + self.caps.idle_s, self._born + self.caps.session_s)
        if self.phase is Phase.DATA:
            by_rate = self.caps.data_grace_s + self.data_bytes / self.caps.data_bytes_a_s
            ends = min(ends, self._data_since + by_rate)
        return ends

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Run one timer that looks again when patience may end (the stock class restarts it)."""
        del duration
        if self._timeout_handle is None:
            self._arm()

    def _arm(self) -> None:
        # A mail may begin after the timer was set, so never sleep longer than its grace.
        wait_s = min(self._ends_at() - self.loop.time(), self.caps.data_grace_s)
        self._timeout_handle = self.loop.call_later(max(wait_s, 0.0), self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.transport is None:
            return
        if self.loop.time() < self._ends_at():
            self._arm()
            return
        log.info("timeout", peer=self.peer, phase=self.phase.name.lower())
        self.send_away(replies.TIMEOUT)

    # ---- the command loop --------------------------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Send one reply, and wait while the peer does not read."""
        if self.transport is None or self.transport.is_closing():
            raise Closed
        said = status.encode() if isinstance(status, str) else status
        self._writer.write(self._held + said + b"\r\n")
        self._held = b""
        await self._writer.drain()

    async def agree(self, status: str) -> None:
        """Send a reply, together with the next if its command is here (RFC 2920 section 3.2)."""
        if b"\n" in self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
            self._held += status.encode() + b"\r\n"
        else:
            await self.push(status)

    async def _handle_client(self) -> None:
        try:
            await self.push(f"220 {self.hostname} {self.__ident__}")
            while not self.leaving:
                await self._one_command(await self._reader.readuntil(b"\n"))
                if self.closing and not self.leaving:
                    await self.dismiss(replies.CLOSING)
        except (ConnectionError, asyncio.IncompleteReadError, Closed):
            log.debug("gone", peer=self.peer)
        except asyncio.LimitOverrunError:
            self.send_away(replies.LINE_TOO_LONG)
        except Exception:
            log.exception("session failed", peer=self.peer)
            self.send_away(replies.STORE_FAILS)
        finally:
            self.finished()
            if self.transport is not None and not self.transport.is_closing():
                self.transport.close()  # a peer that does not read is cut off by the timer

    def finished(self) -> None:
        """Clean up; for subclasses."""

    async def _one_command(self, line: bytes) -> None:
        self._heard()
        if self._born + self.caps.session_s <= self.loop.time():
            await self.dismiss(replies.TOO_LONG_HERE)
            return
        self.said += 1
        if self.said > self.caps.commands:
            await self.dismiss(replies.TOO_MANY_COMMANDS)
            return
        line = line.rstrip(b"\r\n")
        verb, _, argument = line.decode("latin-1").partition(" ")
        method = self.commands.get(verb.upper())
        if len(line) > COMMAND_BYTES:
            await self.complain(replies.LINE_TOO_LONG)
        elif not _printable(line):
            is_address = verb.upper() in _WITH_ADDRESS and not line.isascii()
            await self.complain(replies.NOT_IN_ASCII if is_address else replies.NOT_ASCII)
        elif method is None and verb.upper() in _OTHER_PROTOCOLS:
            await self.dismiss(replies.NOT_SMTP)
        elif method is None:
            await self.complain(replies.NOT_KNOWN)
        else:
            await self._run(method, argument.strip(" "))

    async def _run(self, method: str, argument: str) -> None:
        try:
            await getattr(self, method)(argument)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, Closed):
            raise
        except MailError as error:
            log.warning("deferred", peer=self.peer, detail=error.detail)
            await self.push(replies.try_later(error))
        except Exception:
            if self.phase is Phase.DATA:
                raise  # out of step: what comes next is not a command
            log.exception("command failed", peer=self.peer, method=method)
            await self.push(replies.OUR_FAULT)
        finally:
            self.phase = Phase.COMMAND
            self._heard()

    async def complain(self, reply: str) -> None:
        """Answer an error; after too many, say goodbye instead."""
        self.errors += 1
        cap = self.caps.errors_in_stress if self.guests.crowded else self.caps.errors
        if self.errors > cap:
            await self.dismiss(replies.TOO_MANY_ERRORS)
        else:
            await self.push(reply)

    async def dismiss(self, reply: str) -> None:
        """Say a last reply."""
        self.leaving = True
        await self.push(reply)


def _printable(line: bytes) -> bool:
    return line.isascii() and line.decode("ascii").isprintable()
