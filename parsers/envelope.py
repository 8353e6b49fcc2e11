"""What a door knows of a mail apart from its bytes.

Rule: only what the peer said or what the socket showed. Nothing from the mail's header enters here.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """One delivery to one door.

    `peer` is an IP address as text ("" for a mailbox that we read). `mail_from` is "" for the null
    sender. `recipients` are our own addresses as the peer wrote them, at least one.
    `received_at` is aware UTC. `submitted` is true when the peer is in a submission network and the
    mail carried no Received line. `faults` are structure faults that this door keeps rather than
    refuses (words of `parsers.gate.Fault`); with any of them no evidence counts.
    `mailbox` names the mailbox that we read it from, "" for a mail that was handed to us.
    """

    door: str
    peer: str
    helo: str
    mail_from: str
    recipients: tuple[str, ...]
    received_at: datetime
    submitted: bool = False
    tls: bool = False
    faults: tuple[str, ...] = ()
    mailbox: str = ""
