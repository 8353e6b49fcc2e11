"""The `web` role: the pages, for people and for those who watch the daemon."""

import asyncio

from gateway.health import look
from gateway.processes.naming import daemon_of
from gateway.processes.post import Post
from gateway.queues import unit_names
from gateway.saying import say_again_and_again
from gateway.web.access import Access
from gateway.web.alarms import ALARMS_AT_MOST, Paged, alarm_pages
from gateway.web.app import make_app
from gateway.web.server import serve_web
from gateway.web.source import web_source
from gateway.web.watching import Watched, watching_pages
from parsers.errors import Refused
from store.alarm_listing import alarms, drills
from store.health import say_of_role
from store.watching import read_amounts
from store.watching_desk import read_desk


def run(post: Post) -> None:
    """Serve the pages until told to stop."""
    listen = post.config.web.listen
    if listen is None:
        raise Refused("[web] listen is not set")
    web, store, clock = post.config.web, post.desk.store, post.desk.clock
    watched = Watched(
        lines=lambda: look(post.config, store, clock(), of=daemon_of(post.name), starting=True),
        amounts=lambda: read_amounts(store, post.config.directory),
        queues=lambda: read_desk(
            store, post.desk.policy, clock(), unit_names(post.desk.known.registry)
        ),
        now=clock,
    )
    paged = Paged(
        alarms=lambda: alarms(store, limit=ALARMS_AT_MOST),
        drills=lambda: drills(store),
        drill=lambda name: alarms(store, drill=name, over=True),
    )
    pages = [*watching_pages(watched), *alarm_pages(paged)]
    app = make_app(web_source(post.desk), Access(web.access, web.watchers), pages)
    with say_again_and_again(post, say_of_role, [post.name], _trouble):
        asyncio.run(serve_web(str(listen), app, post.link))


def _trouble() -> str:
    """Return nothing: what can be wrong with pages alone is that nobody answers."""
    return ""
