"""Who may read the pages: decided by the peer's own address, before anything is looked up.

| access   | the pages           | the operator's (`WATCHING`) |
|----------|---------------------|-----------------------------|
| loopback | this machine        | this machine and `watchers` |
| proxy    | this machine        | `watchers` only             |
| everyone | everybody           | this machine and `watchers` |

This machine is a loopback address or the unix socket. Behind a proxy (on this machine) everybody
seems to be there, so it counts for nothing for the operator's pages. Forwarded headers are never
believed; one that is there closes the operator's pages: it shows that somebody else is asking.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.inbound.limits import LOOPBACK, Network, peer_address, within

WATCHING = ("healthz", "readyz", "metrics", "alarms", "drills")  # and all that lies below
STYLE_PATH = "/style.css"  # of both kinds of pages
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


@dataclass(frozen=True, slots=True)
class Access:
    """The rule of `[web] access` and `watchers`. A peer is its address, "" on a unix socket."""

    mode: Literal["loopback", "proxy", "everyone"] = "loopback"
    watchers: tuple[Network, ...] = ()

    def may_read(self, peer: str) -> bool:
        """Whether a peer may read the public pages."""
        return self.mode == "everyone" or _is_here(peer)

    def may_watch(self, peer: str, *, forwarded: bool) -> bool:
        """Whether a peer may read the operator's pages."""
        here = self.mode != "proxy" and _is_here(peer)
        return not forwarded and (here or within(peer, self.watchers))


class AccessApp:
    """An application that answers 403 to whom it is not for."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "http" and not self._allows(scope):
            refusal = PlainTextResponse("This page is not for everybody.\n", 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        try:
            peer = peer_address(tuple(scope["client"] or ()))
        except ValueError:
            return False
        forwarded = any(name in _FORWARDED for name, _ in scope["headers"])
        watches = self._access.may_watch(peer, forwarded=forwarded)
        if scope["path"].lstrip("/").partition("/")[0] in WATCHING:
            return watches
        return self._access.may_read(peer) or (watches and scope["path"] == STYLE_PATH)


def _is_here(peer: str) -> bool:
    return not peer or within(str(ip_address(peer)), LOOPBACK)
