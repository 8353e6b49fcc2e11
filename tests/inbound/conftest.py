"""An open SMTP door on loopback with a real store behind it, and a peer that talks to it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from gateway.inbound.limits import Caps
from gateway.inbound.smtp import SmtpDoor, SmtpSettings, open_smtp
from gateway.intake import Intake
from gateway.processes.sockets import bound
from router.addresses import OurAddresses
from router.tokens import Keyring
from store.columns import JOURNAL
from store.engine import Store, open_store
from store.journal import Delivery, deliveries_after, read_raw
from store.journal_counters import counters
from store.refusals import refusals

PATIENCE_S = 60.0
ADDRESSES = OurAddresses(
    "helpdesk.example",
    "support@helpdesk.example",
    "team@helpdesk.example",
    "alarm@helpdesk.example",
)
KEYS = Keyring((b"0123456789abcdef",))
MAIL = (
    b"From: Anna <anna@example.org>\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"Subject: Jobs fail\r\n"
    b"\r\n"
    b"They fail.\r\n"
)


@dataclass
class Peer:
    """The other side of an SMTP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode("latin-1") if isinstance(data, str) else data)

    async def reply(self) -> str:
        """Return one reply, its lines joined by newlines; "" at the end of the connection."""
        lines = []
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self.reader.readline()).decode("ascii")
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return "\n".join(lines)

    async def say(self, line: str) -> str:
        """Send a line, return the reply."""
        self.send(line + "\r\n")
        return await self.reply()

    async def hello(self) -> None:
        assert (await self.reply()).startswith("220 ")
        assert (await self.say("EHLO mx.example.org")).startswith("250-")

    async def begin(self, *recipients: str, sender: str = "anna@example.org") -> str:
        """Send MAIL, RCPT and DATA; return the reply to DATA."""
        assert await self.say(f"MAIL FROM:<{sender}>") == "250 2.1.0 OK"
        for recipient in recipients or ("support@helpdesk.example",):
            assert await self.say(f"RCPT TO:<{recipient}>") == "250 2.1.5 OK"
        return await self.say("DATA")

    async def mail(self, raw: bytes = MAIL, *recipients: str) -> str:
        """Send a whole mail; return the last reply."""
        assert (await self.begin(*recipients)).startswith("354 ")
        self.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return await self.reply()

    async def gone(self) -> bytes:
        """Wait until the door has closed; return what it still said.

        Who sends while he is cut off may lose its last words to the reset of the connection.
        """
        said = b""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                while piece := await self.reader.read(65_536):
                    said += piece
        return said

    def leave(self) -> None:
        self.writer.transport.abort()


@dataclass
class World:
    """A door and what lies behind it."""

    door: SmtpDoor
    address: Any
    intake: Intake
    store: Store
    wakes: list[int] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)

    async def connect(self, tls: ssl.SSLContext | None = None, **options: Any) -> Peer:
        if isinstance(self.address, str):
            streams = await asyncio.open_unix_connection(self.address)
        else:
            streams = await asyncio.open_connection(*self.address[:2], ssl=tls, **options)
        peer = Peer(*streams)
        self.peers.append(peer)
        return peer

    async def greeted(self) -> Peer:
        """Return a peer that has said EHLO."""
        peer = await self.connect()
        await peer.hello()
        return peer

    def kept(self) -> list[Delivery]:
        return deliveries_after(self.store, 0, 10_000)

    def raws(self) -> list[bytes]:
        return [read_raw(self.store, one.id) for one in self.kept()]

    def refusals(self) -> list[Any]:
        return refusals(self.store, 1000)

    def counters(self) -> dict[str, int]:
        return counters(self.store)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - also looks at files and other threads
                await asyncio.sleep(0.005)


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    """An empty journal."""
    opened = open_store(f"sqlite:///{place}/tickets.db")
    JOURNAL.create_all(opened.journal)
    yield opened
    opened.close()


OpenDoor = Callable[..., Awaitable[World]]


@pytest.fixture
async def open_door(store: Store) -> AsyncIterator[OpenDoor]:
    """Open doors: keywords are fields of SmtpSettings, Caps or Intake, by their name."""
    opened: list[World] = []

    sockets = ExitStack()

    async def opener(
        listening: socket.socket | None = None, listen: str = "127.0.0.1:0", **options: Any
    ) -> World:
        def chosen(kind: type) -> dict[str, Any]:
            return {k: v for k, v in options.items() if k in kind.__dataclass_fields__}  # type: ignore[attr-defined]

        intake_options = {
            k: v for k, v in options.items() if k in {"reserve_bytes", "in_flight_bytes", "wait_s"}
        }
        wakes: list[int] = []
        intake = Intake(
            store, wake=lambda: wakes.append(1), **{"reserve_bytes": 0} | intake_options
        )
        settings = replace(
            SmtpSettings(trusted_networks=(ip_network("127.0.0.1/32"),)), **chosen(SmtpSettings)
        )
        settings = replace(settings, caps=replace(Caps(), **chosen(Caps)))
        if listening is None:
            listening = sockets.enter_context(bound("smtp", listen))[0]
        door = await open_smtp(
            settings, ADDRESSES, KEYS, intake, lambda: datetime.now(UTC), listening=listening
        )
        opened.append(World(door, listening.getsockname(), intake, store, wakes))
        return opened[-1]

    yield opener
    for world in opened:
        for peer in world.peers:
            peer.leave()
        await world.door.close(grace_s=0)
        await world.intake.close()
    sockets.close()


@pytest.fixture
async def world(open_door: OpenDoor) -> World:
    """A door with the defaults."""
    return await open_door()
