"""STARTTLS with a real certificate."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gateway.inbound.tls import Certificate


def make_certificate(directory: Path, name: str) -> tuple[Path, Path]:
    cert, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        [
            shutil.which("openssl") or "openssl", "req", "-x509", "-newkey", "ec",
            "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}.example", "-keyout", key, "-out", cert,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture(scope="module")
def certificates() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        make_certificate(Path(name), "one")
        make_certificate(Path(name), "two")
        yield Path(name)


@pytest.fixture
def files(certificates: Path, place: Path) -> tuple[Path, Path]:
    for end in ("pem", "key"):
        shutil.copy(certificates / f"one.{end}", place / f"cert.{end}")
    return place / "cert.pem", place / "cert.key"


@pytest.fixture
async def world(open_door: Any, files: tuple[Path, Path]) -> Any:
    return await open_door(tls_cert=files[0], tls_key=files[1])


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def secured(world: Any) -> Any:
    """Return a peer after STARTTLS, before its second EHLO."""
    peer = await world.greeted()
    assert (await peer.say("STARTTLS")).startswith("220 ")
    await peer.writer.start_tls(trusting())
    return peer


async def test_a_mail_over_tls_is_marked_so(world: Any) -> None:
    peer = await world.connect()
    await peer.reply()
    assert (await peer.say("EHLO x")).endswith("250 STARTTLS")
    assert (await peer.say("STARTTLS")).startswith("220 ")
    await peer.writer.start_tls(trusting())
    offered = await peer.say("EHLO x")
    assert "STARTTLS" not in offered
    assert "AUTH" not in offered
    assert (await peer.mail()).startswith("250 ")
    assert (await peer.say("STARTTLS")).startswith("503 ")
    assert world.kept()[0].envelope.tls
    assert await peer.say("QUIT") == "221 2.0.0 Bye"


async def test_starttls_forgets_what_was_said_before(world: Any) -> None:
    peer = await world.greeted()
    await peer.say("MAIL FROM:<a@x.example>")
    await peer.say("STARTTLS")
    await peer.writer.start_tls(trusting())
    assert (await peer.say("RCPT TO:<support@helpdesk.example>")).startswith("503 ")
    assert (await peer.say("MAIL FROM:<a@x.example>")).startswith("503 5.5.1 Say EHLO")


async def test_plaintext_injected_behind_starttls_is_not_answered_inside(world: Any) -> None:
    loop = asyncio.get_running_loop()

    def talk() -> list[bytes]:
        with socket.create_connection(world.address, timeout=20) as plain:
            stream = plain.makefile("rb")
            stream.readline()
            plain.sendall(b"EHLO x\r\n")
            while stream.readline()[3:4] == b"-":
                pass
            plain.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\nNOOP\r\n")
            assert stream.readline().startswith(b"220 ")
            try:
                inner = trusting().wrap_socket(plain)
                inner.sendall(b"EHLO y\r\nRCPT TO:<support@helpdesk.example>\r\nQUIT\r\n")
                return inner.makefile("rb").read().splitlines()
            except OSError:
                return []  # a handshake that fails is as good

    heard = await loop.run_in_executor(None, talk)
    assert [line[:3] for line in heard if line[3:4] != b"-"] in ([], [b"250", b"503", b"221"])


async def test_a_peer_that_says_nonsense_instead_of_a_handshake_is_dropped(world: Any) -> None:
    peer = await world.greeted()
    await peer.say("STARTTLS")
    peer.send(b"NOOP\r\nNOOP\r\n" * 10)
    await peer.gone()
    await world.until(lambda: world.door.connections == 0)
    assert (await (await world.greeted()).mail()).startswith("250 ")


async def test_a_peer_that_leaves_in_the_middle_of_the_handshake_is_forgotten(world: Any) -> None:
    for leave in (lambda peer: peer.leave(), lambda peer: peer.writer.write_eof()):
        peer = await world.greeted()
        await peer.say("STARTTLS")
        peer.send(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        leave(peer)
        await world.until(lambda: world.door.connections == 0)


async def test_a_peer_that_is_silent_in_the_handshake_is_dropped(
    open_door: Any, files: tuple[Path, Path]
) -> None:
    world = await open_door(tls_cert=files[0], tls_key=files[1], idle_s=2.0)
    peer = await world.greeted()
    await peer.say("STARTTLS")
    await peer.gone()
    await world.until(lambda: world.door.connections == 0)


async def test_a_silent_peer_inside_tls_is_dropped(
    open_door: Any, files: tuple[Path, Path]
) -> None:
    world = await open_door(tls_cert=files[0], tls_key=files[1], idle_s=2.0)
    peer = await secured(world)
    await peer.say("EHLO x")
    assert await peer.gone() in {b"421 4.4.2 Timeout\r\n", b""}
    await world.until(lambda: world.door.connections == 0)


async def test_a_mail_cut_inside_tls_leaves_nothing(world: Any) -> None:
    peer = await secured(world)
    await peer.say("EHLO x")
    await peer.begin()
    peer.send(b"From: a@x.example\r\n\r\nhalf")
    await peer.writer.drain()
    peer.leave()
    await world.until(lambda: world.door.connections == 0)
    assert world.kept() == []


def test_old_versions_are_not_spoken(files: tuple[Path, Path]) -> None:
    assert Certificate(*files).context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_new_certificate_is_taken_without_a_restart_and_a_broken_one_is_not(
    certificates: Path, files: tuple[Path, Path]
) -> None:
    certificate = Certificate(*files)
    first = certificate.context()
    assert certificate.context() is first
    files[0].write_text("nonsense")
    assert certificate.context() is first
    for file, end in zip(files, ("pem", "key"), strict=True):
        fresh = file.with_suffix(".new")
        shutil.copy(certificates / f"two.{end}", fresh)
        os.replace(fresh, file)  # noqa: PTH105 - the way tools that renew certificates do it
    assert certificate.context() is not first


async def test_a_certificate_that_cannot_be_read_does_not_open_the_door(
    open_door: Any, place: Path
) -> None:
    with pytest.raises(OSError, match="cert"):
        await open_door(tls_cert=place / "cert.pem", tls_key=place / "cert.key")
