"""LMTP (RFC 2033): its own greeting, and one reply for each recipient from the one record."""

import grp
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.inbound.lmtp import LmtpSession
from gateway.processes.sockets import bound

MAIL = b"From: Anna <anna@example.org>\r\nMessage-ID: <1@example.org>\r\n\r\nThey fail.\r\n"
THREE = ("support@helpdesk.example", "team@helpdesk.example", "support@helpdesk.example")


@pytest.fixture
async def lmtp(open_door: Any) -> Any:
    return await open_door(session=LmtpSession, role="behind")


async def greeted(world: Any) -> Any:
    peer = await world.connect()
    assert (await peer.reply()).endswith(" LMTP")
    assert "\n250-PIPELINING\n" in await peer.say("LHLO mx.example.org")
    return peer


async def test_each_accepted_recipient_hears_its_own_reply(lmtp: Any) -> None:
    """Also the same recipient twice: a server counts its RCPTs, not our mailboxes."""
    peer = await greeted(lmtp)
    first = await peer.mail(MAIL, *THREE)
    others = [await peer.reply(), await peer.reply()]
    assert first.startswith("250 2.0.0 kept as ")
    assert others == [first, first]
    (kept,) = lmtp.kept()
    assert kept.envelope.recipients == THREE[:2]
    assert kept.envelope.door == "lmtp"
    assert (await peer.say("NOOP")).startswith("250 ")  # in step: nothing more comes


async def test_a_refused_recipient_gets_no_reply_after_the_mail(lmtp: Any) -> None:
    peer = await greeted(lmtp)
    await peer.say("MAIL FROM:<a@x.example>")
    assert (await peer.say("RCPT TO:<nobody@helpdesk.example>")).startswith("550 5.1.1 ")
    assert (await peer.say("RCPT TO:<support@helpdesk.example>")).startswith("250 ")
    assert (await peer.say("DATA")).startswith("354 ")
    peer.send(MAIL + b".\r\n")
    assert (await peer.reply()).startswith("250 ")
    assert (await peer.say("NOOP")) == "250 2.0.0 OK"


async def test_without_a_valid_recipient_there_is_no_data(lmtp: Any) -> None:
    """RFC 2033, 4.2: DATA must fail with 503 then."""
    peer = await greeted(lmtp)
    await peer.say("MAIL FROM:<a@x.example>")
    await peer.say("RCPT TO:<nobody@helpdesk.example>")
    assert (await peer.say("DATA")).startswith("503 ")


@pytest.mark.parametrize("hello", ["EHLO mx.example.org", "HELO mx.example.org"])
async def test_the_greetings_of_smtp_are_not_understood(lmtp: Any, hello: str) -> None:
    peer = await lmtp.connect()
    await peer.reply()
    assert (await peer.say(hello)).startswith("500 ")
    assert await peer.say("MAIL FROM:<a@x.example>") == "503 5.5.1 Say LHLO first"


async def test_the_greeting_of_lmtp_is_not_understood_by_smtp(world: Any) -> None:
    peer = await world.connect()
    await peer.reply()
    assert (await peer.say("LHLO mx.example.org")).startswith("500 ")


async def test_a_mail_that_cannot_be_kept_is_put_off_for_every_recipient(open_door: Any) -> None:
    """All from one record: no recipient hears yes while another hears no."""
    world = await open_door(session=LmtpSession, role="behind", in_flight_bytes=1)
    peer = await greeted(world)
    assert (await peer.begin(*THREE)).startswith("354 ")
    peer.send(b"Subject: big\r\n\r\n" + b"x" * 100_000 + b"\r\n.\r\n")
    replies = [await peer.reply() for _ in THREE]
    assert all(reply.startswith("452 ") for reply in replies), replies
    assert world.kept() == []


async def test_a_fault_of_ours_is_said_to_every_recipient(
    lmtp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the server waits for the other replies until its patience ends, and takes the next
    command's reply for one of them."""

    def fails(*_args: object, **_more: object) -> None:
        raise RuntimeError("a fault that nobody has thought of")

    monkeypatch.setattr("gateway.intake.Intake.accept", fails)
    peer = await greeted(lmtp)
    heard = [await peer.mail(MAIL, *THREE), await peer.reply(), await peer.reply()]
    assert [reply[:3] for reply in heard] == ["451"] * 3
    assert (await peer.say("NOOP")).startswith("250 ")


async def test_a_broken_structure_is_kept_with_its_faults(lmtp: Any) -> None:
    """A 550 here would make the server in front bounce to a forged sender."""
    peer = await greeted(lmtp)
    reply = await peer.mail(b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nhi\r\n")
    assert reply.startswith("250 ")
    assert lmtp.kept()[0].envelope.faults


async def test_pipelined_commands_are_answered_in_order(lmtp: Any) -> None:
    peer = await greeted(lmtp)
    peer.send(
        b"MAIL FROM:<a@x.example>\r\nRCPT TO:<support@helpdesk.example>\r\n"
        b"RCPT TO:<x@helpdesk.example>\r\nRCPT TO:<team@helpdesk.example>\r\nDATA\r\n"
    )
    codes = [(await peer.reply())[:3] for _ in range(5)]
    assert codes == ["250", "250", "550", "250", "354"]
    peer.send(MAIL + b".\r\nQUIT\r\n")
    assert [(await peer.reply())[:3] for _ in range(3)] == ["250", "250", "221"]


async def test_it_is_spoken_on_a_unix_socket_too(open_door: Any, place: Path) -> None:
    path = place / "lmtp.sock"
    world = await open_door(session=LmtpSession, role="behind", listen=f"unix:{path}")
    peer = await greeted(world)
    assert (await peer.mail(MAIL)).startswith("250 ")
    assert world.kept()[0].envelope.peer == ""
    assert not world.kept()[0].envelope.submitted


async def test_many_connections_of_one_server_are_let_in(open_door: Any, place: Path) -> None:
    """Everybody on a unix socket has the same address, none."""
    world = await open_door(
        session=LmtpSession,
        listen=f"unix:{place}/lmtp.sock",
        connections=60,
        connections_an_address=60,
        reserved=0,
    )
    for _ in range(60):
        await greeted(world)
    assert (await (await world.connect()).reply()).startswith("421 ")


def test_only_its_owner_and_group_may_use_a_unix_socket(place: Path) -> None:
    path = place / "s"
    with bound("lmtp", f"unix:{path}") as (_, address):
        assert address == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


def test_a_unix_socket_may_be_given_to_a_group(place: Path) -> None:
    path, group = place / "s", 65534 if os.geteuid() == 0 else os.getgid()
    with bound("lmtp", f"unix:{path}", grp.getgrgid(group).gr_name):
        assert path.stat().st_gid == group


def test_a_group_that_is_not_there_is_said(place: Path) -> None:
    with (
        pytest.raises(OSError, match="lmtp: there is no group 'nobodies'"),
        bound("lmtp", f"unix:{place}/s", "nobodies"),
    ):
        pass
    assert not (place / "s").exists()


def test_a_socket_that_a_killed_process_left_is_taken_over(place: Path) -> None:
    path = place / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with bound("lmtp", f"unix:{path}"):
        pass


def test_a_socket_that_answers_and_a_file_are_left_alone(place: Path) -> None:
    (place / "file").write_text("mine")
    with bound("lmtp", f"unix:{place}/s") as (door, _):
        door.listen()
        with (
            pytest.raises(OSError, match="lmtp cannot listen on"),
            bound("lmtp", f"unix:{place}/s"),
        ):
            pass
    with (
        pytest.raises(OSError, match="lmtp cannot listen on"),
        bound("lmtp", f"unix:{place}/file"),
    ):
        pass
    assert (place / "file").read_text() == "mine"
