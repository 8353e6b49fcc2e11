"""Limits: how many peers, for how long, and who has to leave when it gets crowded.

Rule: every wait ends. A peer of a trusted network has no cap of its own and may use the reserved
places; all others share the rest, a few each. When most places are taken, a peer that is idle for a
few seconds must leave; when all are taken, the one that is idle for longest makes room.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Protocol

from gateway.inbound import replies

Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(frozen=True, slots=True)
class Caps:
    """The numbers. Times are in seconds, from the last complete command unless said otherwise.

    A mail as a whole may take `data_grace_s` plus its size by `data_bytes_a_s`. `commands` and
    `errors` count from the last mail that was kept; `errors_in_stress` holds in a crowd, which is
    when `crowd` of the places are taken. `leave_s` is how long an idle peer may stay in a crowd,
    `yield_s` how long when there is no place left.
    """

    connections: int = 1000
    connections_an_address: int = 20
    reserved: int = 50
    idle_s: float = 300.0  # RFC 5321 section 4.5.3.2.7
    session_s: float = 3600.0
    data_grace_s: float = 120.0
    data_bytes_a_s: float = 1000.0
    recipients: int = 100  # RFC 5321 section 4.5.3.1.8
    commands: int = 400
    errors: int = 20
    errors_in_stress: int = 3
    crowd: float = 0.8
    leave_s: float = 10.0
    yield_s: float = 1.0
    refusals_listed: int = 10  # rows for one connection


class Guest(Protocol):
    """A connection as the limits see it."""

    peer: str

    def idle_for_s(self) -> float:
        """Return for how long the peer has been expected to say something; 0 while we work."""

    def send_away(self, reply: str) -> None:
        """End the connection at once with a last reply."""


class Guests:
    """Who is connected, the longest idle first."""

    def __init__(self, caps: Caps, trusted: tuple[Network, ...]) -> None:
        self._caps = caps
        self._trusted = trusted
        self._guests: OrderedDict[Guest, None] = OrderedDict()
        self._by_peer: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._guests)

    def everybody(self) -> list[Guest]:
        """Return all guests."""
        return list(self._guests)

    @property
    def crowded(self) -> bool:
        """Whether most places are taken."""
        return len(self._guests) >= self._caps.crowd * self._caps.connections

    def refusal(self, peer: str) -> str | None:
        """Return the reply with which a new peer is sent away, None to let it in.

        In a crowd this sends idle guests away first.
        """
        trusted = within(peer, self._trusted)
        if not trusted and self._by_peer[peer] >= self._caps.connections_an_address:
            return replies.TOO_MANY_FROM_YOU
        places = self._caps.connections - (0 if trusted else self._caps.reserved)
        if self.crowded:
            if len(self._guests) >= places:
                self._send_away(1, self._caps.yield_s)
            else:
                self._send_away(2, self._caps.leave_s)  # more leave than come
        return replies.TOO_BUSY if len(self._guests) >= places else None

    def enter(self, guest: Guest) -> None:
        """Count a guest from now on."""
        self._guests[guest] = None
        self._by_peer[guest.peer] += 1

    def leave(self, guest: Guest) -> None:
        """Stop counting a guest; may be called twice."""
        if guest in self._guests:
            del self._guests[guest]
            self._by_peer[guest.peer] -= 1
            if not self._by_peer[guest.peer]:
                del self._by_peer[guest.peer]

    def heard_from(self, guest: Guest) -> None:
        """Note that a guest has said something."""
        if guest in self._guests:
            self._guests.move_to_end(guest)

    def _send_away(self, most: int, idle_s: float) -> None:
        """Send the guests away that are idle for longest, if for so long."""
        for _ in range(most):
            longest = next(iter(self._guests), None)
            if longest is None or longest.idle_for_s() < idle_s:
                return
            self.leave(longest)
            longest.send_away(replies.TIMEOUT)


def peer_address(peername: Any) -> str:
    """Return the peer's address as text, without scope and IPv4 mapping; "" for a local socket."""
    if not isinstance(peername, tuple) or not peername:
        return ""
    address = ip_address(str(peername[0]).partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def within(peer: str, networks: tuple[Network, ...]) -> bool:
    """Whether a peer is in one of the networks. A local socket ("") is in none."""
    if not peer or not networks:
        return False
    address: IPv4Address | IPv6Address = ip_address(peer)
    return any(address.version == network.version and address in network for network in networks)
