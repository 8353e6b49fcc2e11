"""The web role: binds one socket, serves the pages with uvicorn, ends when the role is to stop.

Signals belong to the link, never to uvicorn. Addresses: HOST:PORT (port 0: any), [IPV6]:PORT, or
unix:PATH for a proxy on the same host.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.processes.link import Link
from gateway.processes.sockets import bound

BACKLOG = 128
CONNECTIONS_AT_MOST = 64
STOP_TIMEOUT_S = 3
REQUEST_TIMEOUT_S = 20.0  # from the connection to the first whole request
CONNECTION_TIMEOUT_S = 330.0  # longer than the longest download


class _Protocol(H11Protocol):
    """HTTP that does not wait for ever on a client who sends a byte now and then."""

    def connection_made(  # type: ignore[override] # uvicorn narrows the transport likewise
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._timers = (
            self.loop.call_later(REQUEST_TIMEOUT_S, self._close_if_silent),
            self.loop.call_later(CONNECTION_TIMEOUT_S, transport.abort),
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        super().connection_lost(exc)

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, reporting ready once it answers."""

    def __init__(self, config: uvicorn.Config, link: Link, address: str) -> None:
        super().__init__(config)
        self._link = link
        self._address = address

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._link.ready(web=self._address)


async def serve_web(listen: str, app: ASGIApp, link: Link) -> None:
    """Serve until the link says stop; raises OSError when the address cannot be bound."""
    at = bound("web", link.listen_address("web", listen), handed=link.handed.get("web"))
    with at as (door, address):
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=CONNECTIONS_AT_MOST,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            h11_max_incomplete_event_size=16 * 1024,
        )
        server = _Server(config, link, address)
        serving = asyncio.create_task(server.serve([door]))
        stopping = asyncio.create_task(link.await_stop())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stopping.cancel()
        await serving
