"""The SMTP and LMTP doors: a listening socket, and one session for each peer that may come in.

Rule: who may not come in hears 421 before anything is built for it. Closing lets mails that are
being received finish for a while; everybody else is told to come again.
"""

import asyncio
import dataclasses
import resource
import socket
from asyncio import BaseTransport
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import structlog

from gateway.inbound import replies
from gateway.inbound.dialogue import Phase
from gateway.inbound.limits import LOOPBACK, Caps, Guests, Network, peer_address
from gateway.inbound.memory import give_big_blocks_back
from gateway.inbound.session import SmtpSession
from gateway.inbound.taking import Taking
from gateway.inbound.tls import Certificate
from gateway.intake import Intake
from router.addresses import OurAddresses
from router.tokens import Keyring

BACKLOG = 1024
OWN_DESCRIPTORS = 64  # for the store, the log and the loop
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 180_000),  # ms
)

log = structlog.get_logger("smtp")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How the door is set up.

    `session` is what is spoken. `role` is "border" or "behind". `trusted_networks` have no cap of
    connections of their own and may use the reserved places. TLS is offered when both files are
    given.
    """

    session: type[SmtpSession] = SmtpSession
    hostname: str = "localhost"
    role: str = "border"
    submission_networks: tuple[Network, ...] = ()
    trusted_networks: tuple[Network, ...] = LOOPBACK
    tls_cert: Path | None = None
    tls_key: Path | None = None
    max_size: int = 25_000_000
    caps: Caps = field(default_factory=Caps)


class SmtpDoor:
    """An open door. Make it with `open_smtp`."""

    def __init__(self, settings: SmtpSettings, taking: Taking) -> None:
        self._settings = settings
        self._taking = taking
        self._caps = _affordable(settings.caps)
        self._guests = Guests(self._caps, settings.trusted_networks + settings.submission_networks)
        both = settings.tls_cert is not None and settings.tls_key is not None
        self._certificate = (
            Certificate(cast("Path", settings.tls_cert), cast("Path", settings.tls_key))
            if both
            else None
        )
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """Return how many peers are connected."""
        return len(self._guests)

    async def listen(self, listening: socket.socket) -> None:
        """Begin to accept on a bound socket, TCP or unix."""
        loop = asyncio.get_running_loop()
        # For a unix socket, too: create_unix_server may remove a path that is not ours.
        self._server = await loop.create_server(
            lambda: _Porch(self), sock=listening, backlog=BACKLOG
        )

    def refusal(self, peer: str) -> str | None:
        """Return why a new peer is sent away, None to let it in."""
        if not self._taking.intake.healthy:
            return replies.STORE_FAILS
        return self._guests.refusal(peer)

    def session(self) -> SmtpSession:
        """Return a session for a peer that is let in."""
        return self._settings.session(
            self._taking,
            caps=self._caps,
            guests=self._guests,
            hostname=self._settings.hostname,
            max_bytes=self._settings.max_size,
            tls_context=self._certificate.context() if self._certificate else None,
        )

    async def close(self, grace_s: float = 10.0) -> None:
        """Stop accepting; let mails in DATA finish for a while; send everybody else away."""
        if self._server is not None:
            self._server.close()
        busy = []
        for guest in cast("list[SmtpSession]", self._guests.everybody()):
            if guest.phase is Phase.COMMAND or guest.task is None:
                guest.send_away(replies.CLOSING)
            else:
                guest.closing = True
                busy.append(guest.task)
        if busy:
            await asyncio.wait(busy, timeout=grace_s)
        for left in self._guests.everybody():
            left.send_away(replies.CLOSING)
        await asyncio.sleep(0)  # the loop closes the sockets


class _Porch(asyncio.Protocol):
    """The first moment of a connection: send the peer away cheaply, or give it a session."""

    def __init__(self, door: SmtpDoor) -> None:
        self._door = door

    def connection_made(self, transport: BaseTransport) -> None:
        """Decide, and hand the transport over."""
        stream = cast("asyncio.Transport", transport)
        try:
            peer = peer_address(stream.get_extra_info("peername"))
        except ValueError:
            peer = ""
        refusal = self._door.refusal(peer)
        if refusal is not None:
            log.info("sent away", peer=peer, reply=refusal)
            stream.write(refusal.encode() + b"\r\n")
            stream.abort()
            return
        _keep_alive(stream.get_extra_info("socket"))
        session = self._door.session()
        stream.set_protocol(session)
        session.connection_made(stream)


async def open_smtp(
    settings: SmtpSettings,
    addresses: OurAddresses,
    keys: Keyring,
    intake: Intake,
    now: Callable[[], datetime],
    *,
    listening: socket.socket,
) -> SmtpDoor:
    """Open the door on a bound socket (gateway.processes.sockets), which it closes at its end.

    Raises OSError when the certificate is unusable.
    """
    give_big_blocks_back()
    taking = Taking(addresses, keys, intake, now, settings.role, settings.submission_networks)
    door = SmtpDoor(settings, taking)
    await door.listen(listening)
    return door


def _keep_alive(sock: Any) -> None:
    """Let the kernel notice peers that vanished. Best effort: a peer may be gone already."""
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    try:
        for level, option, value in _KEEPALIVE:
            sock.setsockopt(level, option, value)
    except OSError as error:
        log.debug("no keepalive", error=str(error))


def _affordable(caps: Caps) -> Caps:
    """Return the caps with as many connections as this process may have descriptors."""
    wanted = caps.connections + OWN_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return caps
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft >= wanted:
        return caps
    most = max(soft - OWN_DESCRIPTORS, 1)
    log.warning("fewer connections than configured", connections=most)
    return dataclasses.replace(caps, connections=most, reserved=min(caps.reserved, most // 10))
