"""The web pages: what the helpdesk is, how to write to it, and one attachment for a signed link.

GET and HEAD only. No list of tickets is public. Everything that is shown comes through the
callables of `Source`, which may block: they run in threads, a few at a time, so that many
visitors cost the store no more than one. Headers: gateway.web.headers, on each answer; who may
read at all: gateway.web.access; the operator's pages: gateway.web.watching, gateway.web.alarms.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.access import STYLE_PATH, Access, AccessApp
from gateway.web.headers import ATTACHMENT_CSP, GuardedApp, content_disposition
from gateway.web.page import STYLE, address_list, count_table, page, paragraph
from router.links import LinkState, check_link, link_day
from router.tokens import Keyring

READERS_AT_MOST = 2
DOWNLOADS_AT_MOST = 4  # each holds one attachment in memory
DOWNLOAD_TIMEOUT_S = 300.0
_CHUNK_BYTES = 64 * 1024
_NUMBER_DIGITS = 15

_T = TypeVar("_T")
_log = structlog.get_logger("web")


@dataclass(frozen=True, slots=True)
class Download:
    """One attachment: its name as the mail gives it, and its decoded bytes."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """What the pages show. `ways` maps each mail address to what it is for.

    `tickets` counts by status, `mails` by outcome, in the order in which they are shown.
    `attachment` gives one attachment of a mail, or None when there is none.
    """

    name: str
    ways: Mapping[str, str]
    tickets: Callable[[], Mapping[str, int]]
    mails: Callable[[], Mapping[str, int]]
    attachment: Callable[[int, int], Download | None]
    keys: Keyring
    now: Callable[[], datetime]


def make_app(
    source: Source, access: Access | None = None, watching: Sequence[Route] = ()
) -> ASGIApp:
    """Return the application with the operator's pages; without `access` everybody may read."""
    readers = asyncio.Semaphore(READERS_AT_MOST)
    downloads = asyncio.Semaphore(DOWNLOADS_AT_MOST)
    app = Starlette(
        routes=[
            Route("/", partial(_front, source, readers)),
            Route(STYLE_PATH, _style),
            Route("/attachments/{mail}/{index}", partial(_attachment, source, readers, downloads)),
            *watching,
        ],
        exception_handlers={HTTPException: _said, Exception: _failed},
    )
    return GuardedApp(app if access is None else AccessApp(app, access))


async def _front(source: Source, readers: asyncio.Semaphore, _request: Request) -> Response:
    tickets = await _counts(readers, source.tickets)
    mails = await _counts(readers, source.mails)
    body = page(
        source.name,
        paragraph("Write a mail; the answer says your ticket's number. Reply to it to go on."),
        address_list(source.ways),
        count_table("Tickets by status", "Status", tickets),
        count_table("Mails by outcome", "Outcome", mails),
    )
    return _html(body)


async def _style(_request: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def _attachment(
    source: Source, readers: asyncio.Semaphore, downloads: asyncio.Semaphore, request: Request
) -> Response:
    mail, index = _number(request.path_params["mail"]), _number(request.path_params["index"])
    until_day = _number(request.query_params.get("until", ""))
    signature = request.query_params.get("sig", "")
    today = link_day(source.now())
    state = check_link(source.keys, mail, index, until_day, signature, today=today)
    if state is LinkState.FORGED:
        raise HTTPException(404)
    if state is LinkState.EXPIRED:
        raise HTTPException(410)
    if downloads.locked():
        raise HTTPException(503, headers={"Retry-After": "30"})
    async with downloads:
        found = await _in_thread(readers, lambda: source.attachment(mail, index))
    if found is None:
        raise HTTPException(410)
    return _Attachment(found, downloads)


class _Attachment(StreamingResponse):
    """A download that holds its place in the queue exactly as long as it is being sent."""

    def __init__(self, download: Download, downloads: asyncio.Semaphore) -> None:
        super().__init__(
            _chunks(download.content),
            media_type="application/octet-stream",
            headers={
                "Content-Length": str(len(download.content)),
                "Content-Disposition": content_disposition(download.filename),
                "Content-Security-Policy": ATTACHMENT_CSP,
            },
        )
        self._downloads = downloads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TimeoutError):  # the client sees a body shorter than announced
            async with self._downloads, asyncio.timeout(DOWNLOAD_TIMEOUT_S):
                await super().__call__(scope, receive, send)


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _CHUNK_BYTES):
        yield content[start : start + _CHUNK_BYTES]


async def _counts(
    readers: asyncio.Semaphore, read: Callable[[], Mapping[str, int]]
) -> Mapping[str, int] | None:
    try:
        return await _in_thread(readers, read)
    except Exception as error:
        _log.warning("counts not available", reason=str(error))
        return None


async def _in_thread(readers: asyncio.Semaphore, read: Callable[[], _T]) -> _T:
    async with readers:
        return await asyncio.to_thread(read)


def _number(text: str) -> int:
    """Read a number of a URL; anything else is a page that does not exist."""
    if not text.isascii() or not text.isdecimal() or len(text) > _NUMBER_DIGITS:
        raise HTTPException(404)
    return int(text)


_SAID = {
    404: ("Not found", "There is no such page here, or its link is not whole."),
    405: ("Not possible", "These pages can only be read."),
    410: ("Gone", "This link has ended, or what it led to is no longer kept."),
    503: ("Busy", "Please try again in half a minute."),
}


async def _said(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title, words = _SAID.get(status, ("Not possible", "This cannot be answered."))
    headers = error.headers if isinstance(error, HTTPException) else None
    return _html(page(title, paragraph(words)), status, headers)


async def _failed(_request: Request, error: Exception) -> Response:
    _log.error("page failed", reason=f"{type(error).__name__}: {error}")
    return _html(page("Our fault", paragraph("Something went wrong here; it was noted.")), 500)


def _html(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="text/html; charset=utf-8")
