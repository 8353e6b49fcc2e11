"""A real Dovecot delivers by LMTP what Postfix and its milters wrote: whose word is on top then."""

import shutil
import smtplib
from pathlib import Path

import pytest

from gateway.proofs.results import results_proofs
from parsers.evidence import Proof, ProofStatus
from parsers.header import read_header
from tests.imap.dovecot import Dovecot, why_not
from tests.ports import free_port

LMTP = Path("/usr/lib/dovecot/lmtp")
USER = "support@helpdesk.example"
SENDER = "alba@vo.example"
# The order of Postfix: what a milter inserts stands above the Received line of Postfix itself.
MAIL = b"""\
Authentication-Results: mx.example; dmarc=pass (p=reject dis=none) header.from=vo.example\r
Authentication-Results: mx.example;\r
\tdkim=pass (2048-bit key; unprotected) header.d=vo.example header.i=@vo.example\r
Received: from mx.vo.example (mx.vo.example [192.0.2.9])\r
\tby mx.example (Postfix) with ESMTP id 5D9DD210994\r
\tfor <support@helpdesk.example>; Sat, 28 Nov 2026 13:39:07 +0000 (UTC)\r
From: Alba Alarm <alba@vo.example>\r
To: support@helpdesk.example\r
Subject: A test\r
Date: Sat, 28 Nov 2026 13:30:00 +0000\r
Message-ID: <t1@vo.example>\r
\r
Site: FJELL-LCG2\r
"""
SETTINGS = """\
protocols = imap lmtp
lmtp_add_received_header = {add}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""

pytestmark = pytest.mark.skipif(
    bool(why_not()) or not LMTP.exists() or shutil.which("setpriv") is None,
    reason="Dovecot's LMTP is not installed",
)


def delivered(place: Path, add: str) -> bytes:
    """Return MAIL as it lies in the mailbox after Dovecot's LMTP."""
    port = free_port()
    dovecot = Dovecot(place / "dovecot", more=SETTINGS.format(add=add, port=port))
    dovecot.start()
    try:
        with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
            assert client.sendmail(SENDER, [USER], MAIL) == {}
        with dovecot.client(USER) as reader:
            (uid,) = reader.search()
            raw = reader.fetch(uid, ["BODY[]"])[uid][b"BODY[]"]
    finally:
        dovecot.stop()
    assert isinstance(raw, bytes)
    return raw


def judged(raw: bytes) -> Proof:
    (proof,) = results_proofs(read_header(raw), "imap", "mx.example", SENDER)
    return proof


def test_dovecots_own_received_line_hides_the_results_and_it_is_said(place: Path) -> None:
    raw = delivered(place, "yes")
    assert raw.count(b"Received: ") == 2
    proof = judged(raw)
    assert (proof.status, proof.aligned) == (ProofStatus.NONE, False)
    assert "stands below a Received line" in proof.detail


def test_the_setting_of_the_documents_makes_them_count(place: Path) -> None:
    assert (
        "lmtp_add_received_header = no"
        in (Path(__file__).parents[2] / "docs" / "imap.md").read_text()
    )
    raw = delivered(place, "no")
    assert raw.count(b"Received: ") == 1
    assert judged(raw).status is ProofStatus.PASS
