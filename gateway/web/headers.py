"""The headers of each answer, and the methods that are taken: the outermost layer of the pages.

It stands outside the framework, so that its error pages carry the headers too. HSTS belongs to
whoever ends TLS. Nothing here reads forwarded headers: a client can write them.
"""

from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ATTACHMENT_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"
_METHODS = ("GET", "HEAD")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class GuardedApp:
    """An application whose answers carry the headers; other methods than GET and HEAD get 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app
        if scope["method"] not in _METHODS:
            app = PlainTextResponse("Only GET and HEAD.\n", 405, {"Allow": ", ".join(_METHODS)})
        await app(scope, receive, send_guarded)


def content_disposition(filename: str) -> str:
    """Return `attachment` with a file name in both forms (RFC 6266, RFC 8187).

    The plain form is ASCII with "_" for whatever is not; path separators and quotes never pass.
    """
    name = "".join(char if char.isprintable() and char not in '/\\"' else "_" for char in filename)
    name = name.strip(". ") or "attachment"
    if len(name) > 200:
        name = name[:180] + name[-20:]  # the end tells the kind of file
    plain = "".join(char if char.isascii() and char != "%" else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
