"""The last word on a mail: its structure is judged, then it is kept or refused.

Shared by all doors. Rule: only a border door refuses, and only faults of the
structure; behind another mail server a refusal would make that server bounce to a forged sender, so
there the mail is kept with its faults. Nothing here reads a meaning.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from gateway.inbound import replies
from gateway.inbound.limits import Network, within
from gateway.intake import Intake, apart
from parsers.envelope import Envelope
from parsers.errors import Refused
from parsers.gate import REFUSED_AT_THE_BORDER, Fault, Gate, look
from router.addresses import Intent, OurAddresses
from router.tokens import Keyring, TokenClass, read_token
from store.origins import Origin
from store.refusals import Refusal

UNKNOWN_MAILBOX = "unknown mailbox"

log = structlog.get_logger("smtp")


class BadStructure(Refused):
    """A mail that a border door does not take; `public` is the sentence for its sender."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What a door needs to take mails. `role` is "border" or "behind"."""

    addresses: OurAddresses
    keys: Keyring
    intake: Intake
    now: Callable[[], datetime]
    role: str
    submission_networks: tuple[Network, ...]

    async def take(self, envelope: Envelope, raw: bytes, origin: Origin | None = None) -> int:
        """Keep a mail and return its number. `origin` is set when it was read from a mailbox.

        Raises BadStructure for what this door refuses (a row remembers it), and Deferred.
        """
        gate = await apart(len(raw), lambda: look(raw, file=origin is not None))
        if self.role == "border":
            self._refuse_faults(envelope, gate)
        submitted = gate.received == 0 and within(envelope.peer, self.submission_networks)
        envelope = replace(envelope, submitted=submitted, faults=tuple(map(str, gate.faults)))
        mail_id = await self.intake.accept(envelope, raw, gate, self._lane(envelope), origin)
        log.info(
            "kept", mail=mail_id, door=envelope.door, peer=envelope.peer, size=len(raw),
            recipients=len(envelope.recipients), faults=len(gate.faults),
        )  # fmt: skip
        return mail_id

    def refuse_recipient(self, envelope: Envelope, recipient: str, reply: str) -> None:
        """Remember a recipient that is not ours."""
        self._refuse(
            replace(envelope, recipients=(recipient,)), reply, UNKNOWN_MAILBOX, whole=False
        )

    def refuse_unread(self, envelope: Envelope, reason: str) -> None:
        """Remember a mail in a mailbox that could not be taken; nobody hears a reply."""
        self._refuse(envelope, "", reason)

    def _refuse_faults(self, envelope: Envelope, gate: Gate) -> None:
        fault: Fault | None = next((f for f in gate.faults if f in REFUSED_AT_THE_BORDER), None)
        if fault is not None:
            reply = replies.bad_structure(fault)
            self._refuse(envelope, reply, fault, message_id=gate.message_id)
            raise BadStructure(reply, fault)

    def _refuse(
        self,
        envelope: Envelope,
        reply: str,
        reason: str,
        *,
        message_id: str = "",
        whole: bool = True,
    ) -> None:
        self.intake.refused(
            Refusal(
                self.now(),
                envelope.door,
                envelope.peer,
                envelope.mail_from,
                envelope.recipients,
                reply,
                str(reason),
                message_id,
                whole,
            )
        )

    def _lane(self, envelope: Envelope) -> int:
        site_token = any(self._is_site_token(recipient) for recipient in envelope.recipients)
        return self.addresses.lane(envelope.recipients, site_token=site_token)

    def _is_site_token(self, recipient: str) -> bool:
        if self.addresses.intent(recipient) is not Intent.ANSWER:
            return False
        token = read_token(self.keys, self.addresses.token(recipient), self.now())
        return token is not None and token.token_class is TokenClass.SITE
