"""The `web` role: the pages."""

import asyncio

from gateway.processes.post import Post
from gateway.web.app import make_app
from gateway.web.server import serve_web
from gateway.web.source import web_source
from parsers.errors import Refused


def run(post: Post) -> None:
    """Serve the pages until told to stop."""
    listen = post.config.web.listen
    if listen is None:
        raise Refused("[web] listen is not set")
    asyncio.run(serve_web(str(listen), make_app(web_source(post.desk)), post.link))
