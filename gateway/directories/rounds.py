"""The rounds of the courier role: a thread that reads each directory when it is due.

Rule: it is never on the way of a mail, and one directory that hangs holds up only the next
directory. Of several daemons one reads; a round that is cut off leaves the kept copies as they are.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from gateway.config.root import Config
from gateway.desk import Desk
from gateway.outage import Outage
from gateway.processes.post import Post
from parsers.errors import MailError
from store.directories import expect, forget_unread, read_all_again

EVERY_S = 30.0
END_WAIT_S = 1.0
_log = structlog.get_logger("directories")


@contextmanager
def go_round(post: Post) -> Iterator[None]:
    """For the length of a block read what is due."""
    ending = threading.Event()
    thread = threading.Thread(target=_run, args=(post, ending), name="directories", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(END_WAIT_S)  # one that waits for an answer is cut off: nothing is half written


def begin(desk: Desk, config: Config) -> list[str]:
    """Do what a start asks for; return the directories whose kept copies were forgotten.

    Each is read soon: the configuration may say something else of it than before.
    """
    names, now = list(config.directory), desk.clock()
    with desk.store.writing() as conn:
        expect(conn, names, now)
        read_all_again(conn, names, now)
        return forget_unread(conn, names, now)


def _run(post: Post, ending: threading.Event) -> None:
    outage, begun = Outage(_log), False
    while True:
        try:
            if not begun:
                for name in begin(post.desk, post.config):
                    _log.info("forgot what a directory said", directory=name)
                begun = True
            if not post.config.directory:
                return
            from gateway.directories.sync import sync_what_is_due  # the HTTP client: slow to load

            for done in sync_what_is_due(post.desk, post.config, post.name, ending.wait):
                _log.info(
                    "read a directory",
                    directory=done.name,
                    said=str(done.said),
                    detail=done.detail,
                    changes=str(done.changes),
                    notes=len(done.notes),
                )
                if ending.is_set():
                    return
            outage.is_over()
        except MailError as error:
            outage.goes_on(error.detail)
        except Exception:
            _log.exception("a round failed; the next one finds the same directories")
        if ending.wait(EVERY_S):
            return
