"""Questions to the domain name system, for those who check a sender.

Rule: *there is no such record* and *nobody answered* are never the same. The first is an empty
answer; the second raises, is not remembered for long, and never counts as a forgery. Nothing here
blocks the event loop, and no mail can make it ask without end.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from parsers.errors import Deferred

LIFETIME_S = 5.0  # of one question, all its tries together
TRY_S = 2.0  # of one try at one server
UDP_BYTES = 1_232  # what passes every network in one piece
TTL_LEAST_S, TTL_MOST_S = 30.0, 3_600.0
NOTHING_MOST_S = 300.0  # how long "there is none" is remembered
SILENCE_S = 5.0  # how long it is remembered that nobody answered
MAX_CACHED = 20_000
MAX_IN_FLIGHT = 400  # each holds a socket
MAX_RECORDS = 50
MAX_RECORD_BYTES = 8_192

Record = bytes | str | tuple[int, str]
Answer = tuple[Record, ...]
_UNASKABLE = (dns.exception.SyntaxError, dns.name.LabelTooLong, dns.name.NameTooLong,
              dns.name.EmptyLabel, dns.name.BadEscape, dns.name.IDNAException,
              UnicodeError)  # fmt: skip


class Asks(Protocol):
    """What a check of a sender needs: `Lookup` itself, or the purse of one mail."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """Return what `Lookup.txt` returns."""

    async def ask(self, name: str, kind: str) -> Answer:
        """Return what `Lookup.ask` returns."""


class DnsTempError(Deferred):
    """Nobody answered, or with trouble of their own; the same question may be answered later."""


class _Known(NamedTuple):
    until: float
    answer: Answer | DnsTempError


class _Flight:
    """What is being asked on one event loop."""

    def __init__(self) -> None:
        self.room = asyncio.Semaphore(MAX_IN_FLIGHT)
        self.asked: dict[tuple[str, str], asyncio.Task[Answer]] = {}


class Lookup:
    """Asks the given servers, or those of the system; one for a whole process, from any loop.

    `servers` are IP addresses. `clock` counts seconds and only serves the memory.
    """

    def __init__(
        self,
        servers: Sequence[str] = (),
        port: int = 53,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_cached: int = MAX_CACHED,
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        self._servers = tuple(servers)
        self._port = port
        self._clock = clock
        self._max_cached = max_cached
        self._lifetime_s = lifetime_s
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._cache: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, _Flight] = WeakKeyDictionary()

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """Return every TXT record of a name, the strings of each joined; () when there is none."""
        return tuple(r for r in await self.ask(name, "TXT") if isinstance(r, bytes))

    async def ask(self, name: str, kind: str) -> Answer:
        """Return the records of a kind, () for none; aliases (CNAME) are followed.

        TXT gives bytes, A and AAAA the address, PTR the name, MX pairs of preference and name.
        Names have no dot at the end. Raises DnsTempError when nobody answered.
        """
        key = (name.lower().rstrip("."), kind)
        known = self._remembered(key)
        if known is None:
            flight = self._here()
            task = flight.asked.get(key)
            if task is None:
                task = asyncio.create_task(self._ask(key, flight.room))
                flight.asked[key] = task
                task.add_done_callback(lambda done: _landed(flight, key, done))
            return await asyncio.shield(task)  # others may be waiting for the same answer
        if isinstance(known, DnsTempError):
            raise DnsTempError(known.public, known.detail)
        return known

    async def _ask(self, key: tuple[str, str], room: asyncio.Semaphore) -> Answer:
        async with room:
            try:
                answer, ttl_s = await self._resolved(*key)
            except DnsTempError as error:
                self._remember(key, error, SILENCE_S)
                raise
            self._remember(key, answer, ttl_s)
            return answer

    async def _resolved(self, name: str, kind: str) -> tuple[Answer, float]:
        try:
            found = await self._asking().resolve(
                name, kind, raise_on_no_answer=False, lifetime=self._lifetime_s, search=False
            )
            ttl_s = found.expiration - time.time()  # it was made by that clock
            answer = _records(found)
        except dns.resolver.NXDOMAIN as error:
            return (), _bounded(_negative_ttl_s(error), NOTHING_MOST_S)
        except _UNASKABLE:
            return (), NOTHING_MOST_S  # no such name can exist
        except (dns.exception.DNSException, OSError, ValueError) as error:
            said = f"{name} {kind}: {type(error).__name__}"
            raise DnsTempError("The sender cannot be checked at the moment.", said) from error
        return answer, _bounded(ttl_s, TTL_MOST_S if answer else NOTHING_MOST_S)

    def _asking(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = list(self._servers)
                resolver.port = self._port
            resolver.timeout = TRY_S
            resolver.cache = None
            resolver.use_edns(0, 0, UDP_BYTES)
            self._resolver = resolver
        return self._resolver

    def _here(self) -> _Flight:
        return self._flights.setdefault(asyncio.get_running_loop(), _Flight())

    def _remembered(self, key: tuple[str, str]) -> Answer | DnsTempError | None:
        known = self._cache.get(key)
        if known is None:
            return None
        if known.until <= self._clock():
            del self._cache[key]
            return None
        self._cache.move_to_end(key)
        return known.answer

    def _remember(self, key: tuple[str, str], answer: Answer | DnsTempError, ttl_s: float) -> None:
        self._cache[key] = _Known(self._clock() + ttl_s, answer)
        self._cache.move_to_end(key)
        while len(self._cache) > self._max_cached:
            self._cache.popitem(last=False)


def _landed(flight: _Flight, key: tuple[str, str], task: asyncio.Task[Answer]) -> None:
    flight.asked.pop(key, None)
    if not task.cancelled():
        task.exception()  # seen: everybody who asked may have left


def _bounded(ttl_s: float, most_s: float) -> float:
    return min(max(ttl_s, TTL_LEAST_S), most_s)


def _negative_ttl_s(error: dns.resolver.NXDOMAIN) -> float:
    try:
        return min(
            float(response.resolve_chaining().minimum_ttl)
            for response in error.responses().values()  # type: ignore[no-untyped-call] # not ours
        )
    except (dns.exception.DNSException, ValueError, AttributeError, TypeError):
        return 0.0


def _records(found: dns.resolver.Answer) -> Answer:
    answer: list[Record] = []
    for rdata in list(found.rrset or ())[:MAX_RECORDS]:
        record = _READ[dns.rdatatype.to_text(rdata.rdtype)](rdata)
        if not isinstance(record, bytes) or len(record) <= MAX_RECORD_BYTES:
            answer.append(record)
    return tuple(answer)


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


_READ: dict[str, Callable[[Any], Record]] = {
    "TXT": lambda rdata: b"".join(rdata.strings),
    "A": lambda rdata: str(rdata.address),
    "AAAA": lambda rdata: str(rdata.address),
    "PTR": lambda rdata: _plain(rdata.target),
    "MX": lambda rdata: (int(rdata.preference), _plain(rdata.exchange)),
}
