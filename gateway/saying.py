"""Saying how one is: a thread of each role that writes its health into the store.

It does so every 10 seconds, and within 2 when a trouble begins or ends. Rule: it is never on the
way of a mail. It writes one row and waits for nobody; what it cannot write stays unwritten, so that
the row grows old and everybody sees that (gateway.health). No failure of it reaches the role. It
speaks for the role's main loop too: one that stands still is a trouble.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import structlog

from gateway.config.sections import Store as StoreSection
from gateway.processes.post import Post
from parsers.errors import MailError
from store.engine import Store
from store.health import say_stopped
from store.visit import visit

EVERY_S = 10.0
LOOK_S = 2.0  # so soon a trouble shows that begins or ends
STILL_S = 20.0  # a main loop proves its life every 5 s
END_WAIT_S = 1.0
LAST_WAIT_S = 5.0  # of the supervisor, which has nothing else to do by then

Say = Callable[[Store, str, str, datetime, datetime], None]
_log = structlog.get_logger("health")


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said last, or why it could not be said."""

    detail: str
    failed: str = ""
    at: float = field(default_factory=monotonic)

    def is_fresh(self) -> bool:
        """Whether it was said and need not be repeated yet."""
        return not self.failed and monotonic() - self.at < EVERY_S


@contextmanager
def say_again_and_again(
    post: Post, say: Say, names: Sequence[str], trouble: Callable[[], str]
) -> Iterator[None]:
    """For the length of a block say under each name what `trouble` returns, "" for nothing.

    `trouble` is called in a thread of its own and may read the store.
    """
    ending = threading.Event()
    born = post.desk.clock()

    def say_now(store: Store, name: str, detail: str, now: datetime) -> None:
        say(store, name, detail, now, born)

    def run() -> None:
        said = _say_once(post, say_now, names, trouble)
        while not ending.wait(min(LOOK_S, EVERY_S)):
            said = _say_once(post, say_now, names, trouble, said)

    thread = threading.Thread(target=run, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(END_WAIT_S)  # a store that hangs holds up nobody


def say_the_end(
    section: StoreSection, doors: Iterable[str], roles: Iterable[str], why: str, now: datetime
) -> None:
    """Say that all of a daemon has stopped, and `why` it cannot start; for a moment only.

    What cannot be said so soon grows old, and shows after a minute. A store that was moved away
    meanwhile is not made anew.
    """

    def run() -> None:
        try:
            with visit(section.url, section.secret) as store:
                say_stopped(store, doors, roles, why, now)
        except Exception as error:
            _log.warning("the end not written", detail=f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=run, name="health", daemon=True)
    thread.start()
    thread.join(LAST_WAIT_S)


def _say_once(
    post: Post,
    say: Callable[[Store, str, str, datetime], None],
    names: Sequence[str],
    trouble: Callable[[], str],
    last: _Said | None = None,
) -> _Said:
    """Say it when it is news or its time has come; a new failure to say it is logged."""
    failed = last.failed if last else ""
    try:
        astray = post.desk.store.astray()
        if astray and not (last and last.detail == astray) and failed != astray:
            _log.error("the store was moved away", detail=astray)
        detail = _still(post) or astray or trouble()
        if last and last.is_fresh() and bool(last.detail) == bool(detail):
            return last
        for name in names:
            say(post.desk.store, name, detail, post.desk.clock())
    except Exception as error:
        why = error.detail if isinstance(error, MailError) else f"{type(error).__name__}: {error}"
        if why != failed:
            _log.warning("health not written", detail=why)
        return _Said("", why)
    return _Said(detail)


def _still(post: Post) -> str:
    still_s = post.link.still_s()
    return f"its main loop stands still for {still_s:.0f} s" if still_s > STILL_S else ""
