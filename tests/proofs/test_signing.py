"""What we sign: verified by OpenDKIM, by the library alone, and by ourselves with a real server."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dkim
import pytest
import structlog
from running import helpdesk, until

from gateway.outbound.letter import Writer
from gateway.outbound.signing import (
    FIELDS,
    Signer,
    ed25519_key,
    rsa_key,
)
from gateway.proofs.dns import Lookup
from parsers.evidence import ProofStatus
from router.words import Audience, MailKind
from store.outbox import OutboxRow
from templates.render import Speaker
from templates.samples import TICKET
from tests.outbound.rows import KEYS
from tests.outbound.rows import OURS as OURS_AT
from tests.proofs import keys
from tests.proofs.mails import NOW, judged, mail
from tests.proofs.nameserver import NameServer
from tests.proofs.opendkim import PROGRAM
from tests.proofs.test_opendkim import pytestmark as with_opendkim

CASES = Path(__file__).parents[1] / "cases"
SENT = sorted(CASES.glob("*/*-out-*.eml"))
OURS = mail(
    From="Helpdesk <support@vo.example>",
    Reply_To="reply+x@vo.example",
    MIME_Version="1.0",
    Content_Type="text/plain; charset=utf-8",
    Content_Transfer_Encoding="quoted-printable",
    Auto_Submitted="auto-generated",
    body="Gr=C3=BC=C3=9Fe  two blanks \r\n\r\n.\r\n..\r\nFrom here\r\n\r\n\r\n",
)


@pytest.fixture
def signer() -> Signer:
    """A signer with both keys, whose records the name server has."""
    both = rsa_key("s1", keys.rsa_key()), ed25519_key("ed", keys.ed25519_pem())
    return Signer("vo.example", both)


def opendkim_says(place: Path, raw: bytes) -> str:
    """Return the word of OpenDKIM about a mail of ours: pass, fail, neutral or none."""
    record = rsa_key("s1", keys.rsa_key()).record
    (place / "keys").write_text(f"s1._domainkey.vo.example {record}\n")
    (place / "verify").write_text(
        f"Mode v\nSocket local:{place}/sock\nTestPublicKeys {place}/keys\n"
    )
    (place / "signed").write_bytes(raw)
    assert PROGRAM is not None
    done = subprocess.run(
        [PROGRAM, "-x", place / "verify", "-vvv", "-t", place / "signed"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    found = re.search(r"dkim=(\w+)", done.stdout)
    return found[1] if found else "none"


async def test_both_signatures_pass_and_cover_everything(signer: Signer, lookup: Lookup) -> None:
    for proof, kind in zip(
        await judged(signer.signed(OURS, NOW), lookup), ("rsa", "ed25519"), strict=True
    ):
        assert proof.status is ProofStatus.PASS, proof
        assert proof.detail.startswith(f"{kind}-sha256")
        assert proof.signed_at == NOW
        assert proof.covers == {
            "from", "to", "subject", "date", "message-id", "reply-to", "mime-version",
            "content-type", "content-transfer-encoding", "auto-submitted", "body",
        }  # fmt: skip


def test_the_library_alone_says_the_same(signer: Signer) -> None:
    raw = signer.signed(OURS, NOW)
    records = {
        b"s1._domainkey.vo.example.": rsa_key("s1", keys.rsa_key()).record.encode(),
        b"ed._domainkey.vo.example.": ed25519_key("ed", keys.ed25519_pem()).record.encode(),
    }
    for index in (0, 1):
        assert dkim.DKIM(raw).verify(index, dnsfunc=lambda name, **_: records[name])


@with_opendkim
def test_opendkim_believes_what_we_sign_and_not_what_was_changed(place: Path) -> None:
    raw = Signer("vo.example", [rsa_key("s1", keys.rsa_key())]).signed(OURS, NOW)
    assert opendkim_says(place, raw) == "pass"
    assert opendkim_says(place, raw.replace(b"two blanks", b"two blonks")) == "fail"
    assert opendkim_says(place, b"Cc: more@vo.example\r\n" + raw) == "fail"
    assert opendkim_says(place, OURS) == "none"


@with_opendkim
def test_opendkim_believes_each_kind_of_mail_that_we_send(place: Path) -> None:
    signer = Signer("vo.example", [rsa_key("s1", keys.rsa_key())])
    kinds = {path.name.partition("-out-")[2].partition("-")[2]: path for path in SENT}
    assert len(kinds) > 5
    for name, path in kinds.items():
        raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        assert opendkim_says(place, signer.signed(raw, NOW)) == "pass", name


def test_the_same_mail_is_signed_with_the_same_bytes_at_any_time(signer: Signer) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert signer.signed(OURS, at) == signer.signed(OURS, at)
    assert signer.signed(OURS, at) != signer.signed(OURS, at + timedelta(seconds=1))


def test_a_signature_lives_for_a_week_and_signs_no_length(signer: Signer) -> None:
    field = signer.signed(OURS, NOW).partition(b"From:")[0]
    t, x = (int(re.search(rb"\b" + tag + rb"=(\d+)", field)[1]) for tag in (b"t", b"x"))  # type: ignore[index]
    assert x - t == 7 * 86_400
    assert b"c=relaxed/relaxed" in field
    assert not re.search(rb"\bl=", field)
    assert max(map(len, field.split(b"\r\n"))) <= 78
    # a name that is folded in the middle is not read by everybody
    names = re.search(rb"h=([^;]*)", field)
    assert names is not None
    assert {name.strip().decode() for name in names[1].split(b":")} == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
async def test_no_field_can_be_added(signer: Signer, lookup: Lookup, name: str) -> None:
    raw = signer.signed(OURS, NOW)
    above = f"{name}: x\r\n".encode() + raw
    below = raw.replace(b"\r\n\r\n", f"\r\n{name}: x\r\n\r\n".encode(), 1)
    for changed in (above, below):
        assert all(p.status is ProofStatus.FAIL for p in await judged(changed, lookup))


def test_a_mail_that_a_relay_would_change_is_not_signed(signer: Signer) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        signer.signed(OURS + "ü".encode(), NOW)


async def test_the_daemon_signs_what_it_sends(place: Path, nsd: NameServer) -> None:
    (place / "dkim.pem").write_bytes(keys.rsa_key())
    (place / "dkim.pem").chmod(0o600)
    section = (
        '[keys]\ndkim_domain = "vo.example"\ndkim_selector = "s1"\n'
        'dkim_key = { file = "dkim.pem" }\n\n[helpdesk]\n'
    )
    with helpdesk(place, {"[helpdesk]\n": section}) as desk:
        assert desk.send(mail(), ["support@helpdesk.example"]).startswith("250")
        raw = until(desk.outgoing, "a mail is sent")[0].read_bytes()
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    raw = raw[raw.index(b"DKIM-Signature:") :]  # what the maildir put on top is not ours
    (proof,) = await judged(raw, Lookup(["127.0.0.1"], nsd.port), now=datetime.now(UTC))
    assert proof.status is ProofStatus.PASS, proof


def letter_of(sign: Callable[[bytes, datetime], bytes]) -> bytes:
    """Return the bytes of an update's letter, as the courier hands it over."""
    row = OutboxRow(
        id=1, ticket=42, event=1, kind=MailKind.UPDATE, audience=Audience.SUBMITTER,
        recipient="jo@lab.example", lane=2, message_id="<t.42.1@hd.example>", date=NOW,
        reply_token="", bounce_token="", in_reply_to=(), attachments_of=0, values=TICKET,
        attempts=1, due_at=NOW, give_up_at=NOW, claimed_by="", claimed_until=NOW,
    )  # fmt: skip
    writer = Writer(
        Speaker(), name="Desk", addresses=OURS_AT, keys=KEYS, raw_of=lambda _mail: None, sign=sign
    )
    return writer.letter(row).mail


def test_a_letter_that_is_tried_again_has_the_same_bytes(signer: Signer) -> None:
    first = letter_of(signer.signed)
    assert first.startswith(b"DKIM-Signature: ")
    assert letter_of(signer.signed) == first


def test_a_letter_that_cannot_be_signed_goes_all_the_same() -> None:
    def broken(_mail: bytes, _at: datetime) -> bytes:
        raise RuntimeError("no key any more")

    with structlog.testing.capture_logs() as logged:
        assert letter_of(broken).startswith(b"From: ")
    assert [line["event"] for line in logged] == ["mail not signed"]
