"""A Dovecot for the whole folder, and mailboxes that are read into a real journal."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fresh import open_fresh

from gateway.config.imap import Imap
from gateway.inbound.imap import mailbox, unfinished, wire
from gateway.inbound.imap.mailboxes import Mailboxes
from gateway.intake import Intake
from store.engine import Store
from store.health import Health, read_doors
from store.journal import Delivery, deliveries_after, read_raw
from store.refusals import refusals
from tests.imap.boxes import mail, open_boxes
from tests.imap.certificates import Authority
from tests.imap.dovecot import Dovecot, why_not
from tests.imap.fake import FakeServer
from tests.imap.reader import Nursery

PATIENCE_S = 60.0
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    with TemporaryDirectory(prefix="tg-ca-") as name:
        yield Authority(Path(name))


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    """A Dovecot that all tests of a process share: each takes a user of its own."""
    if why_not():
        pytest.skip(why_not())
    with TemporaryDirectory(prefix="tg-dc-") as name:
        server = Dovecot(Path(name), authority.sign("good"))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def own_dovecot(place: Path) -> Iterator[Dovecot]:
    """A Dovecot that a test may kill."""
    if why_not():
        pytest.skip(why_not())
    server = Dovecot(place / "dovecot")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def user() -> str:
    """A user with a mailbox that nobody has used yet."""
    return f"user{next(_numbers)}"


@dataclass
class World:
    """Mailboxes that are read, and what lies behind them."""

    store: Store
    intake: Intake
    mailboxes: Mailboxes
    wakes: list[int] = field(default_factory=list)

    def kept(self) -> list[Delivery]:
        return deliveries_after(self.store, 0, 100_000)

    def raws(self) -> list[bytes]:
        return [read_raw(self.store, one.id) for one in self.kept()]

    def refusals(self) -> list[Any]:
        return refusals(self.store, 1000)

    def health(self) -> dict[str, Health]:
        return {one.name: one for one in read_doors(self.store)}

    def reasons(self) -> str:
        return " ".join(one.reason for one in self.refusals())

    def detail(self, user: str) -> str:
        """What the mailbox of a user said last; "nothing" before it said anything."""
        one = self.health().get(f"imap {user}@localhost/INBOX")
        return "nothing" if one is None else one.detail

    def client(self) -> Any:
        """The connection of the only mailbox."""
        (one,) = self.mailboxes._mailboxes
        return one._client

    async def holds(self, *numbers: int) -> None:
        """Wait until just these mails are kept."""
        wanted = sorted(mail(n) for n in numbers)
        await self.until(lambda: sorted(self.raws()) == wanted, "mails")

    async def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait until something is so; conditions may talk with servers, so they run apart."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - looks at other threads
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not in time: {what}; {self.health()}") from None

    async def close(self) -> None:
        await self.mailboxes.close(5.0)
        await self.intake.close()


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_fresh(f"sqlite:///{place}/tickets.db", first_ticket=1)
    yield opened
    opened.close()


Read = Callable[..., Awaitable[World]]


@pytest.fixture
async def read(store: Store) -> AsyncIterator[Read]:
    """Begin to read mailboxes: `await read(section, ...)`."""
    opened: list[World] = []

    async def reader(*sections: Imap, **options: Any) -> World:
        wakes: list[int] = []
        intake = Intake(store, wake=lambda: wakes.append(1), **{"reserve_bytes": 0} | options)
        opened.append(World(store, intake, open_boxes(sections, store, intake), wakes))
        return opened[-1]

    yield reader
    for world in opened:
        await world.close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A scripted server with three mails, whose UIDs jump."""
    with FakeServer({uid: mail(uid) for uid in (3, 7, 40_000)}) as opened:
        yield opened


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for servers a tenth as long, or less, and come back as soon."""
    for name in ("CONNECT_S", "SILENCE_S"):
        monkeypatch.setattr(wire, name, 0.5)
    allow = wire.Client.allow

    def shorter(
        client: Any, size: int = 2**20, seconds: float = 5.0, silence_s: float = 0.5
    ) -> None:
        allow(client, size, min(seconds, 3.0), min(silence_s, 0.5))

    monkeypatch.setattr(wire.Client, "allow", shorter)
    monkeypatch.setattr(mailbox, "IDLE_ANSWER_S", (0.5, 0.5))
    for name in ("FIRST_S", "MOST_S", "LOGIN_FIRST_S"):
        monkeypatch.setattr(mailbox, name, 0.1)
    monkeypatch.setattr(unfinished, "LAST_TRY_S", 0.0)


@pytest.fixture
def nursery(place: Path) -> Iterator[Nursery]:
    """Where processes are begun that read a mailbox."""
    with Nursery(place) as opened:
        yield opened
