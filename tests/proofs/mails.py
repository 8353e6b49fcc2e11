"""Mails and envelopes for the tests of proofs, and one way to have a mail judged."""

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from gateway.config.load import Config, load
from gateway.proofs.dkim import dkim_proofs
from gateway.proofs.dns import Asks
from gateway.proofs.keyrecord import KeyRules
from parsers.envelope import Envelope
from parsers.evidence import Proof
from parsers.header import read_header

CONFIG = """\
[helpdesk]
domain = "helpdesk.example"
first_line = "TPM"
secret = { file = "secret" }
[smtp]
listen = "127.0.0.1:0"
[[unit]]
name = "TPM"
address = "tpm@helpdesk.example"
"""
NOW = datetime.now(UTC).replace(microsecond=0)
RULES = KeyRules()


def mail(*extra: str, body: str = "The disks are on fire.\r\n", **changes: str) -> bytes:
    """Return an ordinary mail of Ada's; `changes` replace or add fields, "" leaves one out."""
    fields = {
        "From": "Ada <ada@vo.example>",
        "To": "alarm@helpdesk.example",
        "Subject": "ALARM FZK-LCG2",
        "Date": format_datetime(NOW),
        "Message-ID": "<1@vo.example>",
    }
    fields |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, *extra, "", body]).encode()


def configured(place: Path, more: str = "") -> Config:
    """Return a small configuration in `place`, and `more` sections."""
    secret = place / "secret"
    secret.write_text("a secret for tests only, 32 bytes")
    secret.chmod(0o600)
    (place / "config.toml").write_text(CONFIG + more)
    return load(place / "config.toml")


def envelope(
    mail_from: str = "ada@vo.example", peer: str = "192.0.2.25", door: str = "smtp"
) -> Envelope:
    """Return an envelope from an outside server, now."""
    return Envelope(door, peer, "mx.vo.example", mail_from, ("alarm@helpdesk.example",), NOW)


async def judged(
    raw: bytes, lookup: Asks, *, rules: KeyRules = RULES, now: datetime = NOW
) -> tuple[Proof, ...]:
    """Return the DKIM proofs of a mail."""
    return await dkim_proofs(raw, read_header(raw), lookup, rules, now)


async def one(raw: bytes, lookup: Asks, *, rules: KeyRules = RULES, now: datetime = NOW) -> Proof:
    """Return the only DKIM proof of a mail."""
    (proof,) = await judged(raw, lookup, rules=rules, now=now)
    return proof
