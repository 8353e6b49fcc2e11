"""The LMTP commands (RFC 2033): for a mail server that hands mail on, here or on its network.

Rule: each recipient that was accepted hears a reply of its own, all from the one record: a mail is
kept once or not at all, so that the server in front never delivers half of it again. There is no
HELO and no EHLO here, and nothing is refused for its structure (the door is always `behind`).
"""

from gateway.inbound import replies
from gateway.inbound.session import SmtpSession


class LmtpSession(SmtpSession):
    """One LMTP connection."""

    door = "lmtp"
    greeting = "LMTP"
    hello_first = replies.LHLO_FIRST
    commands = {  # noqa: RUF012 - never changed
        "LHLO": "say_ehlo",
        **{v: name for v, name in SmtpSession.commands.items() if v not in {"EHLO", "HELO"}},
    }

    async def _answer_mail(self, reply: str, recipients: int) -> None:
        """Send the outcome once for each accepted recipient, in their order (RFC 2033, 4.2)."""
        await self.push("\r\n".join([reply] * recipients))
