"""Signed alarms whose signature leaves the Message-ID free: each pages once, however it comes back.

The whole way from the bytes on: real signatures, a real name server, the worker and the store.
"""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import dkim
import pytest
from stage import Stage

from gateway.prover import prover_of
from router.authority import Standing
from router.words import Outcome, Reason
from store.evidence import read_evidence
from tests.proofs.conftest import nsd
from tests.proofs.keys import ed25519_seed, rsa_key, signature, signed
from tests.proofs.mails import NOW, mail
from tests.proofs.nameserver import NameServer
from tests.work.mails import WORLD

__all__ = ["nsd"]  # the fixture
ADA = """
[[member]]
name = "Ada"
addresses = ["ada@vo.example"]
vo = "atlas"
roles = ["team", "alarm"]
"""
FIELDS = ("from", "subject", "date")
BODY = "Site: FZK-LCG2\r\nVO: atlas\r\nAlarm: helpdesk.example\r\n\r\nThe disks are on fire.\r\n"
ALARM, SUPPORT = "alarm@helpdesk.example", "support@helpdesk.example"


@pytest.fixture
def stage(place: Path, store_url: str, nsd: NameServer) -> Iterator[Stage]:
    """Give a helpdesk that proves for itself; Ada's domain publishes keys."""
    dns = f'[dns]\nservers = ["127.0.0.1"]\nport = {nsd.port}\n'
    world = place / "world.toml"
    world.write_text(WORLD.read_text().replace("[store]", dns + "[store]") + ADA)
    stage = Stage(place, world, NOW, store_url)
    prover = prover_of(stage.config, quiet=True)
    stage.worker.prover = stage.worker._proving._prover = prover
    yield stage
    stage.close()


def alarm(body: str = BODY, h: tuple[str, ...] = FIELDS, **about: Any) -> bytes:
    fields = {name: about.pop(name) for name in tuple(about) if name[0].isupper()}
    return signed(mail(body=body, **fields), h=h, **about)


def come(stage: Stage, raw: bytes, to: str = ALARM) -> dict[str, Any]:
    """Let a mail come to one of our addresses; return what became of it."""
    kept = stage.keep(raw, stage.envelope(raw, [to], "ada@vo.example", "192.0.2.25"))
    for _ in range(300):
        pause_s = stage.worker.once()
        row: dict[str, Any] = stage.mail(kept)
        if row["state"] == "done":
            return row
        if pause_s >= 1.0:
            stage.worker.link.wait(0.2)
    raise AssertionError("the mail was not decided")


def pages(stage: Stage) -> int:
    return [one.kind for one in stage.said()].count("alarm")


def rewrapped(raw: bytes) -> bytes:
    """Return a mail whose b= is folded elsewhere."""
    found = re.search(rb"b=([A-Za-z0-9+/=\s]{60,}?)\r\n(?=\S)", raw)
    assert found is not None
    value = b"".join(found[1].split())
    folded = b"\r\n\t".join(value[at : at + 17] for at in range(0, len(value), 17))
    return raw[: found.start(1)] + folded + raw[found.end(1) :]


def plus_modulus(raw: bytes) -> bytes:
    """Return a mail whose RSA signature is another number with the same meaning to the library."""
    found = re.search(rb"b=([A-Za-z0-9+/=\s]{60,}?)\r\n(?=\S)", raw)
    assert found is not None
    n = dkim.crypto.parse_pem_private_key(rsa_key())["modulus"]
    number = int.from_bytes(base64.b64decode(b"".join(found[1].split()))) + n
    size = (number.bit_length() + 7) // 8
    value = base64.b64encode(number.to_bytes(size))
    return raw[: found.start(1)] + value + raw[found.end(1) :]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "another Message-ID": lambda raw: raw.replace(b"<1@vo.example>", b"<2@vo.example>"),
    "no Message-ID": lambda raw: raw.replace(b"Message-ID: <1@vo.example>\r\n", b""),
    "another To": lambda raw: raw.replace(b"To: alarm@", b"To: team@"),
    "more fields": lambda raw: b"X-Way: 1\r\nReply-To: m@evil.example\r\n" + raw,
    "b= folded elsewhere": rewrapped,
    "b= and another Message-ID": lambda raw: rewrapped(raw).replace(b"<1@vo", b"<2@vo"),
    "b= plus the modulus": lambda raw: plus_modulus(raw).replace(b"<1@vo", b"<2@vo"),
    "blanks that the signature allows": lambda raw: raw.replace(b"<1@vo", b"<2@vo").replace(
        b"Subject: ALARM FZK", b"SUBJECT:   ALARM \t FZK"
    ).replace(b"are on fire.", b"are  on fire. \t"),
}  # fmt: skip


def test_a_genuine_alarm_pages_without_a_signed_message_id(stage: Stage) -> None:
    row = come(stage, alarm())
    assert (row["outcome"], row["reasons"][0]) == (str(Outcome.NEW), str(Reason.PROVEN_DKIM))
    assert pages(stage) == 1


@pytest.mark.parametrize("change", CHANGES)
def test_a_signature_that_came_before_wakes_nobody(stage: Stage, change: str) -> None:
    raw = alarm()
    come(stage, raw)
    assert pages(stage) == 1
    again = CHANGES[change](raw)
    assert again != raw
    row = come(stage, again)
    assert pages(stage) == 0
    if row["outcome"] != str(Outcome.DUPLICATE):
        assert row["outcome"] == str(Outcome.HELD), row
        with stage.store.reading() as conn:
            assert read_evidence(conn, [row["mail"]])[row["mail"]].standing == Standing.REPLAYED


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_first_is_the_one_that_counts(stage: Stage, change: str) -> None:
    # somebody on the way is faster than the mail itself: one page, whichever comes first
    raw = alarm()
    come(stage, CHANGES[change](raw))
    come(stage, raw)
    assert pages(stage) == 1


def test_a_signed_mail_to_support_wakes_nobody_twice_when_it_is_sent_to_other_addresses(
    stage: Stage,
) -> None:
    raw = alarm()
    come(stage, raw, SUPPORT)
    assert pages(stage) == 0
    for number, to in enumerate((ALARM, ALARM, SUPPORT, "team@helpdesk.example"), 5):
        come(stage, raw.replace(b"<1@vo", b"<%d@vo" % number), to)
    assert pages(stage) == 1, "it says itself that it is meant as our alarm, once"


def test_another_drill_with_the_same_words_pages_again(stage: Stage) -> None:
    come(stage, alarm())
    assert pages(stage) == 1
    later = {"Date": format_datetime(NOW - timedelta(seconds=1)), "Message_ID": "<2@vo.example>"}
    come(stage, alarm(**later))
    assert pages(stage) == 1
    come(stage, alarm(body=BODY.replace("disks", "tapes"), Message_ID="<3@vo.example>"))
    assert pages(stage) == 1
    come(stage, alarm(Subject="ALARM FZK-LCG2 again", Message_ID="<4@vo.example>"))
    assert pages(stage) == 1


def test_two_signatures_of_one_mail_have_one_name(stage: Stage) -> None:
    raw = signed(alarm(), h=("subject", "to", "from", "date"), a="ed25519-sha256", s="ed",
                 key=ed25519_seed(), c="simple/simple")  # fmt: skip
    come(stage, raw)
    assert pages(stage) == 1
    alone = raw[raw.index(b"DKIM-Signature", 20) :]
    row = come(stage, alone.replace(b"<1@vo", b"<2@vo"))
    assert (pages(stage), row["outcome"]) == (0, str(Outcome.HELD))
    first = raw[: raw.index(b"DKIM-Signature", 20)] + mail(body=BODY, Message_ID="<3@vo.example>")
    row = come(stage, first)
    assert (pages(stage), row["outcome"]) == (0, str(Outcome.HELD))


@pytest.mark.parametrize("lacks", FIELDS)
def test_the_other_fields_must_be_signed_all_the_same(stage: Stage, lacks: str) -> None:
    h = tuple(name for name in FIELDS if name != lacks)
    row = come(stage, alarm(h=h, t=str(int(NOW.timestamp()))))
    assert (pages(stage), row["outcome"]) == (0, str(Outcome.HELD))


def test_a_signature_of_two_days_ago_wakes_nobody(stage: Stage) -> None:
    row = come(stage, alarm(Date=format_datetime(NOW - timedelta(days=2))))
    assert (pages(stage), row["outcome"]) == (0, str(Outcome.HELD))


def test_a_signature_that_is_taken_off_does_not_free_the_other(stage: Stage) -> None:
    free, full = alarm(), (*FIELDS, "message-id")
    both = signature(mail(body=BODY), h=full) + free
    come(stage, both)
    assert pages(stage) == 1
    come(stage, free.replace(b"<1@vo", b"<2@vo"))
    come(stage, b"X-Way: 1\r\n" + signed(mail(body=BODY), h=full))
    assert pages(stage) == 0
