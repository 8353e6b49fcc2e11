"""The envelope of a mail that lies in a mailbox: what the server that delivered it wrote on top.

Rule: the intent of a mailbox is configured; the header may only add addresses of ours that carry a
token, which its sender cannot make up. A delivering server puts its lines on top, so the topmost
Return-Path and the topmost recipient header are its word; what stands below came with the mail.
"""

from datetime import datetime

from parsers.addresses import mailboxes
from parsers.envelope import Envelope
from parsers.header import Header, read_header
from router.addresses import Intent, OurAddresses

TOP_BYTES = 128 * 1024  # the header block is capped at 64 kB anyway
WITH_TOKEN = frozenset({Intent.ANSWER, Intent.BOUNCE})
DOOR = "imap"


def envelope_of(
    raw: bytes,
    addresses: OurAddresses,
    *,
    address: str,
    recipient_header: str,
    tls: bool,
    now: datetime,
    mailbox: str = "",
) -> Envelope:
    """Return the envelope of a mail from the mailbox of `address`; `mailbox` is its name.

    With a recipient header, an address with a token in its topmost line is the recipient; without
    one, those in To and Cc are recipients beside the mailbox's address. Never raises.
    """
    header = read_header(raw[:TOP_BYTES])
    if recipient_header:
        named = _ours(header, header.raws(recipient_header.lower())[:1], addresses)
        recipients = named or (address,)
    else:
        named = _ours(header, header.raws("to") + header.raws("cc"), addresses)
        recipients = (address, *named)
    return Envelope(
        door=DOOR,
        peer="",
        helo="",
        mail_from=_return_path(header),
        recipients=recipients,
        received_at=now,
        tls=tls,
        mailbox=mailbox,
    )


def unread_envelope(address: str, now: datetime) -> Envelope:
    """Return the envelope of a mail whose bytes never came."""
    return Envelope(DOOR, "", "", "", (address,), now)


def _ours(header: Header, values: tuple[bytes, ...], addresses: OurAddresses) -> tuple[str, ...]:
    """Return the addresses in these lines that are ours and carry a token, each once."""
    found = (
        box.address
        for value in values
        for box in mailboxes(header.shown(value, set()), lambda name: name)
        if addresses.intent(box.address) in WITH_TOKEN and addresses.token(box.address)
    )
    return tuple(dict.fromkeys(found))


def _return_path(header: Header) -> str:
    """Return the envelope sender, "" for the null sender; From where the server wrote none.

    Not every server writes Return-Path, and a missing one must not make a person a machine.
    """
    for name in ("return-path", "from"):
        if header.raws(name):
            boxes = mailboxes(header.shown(header.raw(name), set()), lambda name: name)
            return boxes[0].address if boxes else ""
    return ""
