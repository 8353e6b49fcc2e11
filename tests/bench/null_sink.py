"""The yardstick: a stock aiosmtpd server on plain asyncio that answers 250 and keeps nothing.

Run as a program it prints its port. `null_sink()` runs it as a process for the length of a block.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP


class Sink:
    """The smallest handler that there is."""

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201, N802 - aiosmtpd's name and shape
        del server, session, envelope
        return "250 OK"


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), loop=loop), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def null_sink() -> Iterator[tuple[str, int]]:
    """Run a sink in a process of its own; give its address."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield "127.0.0.1", int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
