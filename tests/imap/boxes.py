"""What tests of mailboxes are made of: sections of the configuration, mails, open mailboxes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.config.imap import Imap
from gateway.config.secrets import Secret
from gateway.inbound.imap.mailboxes import Mailboxes, open_mailboxes
from gateway.inbound.taking import Taking
from gateway.intake import Intake
from router.addresses import OurAddresses
from router.tokens import Keyring
from store.engine import Store
from tests.imap.dovecot import PASSWORD

ADDRESSES = OurAddresses(
    "helpdesk.example",
    "support@helpdesk.example",
    "team@helpdesk.example",
    "alarm@helpdesk.example",
)
KEYS = Keyring((b"0123456789abcdef",))


def section(port: int, user: str, **changes: Any) -> Imap:
    """Return a mailbox's section of the configuration."""
    values = {
        "host": "localhost",
        "port": port,
        "tls": "off",
        "user": user,
        "password": Secret(PASSWORD.encode()),
        "address": "support@helpdesk.example",
        "poll": "2 s",
    }
    return Imap.model_validate(values | changes)


def mail(number: int, text: str = "It fails.", to: str = "support@helpdesk.example") -> bytes:
    """Return a small mail of its own, as its server delivered it."""
    return (
        f"Return-Path: <anna@physics.example>\r\nReceived: from x by y; {number}\r\n"
        f"From: Anna <anna@physics.example>\r\nTo: {to}\r\nSubject: Trouble {number}\r\n"
        f"Message-ID: <{number}@physics.example>\r\n\r\n{text}\r\n"
    ).encode()


def open_boxes(
    sections: Sequence[Imap], store: Store, intake: Intake, holder: str = "doors-0"
) -> Mailboxes:
    """Begin to read mailboxes, as the doors do."""
    taking = Taking(ADDRESSES, KEYS, intake, lambda: datetime.now(UTC), "behind", ())
    return open_mailboxes(sections, taking, store, holder)
