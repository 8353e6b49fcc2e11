"""The envelope that is made of what the delivering server wrote into a mail."""

from datetime import UTC, datetime

import pytest

from gateway.inbound.imap.envelope import envelope_of
from router.addresses import OurAddresses

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OURS = OurAddresses(
    "helpdesk.example",
    "support@helpdesk.example",
    "team@helpdesk.example",
    "alarm@helpdesk.example",
)


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        ("Return-Path: <list@x.example>\r\nFrom: Anna <a@x.example>\r\n", "list@x.example"),
        ("Return-Path: <>\r\nFrom: Mailer <daemon@physics.example>\r\n", ""),
        ("From: Anna <anna@physics.example>\r\n", "anna@physics.example"),
        ("Subject: no sender at all\r\n", ""),
    ],
)  # fmt: skip
def test_a_server_that_writes_no_return_path_makes_nobody_a_machine(head: str, sender: str) -> None:
    raw = f"{head}\r\nHello\r\n".encode()
    made = envelope_of(
        raw, OURS, address="support@helpdesk.example", recipient_header="", tls=True, now=NOW
    )
    assert made.mail_from == sender
