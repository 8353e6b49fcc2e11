"""The SMTP commands (RFC 5321): what a peer may say, and what it hears.

Rule: recipients are decided from memory, the mail is read in full, and 250 comes after the disk.
No relay, no AUTH, no SMTPUTF8, no detail from VRFY, EXPN and HELP.
"""

from contextlib import suppress
from typing import Any

import structlog

from gateway.inbound import replies
from gateway.inbound.data import Overrun, read_mail
from gateway.inbound.dialogue import Dialogue, Phase
from gateway.inbound.grammar import mail_parameters, path_argument, plain_path
from gateway.inbound.limits import Caps, Guests
from gateway.inbound.room import Share
from gateway.inbound.taking import BadStructure, Taking
from parsers.envelope import Envelope
from parsers.errors import Deferred

HELO_CHARS = 255

log = structlog.get_logger("smtp")


class SmtpSession(Dialogue):
    """One SMTP connection."""

    door = "smtp"
    greeting = "ESMTP"
    hello_first = replies.HELLO_FIRST
    commands = {  # noqa: RUF012 - replaced by a subclass, never changed
        verb: f"say_{verb.lower()}"
        for verb in (
            "EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT",
            "HELP", "VRFY", "EXPN", "AUTH",
        )
    }  # fmt: skip

    def __init__(
        self,
        taking: Taking,
        *,
        caps: Caps,
        guests: Guests,
        hostname: str,
        max_bytes: int,
        tls_context: Any,
    ) -> None:
        super().__init__(caps, guests, hostname, self.greeting, tls_context)
        self._taking = taking
        self._max_bytes = max_bytes
        self._share: Share | None = None
        self._mail_from: str | None = None
        self._recipients: list[str] = []
        self._helo = ""
        self._refusals = 0

    # ---- greetings ---------------------------------------------------------------------------

    async def say_helo(self, argument: str) -> None:
        """HELO host."""
        if await self._greeted(argument):
            await self.push(f"250 {self.hostname}")

    async def say_ehlo(self, argument: str) -> None:
        """EHLO host: what we can (RFC 1870, 2920, 2034, 3207, 6152)."""
        if not await self._greeted(argument):
            return
        abilities = [f"SIZE {self._max_bytes}", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self.tls_context is not None and self._tls_protocol is None:
            abilities.append("STARTTLS")
        lines = [self.hostname, *abilities]
        said = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
        await self.push("\r\n".join(said))

    async def say_starttls(self, argument: str) -> None:
        """STARTTLS (RFC 3207): everything said before is forgotten."""
        if argument:
            await self.complain(replies.NO_ARGUMENT)
        elif self._tls_protocol is not None:
            await self.complain(replies.TLS_ALREADY)
        elif self.tls_context is None:
            await self.complain(replies.NO_TLS)
        else:
            self._forget_mail()
            self._helo = ""
            await self.start_tls()

    # ---- a mail ------------------------------------------------------------------------------

    async def say_mail(self, argument: str) -> None:
        """MAIL FROM:<path> [SIZE=n] [BODY=...]."""
        if not self._helo or self._mail_from is not None:
            await self.complain(replies.NESTED if self._helo else self.hello_first)
            return
        path = path_argument(argument, "FROM:")
        found = self._path(path) if path else None
        if found is None:
            await self.complain(replies.SENDER_BAD if path else replies.ARGUMENT)
            return
        parameters = mail_parameters(found[1])
        if parameters is None:
            await self.complain(replies.PARAMETER)
        elif parameters.size > self._max_bytes:
            await self.push(replies.too_big(self._max_bytes))
        else:
            self._taking.intake.require_room(parameters.size)
            self._mail_from = found[0]
            await self.agree(replies.SENDER_OK)

    async def say_rcpt(self, argument: str) -> None:
        """RCPT TO:<path>: one of our mailboxes, or 550."""
        if self._mail_from is None:
            await self.complain(replies.MAIL_FIRST)
            return
        path = path_argument(argument, "TO:")
        found = self._path(path) if path else None
        if found is None or not found[0]:
            await self.complain(replies.RECIPIENT_BAD if path else replies.ARGUMENT)
        elif found[1]:
            await self.complain(replies.PARAMETER)
        elif self._taking.addresses.intent(found[0]) is None:
            await self._no_mailbox(found[0])
        elif len(self._recipients) >= self.caps.recipients:
            self.said -= 1  # senders of long lists go on after the first 452
            await self.push(replies.TOO_MANY_RECIPIENTS)
        else:
            self._recipients.append(found[0])
            await self.agree(replies.RECIPIENT_OK)

    async def say_data(self, argument: str) -> None:
        """Read a mail (DATA); it is answered when it is on disk."""
        if argument:
            await self.complain(replies.NO_ARGUMENT)
            return
        if not self._recipients:
            missing = replies.MAIL_FIRST if self._mail_from is None else replies.NO_RECIPIENTS
            await self.complain(missing)
            return
        self._taking.intake.require_room()
        await self.push(replies.GO_AHEAD)
        recipients = len(self._recipients)
        try:
            reply = await self._read_and_keep()
        finally:
            self._forget_mail()
        await self._answer_mail(reply, recipients)

    async def say_rset(self, argument: str) -> None:
        """RSET: forget the mail that was begun."""
        if argument:
            await self.complain(replies.NO_ARGUMENT)
            return
        self._forget_mail()
        await self.push(replies.OK)

    # ---- the rest ----------------------------------------------------------------------------

    async def say_noop(self, argument: str) -> None:
        """NOOP, with or without an argument."""
        del argument
        await self.push(replies.OK)

    async def say_quit(self, argument: str) -> None:
        """QUIT."""
        if argument:
            await self.complain(replies.NO_ARGUMENT)
        else:
            await self.dismiss(replies.BYE)

    async def say_help(self, argument: str) -> None:
        """HELP: the standard is enough."""
        del argument
        await self.push(replies.HELP)

    async def say_vrfy(self, argument: str) -> None:
        """VRFY: who has a mailbox here is told at RCPT only."""
        await (self.push(replies.CANNOT_VERIFY) if argument else self.complain(replies.ARGUMENT))

    async def say_expn(self, argument: str) -> None:
        """EXPN: never."""
        del argument
        await self.complain(replies.NOT_HERE)

    async def say_auth(self, argument: str) -> None:
        """AUTH: nobody logs in here."""
        del argument
        await self.complain(replies.NOT_HERE)

    # ---- inside ------------------------------------------------------------------------------

    def finished(self) -> None:
        """Give back what a mail in the middle took."""
        self._forget_mail()

    async def _greeted(self, argument: str) -> bool:
        if not argument:
            await self.complain(replies.ARGUMENT)
            return False
        self._forget_mail()
        self._helo = argument[:HELO_CHARS]
        return True

    def _path(self, text: str) -> tuple[str, str] | None:
        """Return (address, parameters), "" for the null path; None for nonsense."""
        plain = plain_path(text)
        if plain is not None:
            return plain
        address = rest = None
        with suppress(Exception):  # the stock grammar raises many kinds of error for nonsense
            address, rest = self._getaddr(text)
        # Only what stands there: the stock grammar repairs blanks and comments.
        if not address or "@" not in address or not text.startswith("<") or address not in text:
            return None
        return str(address), str(rest or "").strip(" ")

    def _envelope(self) -> Envelope:
        return Envelope(
            door=self.door,
            peer=self.peer,
            helo=self._helo,
            mail_from=self._mail_from or "",
            recipients=tuple(dict.fromkeys(self._recipients)),
            received_at=self._taking.now(),
            tls=self._tls_protocol is not None,
        )

    async def _no_mailbox(self, recipient: str) -> None:
        reply = replies.no_mailbox(self._taking.addresses.support)
        self._refusals += 1
        if self._refusals <= self.caps.refusals_listed:
            self._taking.refuse_recipient(self._envelope(), recipient, reply)
        await self.complain(reply)

    async def _read_and_keep(self) -> str:
        share = self._share = self._taking.intake.share()
        too_big = False

        def fits(length: int) -> bool:
            nonlocal too_big
            too_big = length > self._max_bytes
            return not too_big and share.grow(length)

        self.begin_data()
        try:
            raw = await read_mail(self._reader, fits)
        except Overrun:
            return replies.too_big(self._max_bytes) if too_big else replies.NO_MEMORY
        finally:
            share.give_back()
        self.phase = Phase.OURS
        try:
            mail_id = await self._taking.take(self._envelope(), raw)
        except BadStructure as refusal:
            self.errors += 1
            return refusal.public
        except Deferred as error:
            return replies.try_later(error)
        except Exception:  # said here, so that each recipient of LMTP hears it
            log.exception("mail not taken", peer=self.peer)
            return replies.OUR_FAULT
        self.kept_one()
        return replies.kept(mail_id)

    async def _answer_mail(self, reply: str, recipients: int) -> None:
        """Send the outcome of a mail, once however many recipients it has."""
        del recipients
        await self.push(reply)

    def _forget_mail(self) -> None:
        if self._share is not None:
            self._share.give_back()
            self._share = None
        self._mail_from = None
        self._recipients = []
