"""What the door keeps, refuses and remembers."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from parsers.gate import Fault
from router.addresses import LANE_ALARM, LANE_REPLY, LANE_REST
from router.tokens import Keyring, TokenClass, write_token

KEYS = Keyring((b"0123456789abcdef",))
MAIL = b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nx\r\n"
SUPPORT = "support@helpdesk.example"


async def test_what_is_kept_is_what_was_sent(world: Any) -> None:
    raw = MAIL + b".\r\n..\r\n\xff\xfe \r\n" + b"z" * 1_000_000 + b"\r\n"
    peer = await world.greeted()
    before = datetime.now(UTC)
    assert (
        await peer.mail(raw, "Support@Helpdesk.Example", SUPPORT, SUPPORT) == "250 2.0.0 kept as 1"
    )
    (kept,) = world.kept()
    assert world.raws() == [raw]
    assert (kept.sha256, kept.size) == (sha256(raw).hexdigest(), len(raw))
    assert kept.message_id == "<1@example.org>"
    assert before <= kept.envelope.received_at <= datetime.now(UTC)
    assert replace(kept.envelope, received_at=before) == replace(
        kept.envelope,
        received_at=before,
        door="smtp",
        peer="127.0.0.1",
        helo="mx.example.org",
        mail_from="anna@example.org",
        recipients=("Support@Helpdesk.Example", SUPPORT),
        submitted=False,
        tls=False,
        faults=(),
    )
    await world.until(lambda: world.wakes == [1])  # the wake-up may come after the reply
    assert world.counters()["accepted.smtp"] == 1


async def test_the_null_sender_is_the_empty_text(world: Any) -> None:
    peer = await world.greeted()
    await peer.begin(sender="")
    peer.send(MAIL + b".\r\n")
    assert (await peer.reply()).startswith("250 ")
    assert not world.kept()[0].envelope.mail_from


async def test_every_250_has_a_row_also_for_the_same_mail_again(world: Any) -> None:
    peer = await world.greeted()
    assert [await peer.mail() for _ in range(3)] == [f"250 2.0.0 kept as {i}" for i in (1, 2, 3)]
    with world.store.journal_reading() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM raw_mail").scalar() == 1


@pytest.mark.parametrize(
    ("networks", "raw", "submitted"),
    [
        (("127.0.0.1/32",), MAIL, True),
        (("127.0.0.1/32",), b"Received: by x\r\n" + MAIL, False),
        (("192.0.2.0/24", "::/0"), MAIL, False),
        ((), MAIL, False),
    ],
)
async def test_a_mail_is_submitted_from_a_network_and_without_received_line(
    open_door: Any, networks: tuple[str, ...], raw: bytes, *, submitted: bool
) -> None:
    world = await open_door(submission_networks=tuple(map(ip_network, networks)))
    await (await world.greeted()).mail(raw)
    assert world.kept()[0].envelope.submitted is submitted


BROKEN = {
    Fault.NUL: MAIL + b"a\0b\r\n",
    Fault.BARE_IN_HEADER: b"Subject: a\nX: b\r\n" + MAIL,
    Fault.NOT_A_FIELD: b"From : x@example.org\r\n" + MAIL,
    Fault.TWICE: b"Subject: a\r\nSubject: b\r\n" + MAIL,
    Fault.FROM_TWICE: b"From: b@example.org\r\n" + MAIL,
    Fault.HEADER_TOO_LONG: MAIL[:49] + b"X: y\r\n" * 12_000 + MAIL[49:],
    Fault.LINE_TOO_LONG: b"X: " + b"y" * 1000 + b"\r\n" + MAIL,
}


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_border_door_refuses_a_broken_structure_and_remembers_it(
    world: Any, fault: Fault
) -> None:
    peer = await world.greeted()
    reply = await peer.mail(BROKEN[fault])
    assert reply == f"550 5.6.0 {fault[:1].upper()}{fault[1:]}; it was not accepted"
    assert world.kept() == []
    await world.until(lambda: bool(world.refusals()))
    (refusal,) = world.refusals()
    assert (refusal.reason, refusal.reply, refusal.message_id) == (fault, reply, "<1@example.org>")
    assert refusal.recipients == (SUPPORT,)
    assert world.counters() == {"refused": 1, "refused.smtp": 1}
    assert (await peer.mail()).startswith("250 ")


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_door_behind_another_keeps_a_broken_structure_with_its_fault(
    open_door: Any, fault: Fault
) -> None:
    world = await open_door(role="behind")
    assert (await (await world.greeted()).mail(BROKEN[fault])).startswith("250 ")
    assert fault in world.kept()[0].envelope.faults
    assert world.raws() == [BROKEN[fault]]


@pytest.mark.parametrize("bare", [b"\r", b"\n", b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n"])
async def test_bare_line_ends_in_the_body_never_smuggle_a_mail(world: Any, bare: bytes) -> None:
    inner = (
        b"MAIL FROM:<e@example.net>\r\nRCPT TO:<support@helpdesk.example>\r\nDATA\r\nFrom: e\r\n"
    )
    raw = MAIL + b"text" + bare + inner
    peer = await world.greeted()
    await peer.begin()
    peer.send(raw + b".\r\n")
    assert (await peer.reply()).startswith("250 ")
    assert await peer.say("NOOP") == "250 2.0.0 OK"
    assert world.raws() == [raw]
    assert world.kept()[0].envelope.faults == (Fault.BARE_IN_BODY,)


@pytest.mark.parametrize(
    ("recipients", "lane"),
    [
        ((SUPPORT,), LANE_REST),
        (("team@helpdesk.example",), LANE_REST),
        ((SUPPORT, "ALARM@helpdesk.example"), LANE_ALARM),
        (("reply+{r}@helpdesk.example",), LANE_REPLY),
        (("reply+{a}@helpdesk.example",), LANE_ALARM),
        (("reply+{forged}@helpdesk.example",), LANE_REPLY),
        (("bounces+{b}@helpdesk.example",), LANE_REST),
    ],
)
async def test_the_lane_is_known_from_the_envelope(
    world: Any, recipients: tuple[str, ...], lane: int
) -> None:
    now = datetime.now(UTC)
    tokens = {one.value: write_token(KEYS, one, 7, 8, now) for one in TokenClass}
    tokens["forged"] = write_token(Keyring((b"another-secret!!",)), TokenClass.SITE, 7, 8, now)
    written = [recipient.format(**tokens) for recipient in recipients]
    await (await world.greeted()).mail(MAIL, *written)
    assert world.kept()[0].lane == lane


async def test_refused_recipients_are_remembered_up_to_a_cap(open_door: Any) -> None:
    world = await open_door(refusals_listed=3)
    peer = await world.greeted()
    await peer.say("MAIL FROM:<guess@example.net>")
    for number in range(10):
        assert (await peer.say(f"RCPT TO:<a{number}@helpdesk.example>")).startswith("550 5.1.1")
    await world.until(lambda: len(world.refusals()) == 3)
    assert [one.recipients for one in world.refusals()] == [
        (f"a{number}@helpdesk.example",) for number in (2, 1, 0)
    ]
    assert world.refusals()[0].mail_from == "guess@example.net"
    assert world.counters()["refused_recipients.smtp"] == 3


async def test_a_mail_cut_at_any_byte_leaves_nothing(world: Any, caplog: Any) -> None:
    dialogue = (
        b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<support@helpdesk.example>\r\nDATA\r\n"
        + MAIL
        + b".\r\n"
    )
    for cut in range(len(dialogue)):
        peer = await world.connect()
        peer.send(dialogue[:cut])
        if cut % 2:
            peer.writer.write_eof()
            await peer.gone()
        else:
            await peer.reply()
            peer.leave()
    await world.until(lambda: world.door.connections == 0)
    assert world.kept() == []
    assert [record for record in caplog.records if record.levelname in {"ERROR", "WARNING"}] == []
    peer = await world.connect()
    peer.send(dialogue)
    peer.writer.write_eof()
    await peer.gone()
    assert len(world.kept()) == 1


async def test_a_peer_that_leaves_after_the_dot_does_not_stop_the_commit(world: Any) -> None:
    async def one() -> None:
        peer = await world.greeted()
        await peer.begin()
        peer.send(MAIL + b".\r\n")
        await peer.writer.drain()
        peer.leave()

    await asyncio.gather(*(one() for _ in range(10)))
    await world.until(lambda: world.door.connections == 0)
    good = await world.greeted()
    assert (await good.mail()).startswith("250 ")
    assert all(raw == MAIL for raw in world.raws()[:-1])


@pytest.mark.parametrize("announced", ["", " SIZE=100"])
async def test_a_mail_over_the_size_is_refused_at_its_end_and_the_session_goes_on(
    open_door: Any, announced: str
) -> None:
    world = await open_door(max_size=1_000_000)
    peer = await world.greeted()
    await peer.say(f"MAIL FROM:<a@example.org>{announced}")
    await peer.say(f"RCPT TO:<{SUPPORT}>")
    await peer.say("DATA")
    for _ in range(40):
        peer.send(MAIL + b"x" * 100_000 + b"\r\n")
        await peer.writer.drain()
    peer.send(b".\r\n")
    assert await peer.reply() == "552 5.3.4 The mail is larger than 1 MB"
    assert (await peer.mail()).startswith("250 ")
    assert len(world.kept()) == 1


async def test_a_mail_of_exactly_the_size_is_kept(open_door: Any) -> None:
    world = await open_door(max_size=len(MAIL))
    peer = await world.greeted()
    assert (await peer.mail(MAIL)).startswith("250 ")
    assert (await peer.mail(MAIL[:-2] + b"y\r\n")).startswith("552 ")


async def test_memory_stays_flat_over_big_mails(world: Any) -> None:
    def resident_kb() -> int:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0])

    raw = MAIL + (b"x" * 78 + b"\r\n") * 150_000
    peer = await world.greeted()
    await peer.mail(raw)
    before = resident_kb()
    for number in range(8):
        assert (await peer.mail(raw + b"%d\r\n" % number)).startswith("250 ")
    assert resident_kb() - before < 60_000
