"""Who sent a mail: the configured methods, asked about one heard mail.

Used by `work` for each mail, by the clock for those that had no answer, and by `explain`. It says
what was proven and never what follows.
"""

import asyncio

from gateway.config.imap import mailbox_name
from gateway.config.root import Config
from gateway.deliberate import Heard
from gateway.now import utc_now
from gateway.proofs.collect import Provers, ToProve, prove
from gateway.proofs.provers import lookup_of, provers_of
from gateway.proofs.smime import smime_verifier
from parsers.evidence import SenderEvidence

HEAD_BYTES = 128 * 1024
_SIGNS = (b"dkim-signature", b"multipart/signed", b"arc-seal", b"pkcs7")


class MailProver:
    """The methods of one configuration; it lives in the event loop that asks it."""

    def __init__(self, provers: Provers, config: Config) -> None:
        self._provers = provers
        self._border = config.smtp.role == "border"
        self._trusted = {
            mailbox_name(box): box.trusted_results for box in config.imap if box.trusted_results
        }

    def needed(self, heard: Heard, raw: bytes) -> bool:
        """Whether anything can be proven of a mail: it is signed, or came from the outside."""
        envelope = heard.mail.envelope
        if envelope.faults or heard.mail.heard.sender is None:
            return False
        if envelope.mailbox in self._trusted:
            return True
        if self._border and envelope.door == "smtp" and not envelope.submitted:
            return True
        head = raw[:HEAD_BYTES].lower()
        return any(sign in head for sign in _SIGNS)

    async def prove(self, heard: Heard, raw: bytes) -> SenderEvidence:
        """Return what can be proven of a mail's sender, within twenty seconds."""
        envelope, sender = heard.mail.envelope, heard.mail.heard.sender
        to_prove = ToProve(
            raw,
            envelope,
            sender.address if sender is not None else None,
            self._trusted.get(envelope.mailbox, ""),
        )
        return await prove(to_prove, self._provers, utc_now())

    def prove_now(self, heard: Heard, raw: bytes) -> SenderEvidence:
        """Do the same without an event loop, for a command."""
        return asyncio.run(self.prove(heard, raw)) if self.needed(heard, raw) else SenderEvidence()


def prover_of(config: Config, *, quiet: bool = False) -> MailProver:
    """Return the prover of a configuration; `quiet` writes no log, for commands."""
    smime = smime_verifier(config.proof, quiet=quiet).verify
    return MailProver(provers_of(config, lookup_of(config), smime), config)
