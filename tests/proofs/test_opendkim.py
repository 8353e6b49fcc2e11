"""Another implementation signs and we verify: OpenDKIM, of Debian."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.proofs.dns import Lookup
from parsers.evidence import ProofStatus
from tests.proofs import keys
from tests.proofs.mails import mail, one
from tests.proofs.opendkim import PROGRAM, signs

TESTMSG = shutil.which("opendkim-testmsg", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
pytestmark = pytest.mark.skipif(
    PROGRAM is None or TESTMSG is None, reason="OpenDKIM is not installed"
)


@pytest.mark.parametrize(
    "canonical", ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"]
)
@pytest.mark.parametrize(
    "body", ["one line\r\n", "  two   blanks \t\r\n\r\n\r\n", "a\r\n" * 5_000, ""], ids=len
)
async def test_what_opendkim_signs_passes(
    place: Path, lookup: Lookup, canonical: str, body: str
) -> None:
    raw = mail(body=body, MIME_Version="1.0", Content_Type="text/plain; charset=utf-8")
    proof = await one(signs(place, raw, canonical), lookup, now=datetime.now(UTC))
    assert proof.status is ProofStatus.PASS, proof
    assert {"from", "to", "subject", "date", "message-id", "body"} <= proof.covers


async def test_what_is_changed_after_opendkim_signed_fails(place: Path, lookup: Lookup) -> None:
    raw = signs(place, mail(), "relaxed/simple")
    assert (await one(raw.replace(b"disks", b"tapes"), lookup)).status is ProofStatus.FAIL


def opendkims_old_tool_signs(place: Path, raw: bytes) -> bytes:
    """Return a mail as opendkim-testmsg signs it."""
    (place / "key").write_bytes(keys.rsa_key())
    assert TESTMSG is not None
    done = subprocess.run(
        [TESTMSG, "-C", "-d", "vo.example", "-s", "s1", "-k", place / "key"],
        input=raw, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


async def test_the_sha1_of_opendkims_old_tool_is_not_believed(place: Path, lookup: Lookup) -> None:
    proof = await one(opendkims_old_tool_signs(place, mail()), lookup, now=datetime.now(UTC))
    assert (proof.status, "rsa-sha1" in proof.detail) == (ProofStatus.FAIL, True)
