"""The composition root: here, and in the files of gateway/roles, rooms meet; nowhere else.

`serve` starts the supervisor; `_run_role` is what each process of it runs. Everything here is
wiring: a rule that could be wrong belongs to another file. All that roles need is imported before
the first of them starts (`_LARGE` where the configuration asks for it), so that each starts as a
copy, at once, also after a crash.
"""

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

import structlog
from setproctitle import setproctitle

from gateway.config.load import load
from gateway.config.root import Config
from gateway.desk import open_desk
from gateway.health import expected_doors, expected_roles
from gateway.now import utc_now
from gateway.processes.handed import UnfitSocket, take_handed
from gateway.processes.link import Link
from gateway.processes.logs import configure_logging
from gateway.processes.naming import daemon_name, daemon_of
from gateway.processes.notify import Notify
from gateway.processes.post import Post
from gateway.processes.slot import Role
from gateway.processes.supervisor import NoLock, StoreInUse, Supervisor, sole_daemon
from gateway.processes.wiring import Wiring
from gateway.prover import prover_of
from gateway.roles import courier, doors, web
from gateway.saying import say_again_and_again, say_the_end
from gateway.work import Worker
from parsers.errors import MailError
from store import inbox
from store.engine import Store, open_store
from store.files import StoreFile, unfit
from store.health import say_of_role
from store.pairing import require_whole
from store.revision import require_current
from store.schema import upgrade

_log = structlog.get_logger("supervisor")


def serve(config_path: Path) -> int:
    """Run the daemon in the foreground until SIGTERM; return the exit code."""
    os.umask(0o077)  # mails, tickets and the outgoing maildir are nobody else's to read
    configure_logging(role="supervisor")
    config = load(config_path)
    notify = Notify.take(os.environ)
    try:
        handed = take_handed(os.environ, DOORS, _configured(config))
    except UnfitSocket as error:
        sys.stderr.write(f"ticketgate: cannot start: {error}\n")
        return 1
    store = open_store(config.store.url, config.store.secret)
    if why := unfit(*(file.path for file in store.files)):
        sys.stderr.write(f"ticketgate: cannot start: {why}\n")
        return 1
    try:
        with sole_daemon(_lock(store, config_path)) as held:
            require_whole(store)
            notify.status("bringing the tables to this version")
            upgrade(store, first_ticket=config.helpdesk.first_ticket)
            inbox.take_all_back(store, daemon_name(store, config_path))
            if doubts := store.doubts():
                _log.error("the database server may lose mail when it crashes", settings=doubts)
            store.close()
            for section, name in _LARGE.items():
                if getattr(config, section):
                    import_module(name)
            supervisor = Supervisor(
                partial(_run_role, config_path, config, store.files),
                _roles(config),
                held=[held],
                handed=handed,
                notify=notify,
            )
            code = supervisor.run()
            _say_the_end(config, store, config_path, supervisor.failure)
            if supervisor.failure:
                sys.stderr.write(f"ticketgate: cannot start: {supervisor.failure}\n")
            return code
    except StoreInUse as error:
        sys.stderr.write(f"ticketgate: {error}\n")
        return 1
    except NoLock as error:
        sys.stderr.write(f"ticketgate: cannot start: {error.strerror}\n")
        return 1


def _run_role(  # noqa: PLR0917 - the supervisor gives the last three
    config_path: Path,
    config: Config,
    files: tuple[StoreFile, ...],
    role: str,
    slot: int,
    wiring: Wiring,
) -> int:
    """Run one slot of a role until told to stop; return the exit code.

    `files` are those that the supervisor has brought to this version: no others are written.

    The configuration is the one that the daemon was started with: a file that is being edited
    takes no role down, and all roles have the same.
    """
    setproctitle(f"ticketgate: {role}-{slot} --config {config_path}")
    configure_logging(role=role, slot=slot)
    try:
        with Link.attach(wiring) as link:
            store = open_store(config.store.url, config.store.secret, files=files)
            require_current(store)
            name = f"{role}-{slot}{daemon_name(store, config_path)}"
            ROLES[role](Post(config, open_desk(config, store), link, name))
            store.close()
    except MailError:
        return 1  # the supervisor has been told what it says
    return 0


def _say_the_end(config: Config, store: Store, config_path: Path, failure: str) -> None:
    """Say of all that this daemon ran that it is stopped; while it holds the lock nobody runs it.

    A mailbox that other daemons may have taken over is left to them.
    """
    of = daemon_name(store, config_path)
    doors = expected_doors(config, of)
    mine = [name for name in doors if daemon_of(name)] if of else doors
    why = f"it cannot start: {failure}" if failure else ""
    say_the_end(config.store, mine, expected_roles(config, of), why, utc_now())


def _lock(store: Store, config_path: Path) -> Path:
    """Return the file whose lock says that this is served: the store's, or the configuration's.

    Several daemons may share a database, but two with one configuration would have one name.
    """
    if store.serve_path is not None:
        return store.serve_path
    lock = config_path.with_suffix(".serve")
    writable = os.access(lock if lock.exists() else lock.parent, os.W_OK)
    return lock if writable else config_path


def _work(post: Post) -> None:
    worker = Worker(post.desk, post.link, post.name, prover_of(post.config))
    with say_again_and_again(post, say_of_role, [post.name], worker.trouble):
        worker.run()


ROLES: Mapping[str, Callable[[Post], None]] = {
    "doors": doors.run,
    "work": _work,
    "courier": courier.run,
    "web": web.run,
}


# What is imported only where this section is configured. `serve` does it before it forks: a role
# that is started again would else read another version while the program is being upgraded.
_LARGE = {"imap": "gateway.inbound.imap.mailboxes", "directory": "gateway.directories.sync"}

DOORS = ("smtp", "lmtp", "web")  # what a handed socket may be for


def _configured(config: Config) -> list[str]:
    listens = {"smtp": config.smtp.listen, "lmtp": config.lmtp.listen, "web": config.web.listen}
    return [door for door in DOORS if listens[door] is not None]


def _roles(config: Config) -> list[Role]:
    """Return the roles of this configuration: doors stop first, pages last."""
    roles = [
        Role("doors", stop_order=0, grace_s=15.0, opens=("smtp", "lmtp")),
        Role("work", slots=config.work.processes, stop_order=1, grace_s=15.0, nice=10),
        Role("courier", stop_order=2, grace_s=20.0, nice=10),
    ]
    if config.web.listen is not None:
        roles.append(Role("web", stop_order=3, grace_s=5.0, opens=("web",)))
    return roles
