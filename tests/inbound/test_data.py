"""The bulk reader hears what the stock class hears: same mails, same codes, however it is cut."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiosmtpd.smtp
import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.inbound.limits import Caps, Guests
from gateway.inbound.session import SmtpSession
from gateway.inbound.taking import Taking
from gateway.intake import Intake
from parsers.envelope import Envelope
from router.addresses import OurAddresses
from router.tokens import Keyring
from store.engine import Store

NEVER = 10**9
BEGIN = b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<support@helpdesk.example>\r\nDATA\r\n"
END = b"\r\n.\r\nQUIT\r\n"
AWKWARD = {
    "empty": b".\r\n",
    "one line": b"a\r\n.\r\n",
    "an empty line": b"\r\n.\r\n",
    "empty lines": b"\r\n\r\n\r\n.\r\n",
    "a stuffed dot": b"..\r\n.\r\n",
    "stuffed dots": b"...\r\n..a\r\n....\r\n.\r\n",
    "an unstuffed dot line": b".a\r\nb\r\n.\r\n",
    "dot lines first": b"..\r\n..\r\n..x\r\ny\r\n.\r\n",
    "a bare CR first": b"\r.\r\n.\r\n",
    "a bare CR": b"a\rb\r\n.\r\n",
    "CR CR LF": b"a\r\r\n.\r\n.\r\n",
    "a bare LF": b"a\nb\r\n.\r\n",
    "LF dot LF": b"a\n.\nb\r\n.\r\n",
    "LF dot CRLF": b"a\n.\r\nb\r\n.\r\n",
    "CRLF dot LF": b"a\r\n.\nb\r\n.\r\n",
    "CR dot CR": b"a\r.\rb\r\n.\r\n",
    "CR dot CRLF": b"a\r.\r\nb\r\n.\r\n",
    "CRLF dot CR": b"a\r\n.\rb\r\n.\r\n",
    "CRLF dot CR CRLF": b"a\r\n.\r\r\nb\r\n.\r\n",
    "a NUL after the dot": b"a\r\n.\0\r\nb\r\n.\r\n",
    "a dot at the end of a line": b"a.\r\n.\r\n",
    "eight bits": bytes(range(128, 256)) + b"\r\n.\r\n",
    "a mail in the mail": b"a\r\n.\r\nMAIL FROM:<b@x.example>\r\n",
    "commands behind the dot": b"a\r\n.\r\nNOOP\r\nRSET\r\nXYZZY\r\nNOOP\r\n",
    "another mail behind the dot": b"a\r\n.\r\n" + BEGIN[8:] + b"b\r\n.\r\n",
}  # fmt: skip
LONG = {
    "640 kB of lines": (b"x" * 78 + b"\r\n") * 8000 + b".\r\n",
    "640 kB in one line": b"x" * 640_000 + b"\r\n.\r\n",
    "640 kB of dots": b"..\r\n" * 160_000 + b".\r\n",
    "640 kB of line ends": b"\r\n" * 320_000 + b".\r\n",
    "640 kB of CR": b"\r" * 640_000 + b"\r\n.\r\n",
    "two halves of an end": b"y" * 262_140 + b"\r\n.\n\r\n.\rz" + b"y" * 262_140 + b"\r\n.\r\n",
}  # fmt: skip


class Wire(asyncio.Transport):
    """A transport in memory: chunks arrive exactly as they are cut."""

    def __init__(self, protocol: Any) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.protocol = protocol
        self.said = bytearray()
        self.closed = asyncio.Event()

    def write(self, data: Any) -> None:
        self.said += data

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def codes(self) -> list[bytes]:
        return [line[:3] for line in self.said.split(b"\r\n")[:-1] if line[3:4] != b"-"]


@dataclass(frozen=True, slots=True)
class Recording(Taking):
    """Takes every mail and remembers it."""

    mails: list[bytes] = field(default_factory=list)

    async def take(self, envelope: Envelope, raw: bytes) -> int:
        del envelope
        self.mails.append(raw)
        return 1


class Recorder:
    """The handler of the stock class."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - its name
        self.mails.append(envelope.content)
        return "250 OK"


class Stock(SMTP):
    line_length_limit = 2**20


async def heard(protocol: Any, stream: bytes, size: int) -> list[bytes]:
    wire = Wire(protocol)
    protocol.connection_made(wire)
    for start in range(0, len(stream), size):
        protocol.data_received(stream[start : start + size])
        if size < len(stream):
            await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await wire.closed.wait()
    return wire.codes()


async def both(store: Store, stream: bytes, size: int, most: int = NEVER) -> list[bytes]:
    """Feed both classes; return the codes after asserting that all is equal."""
    recorder = Recorder()
    loop = asyncio.get_running_loop()
    stock = Stock(recorder, data_size_limit=most, hostname="x", loop=loop)
    codes = await heard(stock, stream, size)
    intake = Intake(store, wake=lambda: None, reserve_bytes=0)
    taking = Recording(
        OurAddresses("helpdesk.example", "support@helpdesk.example", "t@x", "a@x"),
        Keyring((b"0123456789abcdef",)),
        intake,
        lambda: datetime.now(UTC),
        "border",
        (),
    )
    caps = replace(Caps(), errors=NEVER, errors_in_stress=NEVER, commands=NEVER)
    ours = SmtpSession(
        taking, caps=caps, guests=Guests(caps, ()), hostname="x", max_bytes=most, tls_context=None
    )
    assert await heard(ours, stream, size) == codes
    assert taking.mails == recorder.mails
    return codes


@pytest.fixture(autouse=True)
def patient_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiosmtpd.smtp, "BOGUS_LIMIT", NEVER)


@pytest.mark.parametrize("size", [1, 2, 3, 5, NEVER])
async def test_awkward_mails_are_heard_as_by_the_stock_class(store: Store, size: int) -> None:
    for name, body in AWKWARD.items():
        assert b"354" in await both(store, BEGIN + body + END, size), name


@pytest.mark.parametrize("size", [1000, 65_537, NEVER])
@pytest.mark.parametrize("name", LONG)
async def test_long_mails_are_heard_as_by_the_stock_class(
    store: Store, name: str, size: int
) -> None:
    assert (await both(store, BEGIN + LONG[name] + END, size)).count(b"250") == 4


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 5, 6, 7, 8, 262_144, 600_000])
async def test_a_mail_over_the_limit_is_refused_as_by_the_stock_class(
    store: Store, most: int
) -> None:
    if most:
        await both(store, BEGIN + b"abc\r\n.\r\n" + END, NEVER, most)
    stream = BEGIN + (b"x" * 78 + b"\r\n") * 8000 + b".\r\nNOOP\r\n" + END
    codes = await both(store, stream, 65_537, most or 1)
    assert codes.count(b"552") == 1


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.sampled_from(
            [b"\r\n", b"\r", b"\n", b".", b"a", b"\r\n.", b".\r\n", b"NOOP\r\n", b"\0"]
        ),
        max_size=12,
    ).map(b"".join),
    st.sampled_from([1, 2, 3, 5, 7, NEVER]),
)
@example(b"\r\n.\r\n", 4)
@example(b".\r\n", 1)
def test_any_mix_of_line_ends_and_dots_is_heard_as_by_the_stock_class(
    store: Store, body: bytes, size: int
) -> None:
    asyncio.run(both(store, BEGIN + body + END, size))
