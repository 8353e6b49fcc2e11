"""A Dovecot for the whole folder, and mailboxes that are read into a real journal."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gateway.config.imap import Imap
from gateway.config.secrets import Secret
from gateway.inbound.imap.mailboxes import Mailboxes, open_mailboxes
from gateway.inbound.taking import Taking
from gateway.intake import Intake
from store.columns import JOURNAL
from store.engine import Store, open_store
from store.health import Health, read_health
from store.journal import Delivery, deliveries_after, read_raw
from store.refusals import refusals
from store.schema import upgrade
from tests.imap.certificates import Authority
from tests.imap.dovecot import PASSWORD, Dovecot, why_not
from tests.inbound.conftest import ADDRESSES, KEYS

PATIENCE_S = 30.0
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


def section(port: int, user: str, **changes: Any) -> Imap:
    """Return a mailbox's section of the configuration."""
    values = {
        "host": "localhost",
        "port": port,
        "tls": "off",
        "user": user,
        "password": Secret(PASSWORD.encode()),
        "address": "support@helpdesk.example",
        "poll": "2 s",
    }
    return Imap.model_validate(values | changes)


def mail(number: int, text: str = "It fails.", to: str = "support@helpdesk.example") -> bytes:
    """Return a small mail of its own, as its server delivered it."""
    return (
        f"Return-Path: <anna@physics.example>\r\nReceived: from x by y; {number}\r\n"
        f"From: Anna <anna@physics.example>\r\nTo: {to}\r\nSubject: Trouble {number}\r\n"
        f"Message-ID: <{number}@physics.example>\r\n\r\n{text}\r\n"
    ).encode()


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
        return {one.name: one for one in read_health(self.store)}

    def detail(self, user: str) -> str:
        """What the mailbox of a user said last; "nothing" before it said anything."""
        one = self.health().get(f"imap {user}@localhost/INBOX")
        return "nothing" if one is None else one.detail

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
    opened = open_store(f"sqlite:///{place}/tickets.db")
    upgrade(opened, first_ticket=1)
    JOURNAL.create_all(opened.journal)
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
        taking = Taking(ADDRESSES, KEYS, intake, lambda: datetime.now(UTC), "behind", ())
        opened.append(World(store, intake, open_mailboxes(sections, taking, store), wakes))
        return opened[-1]

    yield reader
    for world in opened:
        await world.close()
