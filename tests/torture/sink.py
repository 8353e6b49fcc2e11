"""A relay that keeps every mail that it was given, each time: what somebody has really received.

It answers a little after it has a mail, as a disk would make it, so that who is killed meanwhile
does not know what became of it. A mail without an answer is kept all the same.
"""

import asyncio
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP
from torture.books import message_id_of

ANSWER_S = (0.0, 0.0, 0.005, 0.02, 0.05)


@dataclass
class Sink:
    """What came, by Message-ID and reader: the bytes, as often as they came."""

    seed: int
    port: int = 0
    got: dict[tuple[str, str], list[bytes]] = field(default_factory=lambda: defaultdict(list))
    mails: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(f"sink {self.seed}")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        raw = envelope.content.replace(b"\r\n", b"\n")
        for reader in envelope.rcpt_tos:
            self.got[message_id_of(raw), reader.lower()].append(raw)
        self.mails += 1
        await asyncio.sleep(self._chance.choice(ANSWER_S))
        return "250 kept"

    @property
    def repeats(self) -> int:
        """Return how many mails came more than once."""
        return sum(1 for copies in self.got.values() if len(copies) > 1)


@contextmanager
def sink(seed: int) -> Iterator[Sink]:
    """Serve a sink from a thread for the length of a block."""
    kept, ready = Sink(seed), threading.Event()
    loop = asyncio.new_event_loop()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(
            loop.create_server(lambda: SMTP(kept, hostname="sink.example", loop=loop), "127.0.0.1")
        )
        kept.port = server.sockets[0].getsockname()[1]
        ready.set()
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=serve, name="sink", daemon=True)
    thread.start()
    try:
        assert ready.wait(30), "the sink does not listen"
        yield kept
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
