"""The load generator: hands mails to any SMTP server in one and the same dialogue.

asyncio, one protocol object a connection, no parsing beyond the first digit of a reply. A reply
that is not 2xx or 3xx ends the run: what is slow may be measured, what is refused may not.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.letters import Letter

STALL_S = 120.0
Address = tuple[str, int]
Step = tuple[tuple[bytes, ...], int]  # what to say, how many replies to await
_EHLO: tuple[Step, ...] = (((), 1), ((b"EHLO client.example\r\n",), 1))


class Refused(Exception):  # noqa: N818 - a server's word, and the end of the run
    """A server did not take a mail."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The 250 of one mail: how long after it began or fell due, and when by the wall clock."""

    delay_s: float
    at: float


@dataclass
class Sent:
    """What a run brought: seconds from the first byte to the last 250, and each mail's 250."""

    seconds: float = 0.0
    answers: dict[int, Answer] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Return mails a second."""
        return len(self.answers) / self.seconds

    def delay_ms(self, share: float) -> float:
        """Return the delay that `share` of the mails did not exceed, in ms."""
        delays = sorted(answer.delay_s for answer in self.answers.values())
        return delays[min(int(share * len(delays)), len(delays) - 1)] * 1000


class Sending:
    """One run against one server.

    `pipelined`: MAIL, RCPT and DATA go in one write (RFC 2920), else one by one. `kept`: a
    connection carries mail after mail, else one.
    """

    def __init__(self, server: Address, *, pipelined: bool = True, kept: bool = True) -> None:
        self.server = server
        self.pipelined = pipelined
        self.kept = kept
        self.sent = Sent()
        self._ahead: deque[tuple[Letter, float]] = deque()
        self._more: Iterator[Letter] = iter(())
        self._idle: list[_Connection] = []
        self._open = 0
        self._paced = False
        self._over = asyncio.get_running_loop().create_future()

    async def flood(self, letters: Iterable[Letter], connections: int) -> Sent:
        """Send mails over so many connections, each as soon as the one before it is answered."""
        self._more = iter(letters)
        begun = time.perf_counter()
        for _ in range(connections):
            self.connect()
        await self._wait()
        self.sent.seconds = time.perf_counter() - begun
        return self.sent

    async def paced(self, letters: Sequence[Letter], rate: float) -> Sent:
        """Send each mail when it falls due, whatever became of those before; delays count so."""
        self._paced = True
        begun = time.perf_counter()
        for at, letter in enumerate(letters):
            due = begun + at / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            self._ahead.append((letter, due))
            if self._idle:
                self._idle.pop().begin()
            else:
                self.connect()
        self._paced = False
        for one in self._idle:
            one.begin()
        await self._wait()
        self.sent.seconds = time.perf_counter() - begun
        return self.sent

    def enough(self) -> None:
        """Begin no more mails."""
        self._more = iter(())

    def connect(self, first: tuple[Letter, float] | None = None) -> None:
        """Open one more connection, for the mail `first` if there is one in hand."""
        self._open += 1
        loop = asyncio.get_running_loop()
        opening = loop.create_connection(lambda: _Connection(self, first), *self.server)
        task = loop.create_task(opening)
        task.add_done_callback(lambda done: done.exception() and self.fail(str(done.exception())))

    def take(self) -> tuple[Letter, float] | None:
        """Return the next mail and when it is due; None when there is none now."""
        if self._ahead:
            return self._ahead.popleft()
        letter = next(self._more, None)
        return None if letter is None else (letter, time.perf_counter())

    def stays(self, idle: "_Connection") -> bool:
        """Whether mails may still fall due; then the connection is called when one does."""
        if self._paced:
            self._idle.append(idle)
        return self._paced

    def answered(self, letter: Letter, due: float) -> None:
        """Note a 250."""
        self.sent.answers[letter.number] = Answer(time.perf_counter() - due, time.time())

    def closed(self) -> None:
        """Note the end of a connection."""
        self._open -= 1
        if not self._open and not self._paced and not self._over.done():
            self._over.set_result(None)

    def fail(self, why: str) -> None:
        """End the run."""
        if not self._over.done():
            self._over.set_exception(Refused(why))

    async def _wait(self) -> None:
        seen = -1
        while seen < len(self.sent.answers):
            seen = len(self.sent.answers)
            done, _ = await asyncio.wait({self._over}, timeout=STALL_S)
            if done:
                return self._over.result()
        raise Refused(f"no answer within {STALL_S:.0f} s after {seen} mails")


def send_all(
    server: Address,
    letters: Sequence[Letter],
    connections: int,
    *,
    pipelined: bool = True,
    kept: bool = True,
) -> Sent:
    """Send mails as fast as they are taken, in an event loop of their own."""

    async def send() -> Sent:
        return await Sending(server, pipelined=pipelined, kept=kept).flood(letters, connections)

    return asyncio.run(send())


class _Connection(asyncio.Protocol):
    """One connection: says what its script says, as the replies come."""

    def __init__(self, run: Sending, first: tuple[Letter, float] | None) -> None:
        self._run = run
        self._script: Iterator[Step] = iter(_EHLO)
        self._awaited = 0
        self._first = first
        self._begun: tuple[Letter, float] | None = None
        self._leaving = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._say()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._leaving:
            self._run.fail(f"the server closed the connection: {exc}")
        self._run.closed()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if line[:1] not in {b"2", b"3"}:
                self._run.fail(line.decode("latin-1"))
                self._transport.abort()
                return
            self._awaited -= 1
            if not self._awaited:
                self._say()

    def begin(self) -> None:
        """Send the next mail, or leave when there is none and none will come."""
        self._begun, self._first = self._first or self._run.take(), None
        if self._begun is not None:
            self._script = iter(_script(self._begun[0], pipelined=self._run.pipelined))
            self._say()
        elif not self._run.stays(self):
            self._leave()

    def _say(self) -> None:
        said = next(self._script, None)
        if said is None:
            self._go_on()
            return
        words, self._awaited = said
        if words:
            self._transport.writelines(words)

    def _go_on(self) -> None:
        """A script has ended: greeted, or a mail was answered, or goodbye."""
        if self._leaving:
            self._transport.close()
            return
        if self._begun is not None:
            self._run.answered(*self._begun)
            if not self._run.kept:
                after = self._run.take()
                if after is not None:
                    self._run.connect(after)
                self._leave()
                return
        self.begin()

    def _leave(self) -> None:
        self._leaving = True
        self._script = iter((((b"QUIT\r\n",), 1),))
        self._say()


def _script(letter: Letter, *, pipelined: bool) -> tuple[Step, ...]:
    mail = f"MAIL FROM:<{letter.sender}>\r\n".encode()
    rcpt = f"RCPT TO:<{letter.to}>\r\n".encode()
    if pipelined:
        return (((mail + rcpt + b"DATA\r\n",), 3), (letter.pieces, 1))
    return (((mail,), 1), ((rcpt,), 1), ((b"DATA\r\n",), 1), (letter.pieces, 1))
