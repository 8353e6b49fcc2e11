"""The envelope that a mail in a file would have had at a door, for `explain`.

A file holds no envelope, so whoever asks says how the mail came; what is not said is as from the
Internet to the addresses of ours in To and Cc.
"""

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import FAULT, NOT_FOUND, Stop

if TYPE_CHECKING:
    from gateway.config.load import Config
    from parsers.envelope import Envelope


@dataclass(frozen=True, slots=True)
class AsIf:
    """How a mail came. `mailbox` is the name or the address of an [[imap]], "" for none."""

    recipients: tuple[str, ...] = ()
    mail_from: str | None = None
    peer: str = ""
    mailbox: str = ""
    submitted: bool = False


def envelope_as_if(config: "Config", raw: bytes, said: AsIf) -> "Envelope":
    """Return the envelope that the door would have made; ends the command with what cannot be."""
    from gateway.config.load import policy

    ours = policy(config).addresses
    for recipient in said.recipients:
        if ours.intent(recipient) is None:
            raise Stop(f"{recipient} is not an address of this helpdesk", FAULT)
    if said.mailbox:
        return _from_mailbox(config, raw, said)
    return _from_peer(config, raw, said)


def _from_mailbox(config: "Config", raw: bytes, said: AsIf) -> "Envelope":
    from gateway.config.imap import mailbox_name
    from gateway.config.load import policy
    from gateway.inbound.imap.envelope import envelope_of
    from gateway.now import utc_now
    from parsers.gate import look

    if said.peer or said.submitted:
        raise click.UsageError("--mailbox goes with neither --peer nor --submitted")
    box = next(
        (one for one in config.imap if said.mailbox in {mailbox_name(one), one.address}), None
    )
    if box is None:
        named = ", ".join(mailbox_name(one) for one in config.imap) or "none is configured"
        raise Stop(f"there is no [[imap]] mailbox {said.mailbox}: {named}", NOT_FOUND)
    envelope = envelope_of(
        raw, policy(config).addresses, address=box.address, recipient_header=box.recipient_header,
        tls=box.tls != "off", now=utc_now(), mailbox=mailbox_name(box),
    )  # fmt: skip
    return replace(
        envelope,
        recipients=said.recipients or envelope.recipients,
        mail_from=envelope.mail_from if said.mail_from is None else said.mail_from.strip("<>"),
        faults=tuple(str(fault) for fault in look(raw, file=True).faults),
    )


def _from_peer(config: "Config", raw: bytes, said: AsIf) -> "Envelope":
    from gateway.config.load import policy
    from gateway.now import utc_now
    from parsers.envelope import Envelope
    from parsers.gate import look
    from parsers.mail import hear

    heard = hear(raw)
    ours = policy(config).addresses
    named = tuple(m.address for m in (*heard.to, *heard.cc) if ours.intent(m.address) is not None)
    gate = look(raw, file=True)
    try:
        address = ipaddress.ip_address(said.peer) if said.peer else None
    except ValueError:
        raise click.BadParameter("must be an IP address", param_hint="--peer") from None
    trusted = address is not None and any(address in n for n in config.smtp.submission_networks)
    sender = heard.sender.address if heard.sender is not None else ""
    return Envelope(
        door="explain",
        peer=said.peer,
        helo="",
        mail_from=sender if said.mail_from is None else said.mail_from.strip("<>"),
        recipients=said.recipients or named or (config.helpdesk.address,),
        received_at=utc_now(),
        submitted=said.submitted or (trusted and gate.received == 0),
        faults=tuple(str(fault) for fault in gate.faults),
    )
