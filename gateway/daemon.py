"""The composition root: the only place where rooms meet.

`serve` starts the supervisor; `run_role` is what each process of it runs. Everything here is
wiring: a rule that could be wrong belongs to another file.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from gateway.clock import start_clock
from gateway.config import load
from gateway.config_convert import policy, registry, roster
from gateway.config_root import Config
from gateway.desk import Desk
from gateway.inbound.smtp import SmtpSettings, open_smtp
from gateway.intake import Intake
from gateway.link import Link
from gateway.logs import configure_logging
from gateway.outbound.courier import Courier, Settings
from gateway.outbound.handover import Relays
from gateway.outbound.letter import Writer
from gateway.outbound.relay import Login, open_relay
from gateway.slot import Role
from gateway.supervisor import StoreInUse, Supervisor, sole_daemon
from gateway.web.app import Source, make_app
from gateway.web.server import serve_web
from gateway.web.source import web_source
from gateway.work import Worker
from parsers.errors import Refused
from router.decision import Due
from router.links import link_day, sign_link
from store import inbox, journal
from store.engine import Store, open_store
from store.facts import Known
from store.outbox import OutboxRow
from store.schema import require_current, upgrade
from templates.render import Speaker

LINK_DAYS = 90
_log = structlog.get_logger("daemon")


def utc_now() -> datetime:
    """Return the time of the wall clock."""
    return datetime.now(UTC)


def open_desk(config: Config, store: Store) -> Desk:
    """Return the desk of this configuration on an open store."""
    return Desk(store, policy(config), Known(registry(config), roster(config)), utc_now)


def serve(config_path: Path) -> int:
    """Run the daemon in the foreground until SIGTERM; return the exit code."""
    configure_logging(role="supervisor")
    config = load(config_path)
    store = open_store(config.store.url)
    lock = Path(f"{store.lock_path}").with_suffix(".serve") if store.lock_path else config_path
    try:
        with sole_daemon(lock) as held:
            upgrade(store, first_ticket=config.helpdesk.first_ticket)
            inbox.take_all_back(store)
            store.close()
            supervisor = Supervisor(_command(config_path), _roles(config), held=[held])
            return supervisor.run()
    except StoreInUse as error:
        sys.stderr.write(f"ticketgate: {error}\n")
        return 1


def run_role(config_path: Path, role: str, slot: int, link_text: str) -> int:
    """Run one slot of a role until told to stop; return the exit code."""
    configure_logging(role=role, slot=slot)
    with Link.attach(link_text) as link:
        config = load(config_path)
        store = open_store(config.store.url)
        require_current(store)
        ROLES[role](Post(config, open_desk(config, store), link, f"{role}-{slot}"))
        store.close()
    return 0


@dataclass(frozen=True, slots=True)
class Post:
    """What a role process has: its configuration, its desk, its link, and its slot's name."""

    config: Config
    desk: Desk
    link: Link
    name: str


def _doors(post: Post) -> None:
    asyncio.run(_serve_doors(post))


def _work(post: Post) -> None:
    Worker(post.desk, post.link, post.name).run()


def _courier(post: Post) -> None:
    asyncio.run(_carry(post))


def _web(post: Post) -> None:
    listen = post.config.web.listen
    if listen is None:
        raise Refused("[web] listen is not set")
    app = make_app(web_source(post.desk))
    asyncio.run(serve_web(str(listen), app, post.link))


ROLES: Mapping[str, Callable[[Post], None]] = {
    "doors": _doors,
    "work": _work,
    "courier": _courier,
    "web": _web,
}
